// SPDX-License-Identifier: GPL-2.0-only
//
// Keys leave a token wrapped by a trusted key, and in no other way; what comes into the second one
// is the same key or nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <thread>

#include "base/bytes.h"
#include "hsm/openssl_key.h"
#include "hsm/token_attributes.h"
#include "hsm/token_wrap.h"
#include "hsm/token_wrapping_key.h"
#include "tests/contract/test_token.h"

namespace tld::hsm::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* so_pin = "12345678";  // of test_token.cc's tokens

// A token and one logged-in session, as one person at a time has it.
struct Login {
  std::shared_ptr<Token> token;
  std::unique_ptr<Session> session;
};

std::shared_ptr<Token> opened(const TestToken& token) {
  return Token::open(TokenUri::parse(token.uri()).value()).value();
}

Login as_user(const TestToken& where) {
  Login out{opened(where), nullptr};
  EXPECT_TRUE(out.token->login(Pin::read(where.folder().path("pin")).value()));
  out.session = Session::open(out.token, true).value();
  return out;
}

Login as_officer(const TestToken& where) {
  Login out{opened(where), nullptr};
  where.folder().write("so-pin", std::string(so_pin) + "\n");
  EXPECT_TRUE(out.token->login_officer(Pin::read(where.folder().path("so-pin")).value()));
  out.session = Session::open(out.token, true).value();
  return out;
}

std::string value_of_wrapping_key() {
  return std::string(31, 'w') + "k";
}

CK_RV generate_aes(Session& session, Template wanted, CK_OBJECT_HANDLE& key) {
  wanted.number(CKA_VALUE_LEN, 32).flag(CKA_WRAP, true).flag(CKA_UNWRAP, true);
  auto attributes = wanted.attributes();
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  return session.functions().C_GenerateKey(session.handle(), &mechanism, attributes.data(),
                                           attributes.size(), &key);
}

CK_RV wrap(Session& session, CK_OBJECT_HANDLE under, CK_OBJECT_HANDLE key) {
  std::array<CK_BYTE, 4096> out{};
  CK_ULONG size = out.size();
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
  return session.functions().C_WrapKey(session.handle(), &mechanism, under, key, out.data(), &size);
}

std::size_t objects(Session& session) {
  return find_objects(session, Template()).value().size();
}

class WrappedKeys : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    both_ = std::make_unique<Both>();
    for (const TestToken* each : {&both_->primary, &both_->reserve}) {
      const Login officer = as_officer(*each);
      EXPECT_TRUE(install_wrapping_key(*officer.session, value_of_wrapping_key()));
    }
  }
  static void TearDownTestSuite() { both_.reset(); }

  // A key made in the primary, and what is carried to the reserve.
  WrappedKey carried(Algorithm algorithm) const {
    const Login user = as_user(primary_);
    const auto key = generate_key(*user.session, algorithm, 2048, Export::wrapped);
    EXPECT_TRUE(key) << key.error().message;
    auto wrapped = wrap_key(*user.session, key.value().id);
    EXPECT_TRUE(wrapped) << wrapped.error().message;
    return wrapped.value();
  }

  struct Both {
    TestToken primary{TestToken::softhsm}, reserve{TestToken::softhsm};
  };
  static std::unique_ptr<Both> both_;
  const TestToken& primary_ = both_->primary;
  const TestToken& reserve_ = both_->reserve;
};
std::unique_ptr<WrappedKeys::Both> WrappedKeys::both_;

TEST_F(WrappedKeys, RoundTripSignsTheSame) {
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    const WrappedKey wrapped = carried(algorithm);
    const Login user = as_user(reserve_);
    const auto key = unwrap_key(*user.session, wrapped, Export::never);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key.value().id, wrapped.key.id);
    EXPECT_EQ(key.value().label, wrapped.key.label);
    EXPECT_EQ(key.value().public_key, wrapped.key.public_key);
    const TokenKey found = find_key(*user.session, wrapped.key.id).value();
    EXPECT_TRUE(prove_key(*user.session, found));
    // Not to leave again: it was not asked for.
    EXPECT_EQ(export_of(*user.session, found.private_key).value(), Export::never);
    EXPECT_EQ(wrap_key(*user.session, wrapped.key.id).error().kind, base::ErrorKind::refused);
    EXPECT_THAT(unwrap_key(*user.session, wrapped, Export::never).error().message,
                HasSubstr("already"));
  }
}

