// SPDX-License-Identifier: GPL-2.0-only
//
// docs/ceremony.md: its commands work as they stand there, its policy is what it says, and what it
// makes is what the server accepts.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "keys/dnskey_file.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

// All blocks of that language, one behind the other.
std::string blocks(const std::string& document, const std::string& language) {
  std::string text;
  const std::string begin = "```" + language + "\n";
  for (std::size_t at = document.find(begin); at != std::string::npos;
       at = document.find(begin, at + 1)) {
    const std::size_t from = at + begin.size();
    text += document.substr(from, document.find("```", from) - from);
  }
  return text;
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class CeremonyDocument : public testing::TldctlTest {
 protected:
  CeremonyDocument() {
    std::ifstream file(TLD_SOURCE_DIR "/docs/ceremony.md");
    std::ostringstream text;
    text << file.rdbuf();
    document_ = text.str();
  }
  std::string document_;
};

TEST_F(CeremonyDocument, PolicyHasTheDefaultsItSpeaksOf) {
  const auto policy = keys::Policy::parse(blocks(document_, "yaml"), "docs/ceremony.md");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy.value(), keys::Policy{});
}

TEST_F(CeremonyDocument, CommandsWorkAsTheyStand) {
  make_token("tld-zsk");
  make_token("tld-ksk");
  write("policy.yaml", blocks(document_, "yaml"));
  std::string script = "set -eu\nPATH=" TLD_BINARY_DIR "/cli:$PATH\n" + blocks(document_, "sh");
  for (const char* pin : {"/etc/tld/zsk.pin", "/etc/tld/ksk.pin"}) {
    script = replace_all(script, pin, path(".fixture/pin"));
  }
  script = replace_all(script, "/var/lib/tld", path("."));
  const std::string command =
      fmt::format("cd {} && SOFTHSM2_CONF={} sh {} >{} 2>&1", path("."),
                  path(".fixture/softhsm2.conf"), write(".fixture/script", script), path("log"));
  ASSERT_EQ(std::system(command.c_str()), 0) << read("log");
  const auto apex = dns::Name::from_text("kz.").value();
  const auto keys = keys::SignedKeys::read_file(path("kz.skr"), apex);
  ASSERT_TRUE(keys) << keys.error().message;
  const auto zsk = keys::read_dnskey_file(path("zsk.dnskey"), apex).value();
  EXPECT_TRUE(keys.value().check({&zsk, 1}, base::SystemClock().now()));
  EXPECT_EQ(keys.value().covered_until() - keys.value().covered_from(), std::chrono::days{100});
  EXPECT_TRUE(exists("kz.trust-anchor"));
}

}  // namespace
}  // namespace tld::cli
