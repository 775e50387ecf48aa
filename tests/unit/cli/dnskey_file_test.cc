// SPDX-License-Identifier: GPL-2.0-only
#include "cli/dnskey_file.h"

#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;

const std::string record =
    "kz. 3600 IN DNSKEY 256 3 13 "
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";

class DnskeyFileTest : public testing::TldctlTest {
 protected:
  base::Result<std::vector<dns::Dnskey>> file(const std::string& content) {
    return read_dnskey_file(write("keys", content), dns::Name::from_text("kz.").value());
  }
};

TEST_F(DnskeyFileTest, CommentsAndSeveralRecordsAreRead) {
  EXPECT_EQ(file("; a ZSK\n\n" + record + "\n").value().size(), 1U);
  EXPECT_EQ(file(record + "\n" + record).value().size(), 2U);
}

TEST_F(DnskeyFileTest, FaultsNameFileAndLine) {
  EXPECT_THAT(file("").error().message, HasSubstr("keys: there is no DNSKEY"));
  EXPECT_THAT(file("; only a comment\n").error().message, HasSubstr("no DNSKEY"));
  EXPECT_THAT(file("\nnonsense\n").error().message, HasSubstr("keys:2: "));
  EXPECT_THAT(file("x" + record).error().message, HasSubstr("keys:1: the key of xkz."));
  EXPECT_THAT(file("kz. 60 IN CDS 1 13 2 aa\n").error().message, HasSubstr("not a DNSKEY"));
}

}  // namespace
}  // namespace tld::cli
