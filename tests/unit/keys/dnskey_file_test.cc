// SPDX-License-Identifier: GPL-2.0-only
#include "keys/dnskey_file.h"

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using ::testing::HasSubstr;

const std::string record =
    "kz. 3600 IN DNSKEY 256 3 13 "
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";

class DnskeyFileTest : public ::testing::Test {
 protected:
  base::Result<dns::Dnskey> file(const std::string& content) {
    return read_dnskey_file(directory_.file("keys", content), testing::name("kz."));
  }
  const testing::TemporaryDirectory directory_;
};

TEST_F(DnskeyFileTest, OneRecordAndCommentsAreRead) {
  EXPECT_EQ(file("; a ZSK\n\n" + record + "\n").value().key_tag(), 55647);
  EXPECT_EQ(file(record).value().flags, 256);
}

TEST_F(DnskeyFileTest, FaultsNameFileAndLine) {
  EXPECT_THAT(file("").error().message, HasSubstr("keys: no DNSKEY"));
  EXPECT_THAT(file("; only a comment\n").error().message, HasSubstr("no DNSKEY"));
  EXPECT_THAT(file("\nnonsense\n").error().message, HasSubstr("keys:2: "));
  EXPECT_THAT(file("x" + record).error().message, HasSubstr("keys:1: the key is xkz.'s"));
  EXPECT_THAT(file("kz. 60 IN CDS 1 13 2 aa\n").error().message, HasSubstr("keys:1: "));
  EXPECT_THAT(file(record + "\n" + record).error().message, HasSubstr("keys:2: a second key"));
}

}  // namespace
}  // namespace tld::keys
