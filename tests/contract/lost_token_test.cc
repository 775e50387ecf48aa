// SPDX-License-Identifier: GPL-2.0-only
//
// What PKCS #11 says when a token has forgotten us, and what must come of each code.
#include <fstream>
#include <set>
#include <thread>

#include "hsm/token_codes.h"
#include "tests/contract/situation.h"

namespace tld::hsm::test {
namespace {

// An HSM that was restarted knows neither our login nor our handles, and says "no such key".
TEST_F(Situation, LostLoginIsMadeAgain) {
  start();
  ASSERT_TRUE(signs());
  for (const char* again : {"lose-login 1\n", "lose-login 2\n"}) {
    const std::size_t logins = token_.calls("C_Login");
    token_.faults(again);
    (void)sign();
    EXPECT_TRUE(eventually([&] { return token_.calls("C_Login") > logins || !sign(); })) << again;
    EXPECT_TRUE(signs()) << again << health().detail;
    EXPECT_TRUE(logs_in());
    EXPECT_EQ(health().detail, "");
    EXPECT_EQ(token_.calls("C_Login"), logins + 1) << again;
  }
}

TEST_F(Situation, LostSessionsAreOpenedAgain) {
  start({.sessions = 1});
  ASSERT_TRUE(signs());
  token_.faults("lose-sessions 1\n");
  EXPECT_TRUE(eventually([&] { return !sign(); }));
  EXPECT_TRUE(signs()) << health().detail;
  EXPECT_EQ(token_.calls("C_Login"), 2U);
}

// Catches: a PIN that is tried again because the login had once worked.
TEST_F(Situation, WrongPinAfterALostLoginIsTriedOnce) {
  start();
  ASSERT_TRUE(signs());
  token_.folder().write("pin", "1111111111\n");
  token_.faults("lose-login 1\n");
  EXPECT_TRUE(eventually([&] { return !sign(); }));
  ASSERT_TRUE(says("incorrect")) << health().detail;
  std::this_thread::sleep_for(milliseconds(2'000));
  EXPECT_EQ(sign().error().kind, base::ErrorKind::unavailable);
  EXPECT_EQ(token_.calls("C_Login"), 2U);
}

// Catches: a login for each request to a token that cannot sign.
TEST_F(Situation, TokenThatFailsAtOnceIsOpenedWithBackOff) {
  start();
  ASSERT_TRUE(signs());
  token_.faults("sign-error " + std::to_string(CKR_GENERAL_ERROR) + "\n");
  for (const auto end = in(milliseconds(3'000)); std::chrono::steady_clock::now() < end;) {
    (void)sign();
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_LE(token_.calls("C_Login"), 8U);  // 0.1, 0.2, 0.4, 0.8, 1.6 s
  token_.faults("");
  EXPECT_TRUE(signs());
}

// A request that the token does not want costs neither session nor login.
TEST_F(Situation, ErrorsOfTheRequestKeepTheLogin) {
  start();
  ASSERT_TRUE(signs());
  token_.faults("sign-error " + std::to_string(CKR_MECHANISM_INVALID) + "\n");
  EXPECT_EQ(sign().error().kind, base::ErrorKind::internal);
  token_.faults("");
  EXPECT_TRUE(sign());
  EXPECT_EQ(token_.calls("C_Login"), 1U);
}

// Catches: a code whose meaning another change has moved. Restart-like codes start anew, handles
// are looked for, and no code of C_Login that says something about the PIN leads to a second try.
TEST(TokenCodes, TableSaysWhatToDo) {
  for (const CK_RV code : {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_DEVICE_REMOVED,
                           CKR_DEVICE_ERROR, CKR_USER_NOT_LOGGED_IN, CKR_TOKEN_NOT_PRESENT,
                           CKR_CRYPTOKI_NOT_INITIALIZED, CKR_VENDOR_DEFINED + 7}) {
    EXPECT_EQ(facts_of(code).repair, Repair::open_again) << code;
    EXPECT_EQ(token_error("C_Sign", code).kind, base::ErrorKind::unavailable) << code;
  }
  for (const CK_RV code : {CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID}) {
    EXPECT_EQ(facts_of(code).repair, Repair::find_key) << code;
  }
  for (const CK_RV code : {CKR_MECHANISM_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED}) {
    EXPECT_EQ(facts_of(code).repair, Repair::nothing) << code;
    EXPECT_EQ(token_error("C_SignInit", code).kind, base::ErrorKind::internal) << code;
  }
  for (const CK_RV code :
       {CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED, CKR_PIN_LOCKED,
        CKR_FUNCTION_REJECTED, CKR_USER_TYPE_INVALID, CKR_VENDOR_DEFINED + 7}) {
    EXPECT_FALSE(facts_of(code).pin_not_looked_at) << code;
  }
  std::set<CK_RV> seen;
  for (const CodeFacts& facts : known_codes()) EXPECT_TRUE(seen.insert(facts.code).second);
}

// docs/hsm.md says the same.
TEST(TokenCodes, DocumentHasEachCodeWithItsRepair) {
  std::ifstream file(TLD_SOURCE_DIR "/docs/hsm.md");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  for (const CodeFacts& facts : known_codes()) {
    const char* repair = facts.repair == Repair::nothing    ? "nothing"
                         : facts.repair == Repair::find_key ? "find the key"
                                                            : "open again";
    const std::size_t at = text.find("`" + std::string(facts.name) + "`");
    ASSERT_NE(at, std::string::npos) << facts.name;
    const std::string row = text.substr(at, text.find('\n', at) - at);
    EXPECT_NE(row.find("| " + std::string(repair)), std::string::npos) << facts.name;
  }
}

}  // namespace
}  // namespace tld::hsm::test
