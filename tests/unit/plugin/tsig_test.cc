// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/tsig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace tld::plugin {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string sixteen = "c2l4dGVlbiBvY3RldHMhIQ==";  // "sixteen octets!!"

class Tsig : public testing::Test {
 protected:
  Tsig() {
    char pattern[] = "/tmp/tld-tsig-XXXXXX";
    folder = mkdtemp(pattern);
    config = {dns::Name::from_text("xfr.kz.").value(), "hmac-sha256", folder / "xfr.key"};
  }
  ~Tsig() override { std::filesystem::remove_all(folder); }

  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(config.secret_file) << text;
    ASSERT_EQ(chmod(config.secret_file.c_str(), mode), 0);
  }
  std::string error() {
    const auto keys = TsigKeys::read({config});
    return keys ? "" : keys.error().message;
  }

  std::filesystem::path folder;
  TsigConfig config;
};

TEST_F(Tsig, FindsAKeyByItsName) {
  write(sixteen + "\n");
  const auto keys = TsigKeys::read({config});
  ASSERT_TRUE(keys) << keys.error().message;
  const TsigKey* const key = keys.value().find(dns::Name::from_text("XFR.kz.").value());
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->secret.text(), sixteen);
  EXPECT_EQ(key->algorithm, "hmac-sha256");
  EXPECT_EQ(keys.value().find(dns::Name::from_text("kz.").value()), nullptr);
}

// Catches: a secret that others on the machine can read.
TEST_F(Tsig, RefusesAFileThatOthersCanRead) {
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    write(sixteen, mode);
    EXPECT_THAT(error(), HasSubstr("TSIG key xfr.kz.: secret-file " + config.secret_file.string() +
                                   " has permissions for group or others"));
  }
  write(sixteen);
  const auto link = folder / "link";
  std::filesystem::create_symlink(config.secret_file, link);
  config.secret_file = link;
  EXPECT_THAT(error(), HasSubstr("is a symbolic link"));
  config.secret_file = folder;
  EXPECT_THAT(error(), HasSubstr("is no regular file"));
  config.secret_file = folder / "none";
  EXPECT_THAT(error(), HasSubstr("No such file"));
}

// Catches: a secret in a message, and one that is no secret.
TEST_F(Tsig, RefusesWhatIsNoSecret) {
  for (const char* wrong : {"", "\n", "not base64!", "AAAA\nBBBB", "c2l4dGVlbiBvY3RldHMhIQ="}) {
    write(wrong);
    EXPECT_NE(error(), "") << wrong;
    EXPECT_THAT(error(), Not(HasSubstr("base64!")));
  }
  write("ZmlmdGVlbiBvY3RldHMh");  // 15
  EXPECT_THAT(error(), HasSubstr("holds 15 octets, must hold 16 or more"));
}

}  // namespace
}  // namespace tld::plugin
