// SPDX-License-Identifier: GPL-2.0-only
//
// status, with a pdns_control of our own.
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using testing::is_one_complaint;
using testing::Outcome;

class StatusTest : public testing::TldctlTest {
 protected:
  Outcome status(const std::string& script, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"status", "--pdns-control",
                                      write("pdns_control", "#!/bin/sh\n" + script, 0755)};
    words.insert(words.end(), more.begin(), more.end());
    return tldctl(words);
  }
};

TEST_F(StatusTest, PrintsWhatTheServerSays) {
  const Outcome text = status("echo \"$@\"");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(text.out, "TLD-STATUS\n");
}

TEST_F(StatusTest, PassesItsOptionsOn) {
  EXPECT_EQ(status("printf '%s' \"$*\"",
                   {"--config-dir", "/c", "--socket-dir", "/s", "--config-name", "n"})
                .out,
            "--config-dir=/c --socket-dir=/s --config-name=n TLD-STATUS\n");
}

TEST_F(StatusTest, JsonIsCheckedBeforeItIsPassedOn) {
  const Outcome good = status("[ \"$2\" = JSON ] && echo '{\"zones\": []}'", {"--json"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_TRUE(good.json().at("zones").empty());
  const Outcome bad = status("echo '{\"zones\": ['", {"--json"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_TRUE(bad.json().contains("error"));
}

TEST_F(StatusTest, ServerThatDoesNotAnswerIsThree) {
  const Outcome down = status("echo 'Fatal error: Unable to connect' >&2; exit 99");
  EXPECT_EQ(down.exit_code, 3);
  EXPECT_TRUE(is_one_complaint(down.err));
  EXPECT_THAT(down.err, HasSubstr("Unable to connect"));
  const Outcome missing = tldctl({"status", "--pdns-control", path("none"), "--json"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_EQ(missing.json().at("error").at("kind"), "unavailable");
  // The real pdns_control, where no server is.
  const Outcome real = tldctl({"status", "--socket-dir", path("."), "--config-dir", path(".")});
  EXPECT_EQ(real.exit_code, 3) << real.err;
}

TEST_F(StatusTest, ServerWithoutOurBackendIsOne) {
  const Outcome other = status("echo \"Unknown command: 'TLD-STATUS'\"");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("launch=tld"));
}

}  // namespace
}  // namespace tld::cli