TEST_F(WrappedKeys, ReserveCanGiveItOnWhereThatIsWanted) {
  const WrappedKey wrapped = carried(Algorithm::ecdsap256sha256);
  const Login user = as_user(reserve_);
  ASSERT_TRUE(unwrap_key(*user.session, wrapped, Export::wrapped));
  EXPECT_TRUE(wrap_key(*user.session, wrapped.key.id));
}

// What is in the file is what RFC 5649 and PKCS #8 say, so another program can have it.
TEST_F(WrappedKeys, OpenSslUnwrapsItWithTheSameWrappingKey) {
  const WrappedKey wrapped = carried(Algorithm::ecdsap256sha256);
  const OpenSslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  const auto octets = [](const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  std::array<unsigned char, 512> clear{};
  int size = 0;
  ASSERT_EQ(EVP_DecryptInit_ex(context.get(), EVP_aes_256_wrap_pad(), nullptr,
                               octets(value_of_wrapping_key()), nullptr),
            1);
  ASSERT_EQ(EVP_DecryptUpdate(context.get(), clear.data(), &size, octets(wrapped.octets),
                              static_cast<int>(wrapped.octets.size())),
            1);
  const unsigned char* at = clear.data();
  const OpenSslPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, size));
  ASSERT_NE(info, nullptr);
  const EvpKey key(EVP_PKCS82PKEY(info.get()));
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(from_openssl(Algorithm::ecdsap256sha256, key.get()).value(), wrapped.key.public_key);
}

// The attack that CKA_WRAP_WITH_TRUSTED is for: a PIN holder's own wrapping key, of known value.
TEST_F(WrappedKeys, UsersWrappingKeyGetsNoKey) {
  const WrappedKey wrapped = carried(Algorithm::ecdsap256sha256);
  const Login user = as_user(primary_);
  CK_OBJECT_HANDLE own = 0;
  ASSERT_EQ(generate_aes(*user.session,
                         Template().flag(CKA_SENSITIVE, false).flag(CKA_EXTRACTABLE, true), own),
            CKR_OK);
  const CK_OBJECT_HANDLE exportable = find_key(*user.session, wrapped.key.id).value().private_key;
  EXPECT_EQ(wrap(*user.session, own, exportable), CKR_KEY_NOT_WRAPPABLE);
  const CK_OBJECT_HANDLE trusted = find_wrapping_key(*user.session).value().key;
  EXPECT_EQ(wrap(*user.session, trusted, exportable), CKR_OK);  // the judge can tell them apart
  Template freely = Template().flag(CKA_WRAP_WITH_TRUSTED, false);
  auto attributes = freely.attributes();
  EXPECT_NE(user.session->functions().C_SetAttributeValue(user.session->handle(), exportable,
                                                          attributes.data(), attributes.size()),
            CKR_OK);
  CK_OBJECT_HANDLE copy = 0;
  EXPECT_NE(user.session->functions().C_CopyObject(user.session->handle(), exportable,
                                                   attributes.data(), attributes.size(), &copy),
            CKR_OK);
}

TEST_F(WrappedKeys, KeyThatWasMadeToStayIsWrappedByNone) {
  const Login user = as_user(primary_);
  const KeyId id = primary_.key(Algorithm::ecdsap256sha256).id;
  const CK_OBJECT_HANDLE key = find_key(*user.session, id).value().private_key;
  CK_OBJECT_HANDLE own = 0;
  ASSERT_EQ(generate_aes(*user.session, Template(), own), CKR_OK);
  for (const CK_OBJECT_HANDLE under : {own, find_wrapping_key(*user.session).value().key}) {
    EXPECT_EQ(wrap(*user.session, under, key), CKR_KEY_UNEXTRACTABLE);
  }
  EXPECT_THAT(wrap_key(*user.session, id).error().message, HasSubstr("not made to leave"));
  Template leave = Template().flag(CKA_EXTRACTABLE, true);
  auto attributes = leave.attributes();
  EXPECT_NE(user.session->functions().C_SetAttributeValue(user.session->handle(), key,
                                                          attributes.data(), attributes.size()),
            CKR_OK);
}

