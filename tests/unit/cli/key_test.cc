// SPDX-License-Identifier: GPL-2.0-only
//
// key generate, list, on tokens of SoftHSM.
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using testing::is_one_complaint;
using ::testing::MatchesRegex;
using testing::Outcome;

using KeyTest = testing::TldctlTest;

TEST_F(KeyTest, GeneratedKeysAreListedAndWritten) {
  const std::string token = make_token("one");
  for (const char* algorithm : {"ECDSAP256SHA256", "RSASHA256"}) {
    const Outcome made =
        tldctl({"key", "generate", "--token", token, "--algorithm", algorithm, "--zone", "KZ",
                "--role", "ksk", "--dnskey", path("ksk.dnskey"), "--json"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const auto json = made.json();
    EXPECT_THAT(json.at("id").get<std::string>(), MatchesRegex("[0-9a-f]{32}"));
    EXPECT_EQ(json.at("algorithm"), algorithm);
    EXPECT_EQ(read("ksk.dnskey"),
              "kz. 3600 IN DNSKEY " + json.at("dnskey").get<std::string>() + "\n");
    const auto listed = tldctl({"key", "list", "--token", token, "--json"}).json();
    const auto& keys = listed.at("keys");
    const auto found = std::find_if(keys.begin(), keys.end(), [&json](const auto& key) {
      return key.at("id") == json.at("id");
    });
    ASSERT_NE(found, keys.end());
    EXPECT_EQ(found->at("ksk").at("dnskey"), json.at("dnskey"));
    EXPECT_EQ(found->at("ksk").at("key_tag"), json.at("key_tag"));
  }
  EXPECT_EQ(tldctl({"key", "list", "--token", token, "--json"}).json().at("keys").size(), 2U);
}

TEST_F(KeyTest, TextNamesIdTagAndRecord) {
  const std::string token = make_token("one");
  const Outcome made =
      tldctl({"key", "generate", "--token", token, "--algorithm", "ECDSAP256SHA256"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out,
              MatchesRegex("id       [0-9a-f]+\nkey tag  [0-9]+\nDNSKEY   256 3 13 .+\n"));
  EXPECT_THAT(tldctl({"key", "list", "--token", token}).out, HasSubstr(made.out.substr(9, 32)));
}

// A key that was made and whose record is nowhere is a key that nobody can use or name.
TEST_F(KeyTest, NoKeyIsMadeWhenItsFileCannotBe) {
  const std::string token = make_token("one");
  const Outcome made =
      tldctl({"key", "generate", "--token", token, "--algorithm", "ECDSAP256SHA256", "--zone",
              "kz.", "--dnskey", path("nowhere/zsk.dnskey")});
  EXPECT_EQ(made.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(made.err));
  EXPECT_TRUE(tldctl({"key", "list", "--token", token, "--json"}).json().at("keys").empty());
}

TEST_F(KeyTest, TokenThatCannotBeUsedIsThree) {
  make_token("one");
  const std::string wrong = write("wrong.pin", "9999", 0600),
                    open = write("open.pin", "1234", 0644);
  const std::string right = path(".fixture/pin");
  const std::vector<std::pair<std::string, const char*>> cases = {
      {token_uri("none", right), "none"},
      {token_uri("one", wrong), "PIN"},
      {token_uri("one", open), "open.pin"},
      {token_uri("one", path("no.pin")), "no.pin"},
      {"pkcs11:token=one?module-path=/nonexistent.so&pin-source=file:" + right, "nonexistent.so"}};
  for (const auto& [uri, words] : cases) {
    const Outcome outcome = tldctl({"key", "list", "--token", uri, "--json"});
    EXPECT_EQ(outcome.exit_code, 3) << uri;
    EXPECT_TRUE(is_one_complaint(outcome.err));
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_EQ(outcome.json().at("error").at("kind"), "unavailable");
  }
}

}  // namespace
}  // namespace tld::cli
