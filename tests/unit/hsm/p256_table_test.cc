// SPDX-License-Identifier: GPL-2.0-only
//
// Verification by tables against EVP_PKEY_verify, which shares no step with it; and the cases that
// chance does not bring, made by solving the equations of ECDSA for them.
#include "hsm/p256_table.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <string>
#include <utility>

#include "hsm/openssl_key.h"
#include "hsm/software_key.h"
#include "hsm/verify.h"

namespace tld::hsm {
namespace {

using Number = OpenSslPtr<BIGNUM, BN_free>;
using Group = OpenSslPtr<EC_GROUP, EC_GROUP_free>;
using Point = OpenSslPtr<EC_POINT, EC_POINT_free>;

// Numbers modulo the order of P-256, and its points.
class Curve {
 public:
  Number number(unsigned long value) const {
    Number out(BN_new());
    BN_set_word(out.get(), value);
    return out;
  }
  Number of(const std::string& digits) const {
    BIGNUM* out = nullptr;
    BN_hex2bn(&out, digits.c_str());
    return Number(out);
  }
  Number times(const Number& a, const Number& b) const {
    Number out(BN_new());
    BN_mod_mul(out.get(), a.get(), b.get(), order(), scratch_.get());
    return out;
  }
  Number over(const Number& a, const Number& b) const {
    const Number inverse(BN_mod_inverse(nullptr, b.get(), order(), scratch_.get()));
    return times(a, inverse);
  }
  Number plus(const Number& a, const Number& b) const {
    Number out(BN_new());
    BN_mod_add(out.get(), a.get(), b.get(), order(), scratch_.get());
    return out;
  }
  Number minus(const Number& a) const {
    Number out(BN_new());
    BN_mod_sub(out.get(), number(0).get(), a.get(), order(), scratch_.get());
    return out;
  }
  // a G + b P; P may be none.
  Point sum(const Number& a, const EC_POINT* point = nullptr, const Number& b = nullptr) const {
    Point out(EC_POINT_new(group_.get()));
    EC_POINT_mul(group_.get(), out.get(), a.get(), point, b.get(), scratch_.get());
    return out;
  }
  Number x(const Point& point) const {
    Number out(BN_new());
    EC_POINT_get_affine_coordinates(group_.get(), point.get(), out.get(), nullptr, scratch_.get());
    return out;
  }
  // A point with this x, if there is one.
  Point at(const Number& x) const {
    Point out(EC_POINT_new(group_.get()));
    const bool is_there = EC_POINT_set_compressed_coordinates(group_.get(), out.get(), x.get(), 0,
                                                              scratch_.get()) == 1;
    return is_there ? std::move(out) : Point();
  }
  std::string octets(const Point& point) const {
    std::string out(65, '\0');
    EC_POINT_point2oct(group_.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                       reinterpret_cast<unsigned char*>(out.data()), out.size(), scratch_.get());
    return out.substr(1);
  }
  const BIGNUM* order() const { return EC_GROUP_get0_order(group_.get()); }

 private:
  Group group_{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  OpenSslPtr<BN_CTX, BN_CTX_free> scratch_{BN_CTX_new()};
};

std::string octets(const Number& number) {
  std::string out(32, '\0');
  EXPECT_EQ(BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(out.data()), 32), 32);
  return out;
}

base::Sha256 hash_of(const Number& number) {
  base::Sha256 out{};
  EXPECT_EQ(BN_bn2binpad(number.get(), out.data(), 32), 32);
  return out;
}

// Straight from OpenSSL, for a hash.
bool openssl_verifies(const std::string& point, const base::Sha256& hash,
                      const std::string& signature) {
  const EvpKey key = to_openssl({Algorithm::ecdsap256sha256, point}).value();
  const EvpKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  const std::string der = ecdsa_to_der(signature);
  EVP_PKEY_verify_init(context.get());
  return EVP_PKEY_verify(context.get(), reinterpret_cast<const unsigned char*>(der.data()),
                         der.size(), hash.data(), hash.size()) == 1;
}

class P256TableCase : public ::testing::Test {
 protected:
  // What both say; a failure when they differ.
  bool verdict(const Point& key, const Number& hash, const Number& r, const Number& s) const {
    const std::string signature = octets(r) + octets(s);
    const std::string point = curve_.octets(key);
    const bool said = P256Table::make(point).value().verify(hash_of(hash), signature);
    EXPECT_EQ(said, openssl_verifies(point, hash_of(hash), signature));
    return said;
  }