TEST_F(WrappedKeys, OnlyTheSecurityOfficerMakesATrustedKey) {
  const Login user = as_user(primary_);
  CK_OBJECT_HANDLE key = 0;
  EXPECT_NE(generate_aes(*user.session, Template().flag(CKA_TRUSTED, true), key), CKR_OK);
  ASSERT_EQ(generate_aes(*user.session, Template(), key), CKR_OK);
  Template trusted = Template().flag(CKA_TRUSTED, true);
  auto attributes = trusted.attributes();
  EXPECT_NE(user.session->functions().C_SetAttributeValue(user.session->handle(), key,
                                                          attributes.data(), attributes.size()),
            CKR_OK);
  EXPECT_FALSE(generate_wrapping_key(*user.session));
  EXPECT_FALSE(install_wrapping_key(*user.session, std::string(32, 'u')));
}

// What the whole protection rests on: with the PIN and a wrapped key nobody gets it in the clear.
TEST_F(WrappedKeys, WrappingKeyCannotBeMisused) {
  const Login user = as_user(reserve_);
  const WrappingKey key = find_wrapping_key(*user.session).value();
  const auto status = check_wrapping_key(*user.session, key);
  EXPECT_TRUE(status) << status.error().message;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_DECRYPT, CKA_ENCRYPT, CKA_MODIFIABLE, CKA_EXTRACTABLE}) {
    Template other = Template().flag(type, true);
    auto attributes = other.attributes();
    CK_OBJECT_HANDLE copy = 0;
    EXPECT_NE(user.session->functions().C_SetAttributeValue(user.session->handle(), key.key,
                                                            attributes.data(), attributes.size()),
              CKR_OK);
    EXPECT_NE(user.session->functions().C_CopyObject(user.session->handle(), key.key,
                                                     attributes.data(), attributes.size(), &copy),
              CKR_OK);
  }
}

// A trusted key of another make: without CKA_UNWRAP_TEMPLATE, or one that can be altered.
TEST_F(WrappedKeys, CarelessWrappingKeysAreRefused) {
  const TestToken token{TestToken::softhsm};
  const KeyId loose = "loose", alterable = "alterable";
  {
    const Login officer = as_officer(token);
    CK_OBJECT_HANDLE key = 0;
    Template wanted;
    wanted.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false).flag(CKA_SENSITIVE, true);
    wanted.flag(CKA_EXTRACTABLE, false).flag(CKA_TRUSTED, true);
    wanted.flag(CKA_DECRYPT, false).flag(CKA_COPYABLE, false);
    Template one = wanted, other = wanted;
    one.flag(CKA_MODIFIABLE, false).octets(CKA_ID, loose);
    other.octets(CKA_ID, alterable);
    ASSERT_EQ(generate_aes(*officer.session, one, key), CKR_OK);
    ASSERT_EQ(generate_aes(*officer.session, other, key), CKR_OK);
  }
  const Login user = as_user(token);
  const KeyId id =
      generate_key(*user.session, Algorithm::ecdsap256sha256, 0, Export::wrapped).value().id;
  EXPECT_THAT(wrap_key(*user.session, id, loose).error().message, HasSubstr("CKA_UNWRAP_TEMPLATE"));
  EXPECT_THAT(wrap_key(*user.session, id, alterable).error().message, HasSubstr("CKA_MODIFIABLE"));
  EXPECT_THAT(wrap_key(*user.session, id).error().message, HasSubstr("more than one"));
}

TEST_F(WrappedKeys, GeneratedWrappingKeyIsTheTokensOwn) {
  TestToken token{TestToken::softhsm};
  KeyId id;
  {
    const Login officer = as_officer(token);
    const auto made = generate_wrapping_key(*officer.session);
    ASSERT_TRUE(made) << made.error().message;
    id = made.value();
  }
  const Login user = as_user(token);
  const WrappingKey key = find_wrapping_key(*user.session, id).value();
  for (const CK_ATTRIBUTE_TYPE type : {CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE}) {
    EXPECT_TRUE(read_flag(*user.session, key.key, type).value()) << type;
  }
  EXPECT_FALSE(read_octets(*user.session, key.key, CKA_VALUE));
  EXPECT_TRUE(check_wrapping_key(*user.session, key));
}

