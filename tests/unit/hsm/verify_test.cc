// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/verify.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "hsm/openssl_key.h"
#include "hsm/software_key.h"

namespace tld::hsm {
namespace {

using namespace std::string_literals;

std::string base64(std::string_view text) {
  return base::from_base64(text).value();
}

PublicKey rsa(const std::string& exponent, const std::string& modulus) {
  return {Algorithm::rsasha256, static_cast<char>(exponent.size()) + exponent + modulus};
}

std::string odd_modulus(std::size_t octets) {
  return '\x80' + std::string(octets - 2, '\x55') + '\x01';
}

// RFC 6605 §6.1: the RRSIG over www.example.net. A 192.0.2.1.
TEST(Verify, AcceptsTheVectorOfRfc6605) {
  const PublicKey key{Algorithm::ecdsap256sha256,
                      base64("GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+"
                             "e+MAnLr+Wi9xMWyQLc8NAA==")};
  const std::string signature = base64(
      "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==");
  // 2010-08-12 10:04:39 to 2010-09-09 10:04:39, key tag 55648
  const std::string message = "\x00\x01\x0d\x03\x00\x00\x0e\x10"s + "\x4c\x88\xb1\x37"s +
                              "\x4c\x63\xc7\x37"s + "\xd9\x60"s +
                              "\x07"
                              "example\x03"
                              "net\x00"s +
                              "\x03www\x07"
                              "example\x03"
                              "net\x00"s +
                              "\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\xc0\x00\x02\x01"s;
  const auto verifier = Verifier::make(key);
  ASSERT_TRUE(verifier.has_value());
  EXPECT_TRUE(verifier.value().verify(message, signature));
}

TEST(Verify, SeesEveryFlippedBit) {
  SoftwareKeys keys;
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    const KeyInfo key = keys.generate(algorithm).value();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    const std::string signature = sign_now(keys, key.id, "message", deadline).value();
    const Verifier verifier = Verifier::make(key.public_key).value();
    ASSERT_TRUE(verifier.verify("message", signature));
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
      std::string wrong = signature;
      wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_FALSE(verifier.verify("message", wrong)) << to_string(algorithm) << " bit " << bit;
    }
    EXPECT_FALSE(verifier.verify("messagf", signature));
    EXPECT_FALSE(verifier.verify("", signature));
  }
}

// Wrong lengths must not read past an end, nor pass because OpenSSL is lenient.
TEST(Verify, RefusesSignaturesOfOtherForms) {
  SoftwareKeys keys;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    const KeyInfo key = keys.generate(algorithm).value();
    const std::string signature = sign_now(keys, key.id, "m", deadline).value();
    const Verifier verifier = Verifier::make(key.public_key).value();
    EXPECT_FALSE(verifier.verify("m", ""));
    EXPECT_FALSE(verifier.verify("m", signature.substr(1)));
    EXPECT_FALSE(verifier.verify("m", signature + '\0'));
    EXPECT_FALSE(verifier.verify("m", '\0' + signature));
    EXPECT_FALSE(verifier.verify("m", std::string(signature.size(), '\0')));
    EXPECT_FALSE(verifier.verify("m", ecdsa_to_der(signature)));
  }
}

TEST(Verify, RefusesWhatIsNoKey) {
  const std::string three = "\x01\x00\x01"s;
  const std::pair<const char*, PublicKey> cases[] = {
      {"empty EC", {Algorithm::ecdsap256sha256, ""}},
      {"short EC", {Algorithm::ecdsap256sha256, std::string(63, '\x01')}},
      {"off the curve", {Algorithm::ecdsap256sha256, std::string(64, '\x01')}},
      {"infinity", {Algorithm::ecdsap256sha256, std::string(64, '\0')}},
      {"empty RSA", {Algorithm::rsasha256, ""}},
      {"RSA exponent only", {Algorithm::rsasha256, "\x03\x01\x00\x01"s}},
      {"truncated exponent", {Algorithm::rsasha256, "\x09\x01\x00\x01"s}},
      {"truncated long form", {Algorithm::rsasha256, "\x00\x01"s}},
      {"long form of a short one",
       {Algorithm::rsasha256, "\x00\x00\x03"s + three + odd_modulus(256)}},
      {"1016 bits", rsa(three, odd_modulus(127))},
      {"4104 bits", rsa(three, odd_modulus(513))},
      {"even modulus", rsa(three, odd_modulus(255) + '\x02')},
      {"even exponent", rsa("\x02", odd_modulus(256))},
      {"exponent 1", rsa("\x01", odd_modulus(256))},
      {"leading zero in modulus", rsa(three, '\0' + odd_modulus(256))},
      {"leading zero in exponent", rsa('\0' + three, odd_modulus(256))},
  };
  for (const auto& [what, key] : cases) {
    const auto made = Verifier::make(key);
    ASSERT_TRUE(made.has_error()) << what;
    EXPECT_EQ(made.error().kind, base::ErrorKind::invalid_input) << what;
  }
}

TEST(Verify, AcceptsRsaFrom1024To4096Bits) {
  for (const std::size_t octets : {128, 256, 512}) {
    EXPECT_TRUE(Verifier::make(rsa("\x03", odd_modulus(octets))).has_value()) << octets;
  }
}

// A token gives the modulus with or without leading zeros; DNSSEC wants none.
TEST(Verify, RsaKeysLoseLeadingZeros) {
  EXPECT_EQ(rsa_octets("\0\0\xab\xcd"s, "\0\x03"s).value(), "\x01\x03\xab\xcd"s);
  EXPECT_EQ(rsa_octets(odd_modulus(300), odd_modulus(300)).value().substr(0, 4),
            "\x00\x01\x2c\x80"s);
  EXPECT_TRUE(rsa_octets("", "\x03").has_error());
  EXPECT_TRUE(rsa_octets("\0"s, "\x03").has_error());
}

}  // namespace
}  // namespace tld::hsm