  const Curve curve_;
  const Number d_ = curve_.of("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
  const Number k_ = curve_.of("A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60");
  const Point key_ = curve_.sum(d_);
  const Number r_ = curve_.x(curve_.sum(k_));
};

// RFC 6979 §A.2.5: P-256, SHA-256, "sample"; d_ and k_ are its x and k.
TEST_F(P256TableCase, VectorOfRfc6979) {
  const auto table = P256Table::make(curve_.octets(key_));
  ASSERT_TRUE(table) << table.error().message;
  const std::string signature =
      octets(curve_.of("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716")) +
      octets(curve_.of("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"));
  EXPECT_TRUE(table.value().verify(base::sha256("sample"), signature));
  EXPECT_FALSE(table.value().verify(base::sha256("test"), signature));
}

TEST_F(P256TableCase, AgreesWithOpensslOnHundredsOfSignatures) {
  SoftwareKeys keys;
  const KeyInfo info = keys.generate(Algorithm::ecdsap256sha256).value();
  const auto table = P256Table::make(info.public_key.octets);
  ASSERT_TRUE(table) << table.error().message;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (int i = 0; i < 300; ++i) {
    const std::string message = "message " + std::to_string(i);
    const std::string signature = sign_now(keys, info.id, message, deadline).value();
    ASSERT_TRUE(table.value().verify(base::sha256(message), signature)) << i;
    ASSERT_FALSE(table.value().verify(base::sha256(message + "."), signature)) << i;
  }
}

TEST_F(P256TableCase, SeesEveryFlippedBit) {
  const auto table = P256Table::make(curve_.octets(key_));
  const Number e = curve_.of("AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF");
  const Number sum = curve_.plus(e, curve_.times(r_, d_));
  const std::string signature = octets(r_) + octets(curve_.over(sum, k_));
  const base::Sha256 hash = hash_of(e);
  ASSERT_TRUE(table.value().verify(hash, signature));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    std::string wrong = signature;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(table.value().verify(hash, wrong)) << bit;
    base::Sha256 other = hash;
    other[bit / 16] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(table.value().verify(other, signature)) << bit;
  }
  EXPECT_FALSE(table.value().verify(hash, signature.substr(1)));
  EXPECT_FALSE(table.value().verify(hash, signature + '\0'));
  EXPECT_FALSE(table.value().verify(hash, ""));
}

// r and s must be in [1, n-1]. With r = 0 and e = 0 the equation itself would hold for none.
TEST_F(P256TableCase, NumbersOutOfRange) {
  const Number e = curve_.number(7), zero = curve_.number(0), order(BN_dup(curve_.order()));
  Number more(BN_dup(curve_.order()));
  BN_add_word(more.get(), 1);
  for (const Number* wrong : {&zero, &order, &std::as_const(more)}) {
    EXPECT_FALSE(verdict(key_, e, r_, *wrong));
    EXPECT_FALSE(verdict(key_, e, *wrong, r_));
    EXPECT_FALSE(verdict(key_, zero, *wrong, *wrong));
  }
}

// s + n is the same number modulo n and no signature; e + n is the same hash. s is small enough for
// that when e = s k - r d.
TEST_F(P256TableCase, NumbersAreNotTakenModuloTheOrder) {
  const Number s = curve_.number(5);
  const Number e = curve_.plus(curve_.times(s, k_), curve_.minus(curve_.times(r_, d_)));
  EXPECT_TRUE(verdict(key_, e, r_, s));
  Number large(BN_dup(curve_.order()));
  BN_add_word(large.get(), 5);
  EXPECT_FALSE(verdict(key_, e, r_, large));
}

// u1 = 0: R = u2 Q, s = r d / k.
TEST_F(P256TableCase, HashIsZero) {
  EXPECT_TRUE(verdict(key_, curve_.number(0), r_, curve_.over(curve_.times(r_, d_), k_)));
  EXPECT_TRUE(
      verdict(key_, Number(BN_dup(curve_.order())), r_, curve_.over(curve_.times(r_, d_), k_)));
}

// u1 G = u2 Q: e = r d, s = 2 r d / k. A sum that cannot double would have nothing.
TEST_F(P256TableCase, BothPointsAreTheSame) {
  const Number e = curve_.times(r_, d_);
  const Number s = curve_.over(curve_.times(curve_.number(2), e), k_);
  EXPECT_TRUE(verdict(key_, e, r_, s));
}

// u1 G = -u2 Q: e = -r d, for any s. The sum is the point at infinity, which has no x.
TEST_F(P256TableCase, SumIsAtInfinity) {
  EXPECT_FALSE(verdict(key_, curve_.minus(curve_.times(r_, d_)), r_, k_));
}

TEST_F(P256TableCase, AWrongSignatureLeavesNothingInTheErrorQueue) {
  const auto table = P256Table::make(curve_.octets(key_));
  const base::Sha256 hash = hash_of(curve_.minus(curve_.times(r_, d_)));
  ERR_clear_error();
  EXPECT_FALSE(table.value().verify(hash, octets(r_) + octets(k_)));
  EXPECT_EQ(ERR_peek_error(), 0U);
  ERR_raise(ERR_LIB_USER, 1);  // what is there stays
  EXPECT_FALSE(table.value().verify(hash, octets(r_) + octets(k_)));
  EXPECT_NE(ERR_get_error(), 0U);
  EXPECT_EQ(ERR_get_error(), 0U);
}

// The x of R can be n or more: r is what is left of it. Q = (R - u1 G) / u2 for such an R.
TEST_F(P256TableCase, XIsNotBelowTheOrder) {
  const Number u1 = curve_.number(5), u2 = curve_.number(3);
  for (unsigned long i = 1, found = 0; found < 3; ++i) {
    ASSERT_LT(i, 100U);
    Number x(BN_dup(curve_.order()));
    BN_add_word(x.get(), i);
    const Point sum = curve_.at(x);
    if (!sum) continue;
    ++found;
    const Number one = curve_.number(1);
    const Point key =
        curve_.sum(curve_.over(curve_.minus(u1), u2), sum.get(), curve_.over(one, u2));
    const Number r = curve_.number(i);
    const Number s = curve_.over(r, u2);
    EXPECT_TRUE(verdict(key, curve_.times(u1, s), r, s)) << i;
  }
}

// The base point and its negative are keys like others, and OpenSSL treats the first one apart.
TEST_F(P256TableCase, TheBasePointAsKey) {
  for (const Number& d : {curve_.number(1), curve_.minus(curve_.number(1))}) {
    const Number s = curve_.over(curve_.times(r_, d), k_);
    EXPECT_TRUE(verdict(curve_.sum(d), curve_.number(0), r_, s));
  }
}

TEST(P256Table, RefusesWhatIsNoPoint) {
  const Curve curve;
  const std::string curve_octets = curve.octets(curve.sum(curve.number(7)));
  EXPECT_FALSE(P256Table::make(std::string(64, '\x01')));
  EXPECT_FALSE(P256Table::make(""));
  EXPECT_FALSE(P256Table::make(curve_octets.substr(1)));
  EXPECT_FALSE(P256Table::make(curve_octets + '\0'));
  EXPECT_TRUE(P256Table::make(curve_octets));
}

// A Verifier that works often says what the other one says, of RSA too.
TEST(Verify, OftenAsSeldom) {
  SoftwareKeys keys;
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    const KeyInfo key = keys.generate(algorithm).value();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    const std::string signature = sign_now(keys, key.id, "message", deadline).value();
    const Verifier verifier = Verifier::make(key.public_key, Verifier::Use::often).value();
    EXPECT_TRUE(verifier.verify("message", signature));
    EXPECT_FALSE(verifier.verify("messagf", signature));
    EXPECT_FALSE(verifier.verify("message", signature.substr(1)));
    EXPECT_FALSE(verifier.verify("message", ""));
  }
}

}  // namespace
}  // namespace tld::hsm