// Property: whatever octet was altered, the key is refused and the token is as it was.
TEST_F(WrappedKeys, AnyAlteredOctetIsRefusedAndNothingStays) {
  const WrappedKey wrapped = carried(Algorithm::ecdsap256sha256);
  const Login user = as_user(reserve_);
  const std::size_t before = objects(*user.session);
  ASSERT_GE(wrapped.octets.size(), 64U);
  for (std::size_t i = 0; i < wrapped.octets.size(); ++i) {
    WrappedKey altered = wrapped;
    altered.octets[i] = static_cast<char>(altered.octets[i] ^ (1 << (i % 8)));
    EXPECT_EQ(unwrap_key(*user.session, altered, Export::never).error().kind,
              base::ErrorKind::refused)
        << i;
    ASSERT_EQ(objects(*user.session), before) << i;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{8}, wrapped.octets.size() - 8}) {
    WrappedKey cut = wrapped;
    cut.octets.resize(size);
    EXPECT_FALSE(unwrap_key(*user.session, cut, Export::never)) << size;
  }
  EXPECT_EQ(objects(*user.session), before);
  EXPECT_TRUE(unwrap_key(*user.session, wrapped, Export::never));
}

// Well wrapped, but the public half is another key's.
TEST_F(WrappedKeys, AnotherKeysPublicHalfIsRefusedAndNothingStays) {
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    WrappedKey wrapped = carried(algorithm);
    wrapped.key.public_key = primary_.key(algorithm).public_key;
    const Login user = as_user(reserve_);
    const std::size_t before = objects(*user.session);
    const auto key = unwrap_key(*user.session, wrapped, Export::never);
    ASSERT_FALSE(key);
    EXPECT_THAT(key.error().message, HasSubstr("does not verify"));
    EXPECT_EQ(objects(*user.session), before);
  }
}

TEST_F(WrappedKeys, NewKeyThatIsNotAcceptedIsDestroyed) {
  const Login user = as_user(primary_);
  const std::size_t before = objects(*user.session);
  KeyId seen;
  const auto refused = generate_key(*user.session, Algorithm::ecdsap256sha256, 0, Export::never,
                                    [&seen](const KeyInfo& key) -> base::Status {
                                      seen = key.id;
                                      return base::refused("its tag is used");
                                    });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "its tag is used");
  EXPECT_EQ(seen.size(), 16U);
  EXPECT_EQ(objects(*user.session), before);
}

TEST_F(WrappedKeys, RetiredKeySignsNoMore) {
  const Login user = as_user(primary_);
  const KeyId id = generate_key(*user.session, Algorithm::ecdsap256sha256).value().id;
  const TokenKey key = find_key(*user.session, id).value();
  ASSERT_TRUE(user.session->sign(key, "before"));
  ASSERT_TRUE(retire_key(*user.session, id));
  ASSERT_TRUE(retire_key(*user.session, id));
  EXPECT_THAT(find_key(*user.session, id).error().message, HasSubstr("KEY-RETIRED"));
  EXPECT_FALSE(user.session->sign(key, "with the handle from before"));
  const auto listed = list_keys(*user.session).value();
  EXPECT_EQ(std::ranges::count(listed, id, &KeyInfo::id), 1);  // kept
  for (const KeyInfo& each : listed) EXPECT_EQ(each.retired, each.id == id);
}

// Whoever configures it: tld-hsmd says what it is, and signs nothing.
TEST_F(WrappedKeys, RetiredKeyIsRefusedByTheDaemon) {
  const TestToken token{TestToken::softhsm};
  const auto algorithm = Algorithm::ecdsap256sha256;
  ASSERT_TRUE(retire_key(*as_user(token).session, token.key(algorithm).id));
  const std::string log = token.folder().path("log");
  const Process daemon(daemon_command(write_config(token)), log);
  HsmClient client{{"test", socket_path(token)}, std::make_shared<NullLog>()};
  ASSERT_TRUE(eventually([&] { return client.health(in(milliseconds(500))).logged_in; }));
  RrsigInput input;
  input.algorithm = Algorithm::rsasha256;
  const auto signs = [&](Algorithm which) {
    return sign_now(client, token.key(which).id, input.octets(), in(milliseconds(5'000)));
  };
  EXPECT_TRUE(signs(Algorithm::rsasha256));
  input.algorithm = algorithm;
  EXPECT_FALSE(signs(algorithm));
  std::ifstream file(log);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, HasSubstr("KEY-RETIRED"));
}

}  // namespace
}  // namespace tld::hsm::test
