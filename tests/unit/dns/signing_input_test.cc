// SPDX-License-Identifier: GPL-2.0-only
#include "dns/signing_input.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>

#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

const unsigned char* bytes(std::string_view octets) {
  return reinterpret_cast<const unsigned char*>(octets.data());
}

Handle<EVP_PKEY, EVP_PKEY_free> p256_key(const std::string& public_key) {  // RFC 6605 §4: x | y
  std::string point = '\4' + public_key;
  std::string group = "prime256v1";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  EXPECT_EQ(EVP_PKEY_fromdata_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params), 1);
  return Handle<EVP_PKEY, EVP_PKEY_free>(key);
}

std::string der_signature(const std::string& signature) {  // RFC 6605 §4: r | s
  const Handle<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes(signature), 32, nullptr),
                 BN_bin2bn(bytes(signature) + 32, 32, nullptr));
  std::string der(80, '\0');
  auto* end = reinterpret_cast<unsigned char*>(der.data());
  der.resize(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), &end)));
  return der;
}

bool verifies(const Dnskey& key, const std::string& message, const std::string& signature) {
  const auto public_key = p256_key(key.public_key);
  const std::string der = der_signature(signature);
  const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EXPECT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, public_key.get()),
            1);
  return EVP_DigestVerify(context.get(), bytes(der), der.size(), bytes(message), message.size()) ==
         1;
}

// RFC 6605 §6.1.
Dnskey rfc6605_key() {
  return {257, 3, 13,
          base64("GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQ"
                 "Lc8NAA==")};
}
Rrsig rfc6605_rrsig() {
  return {RRType::A,
          13,
          3,
          3600,
          1284026679,
          1281607479,
          55648,
          name("example.net."),
          base64("qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep"
                 "666VCw==")};
}

TEST(SigningInput, VerifiesTheSignatureOfRfc6605) {
  const std::string address = hex("c0000201");
  const std::string_view rdatas[] = {address};
  const Name owner = name("www.example.net.");
  const std::string records = signed_records({owner, RRType::A, 3600, rdatas});
  const Rrsig rrsig = rfc6605_rrsig();
  EXPECT_TRUE(verifies(rfc6605_key(), signing_input(rrsig, records), rrsig.signature));
  // The check above can fail.
  const std::string other = signed_records({owner, RRType::A, 3601, rdatas});
  EXPECT_FALSE(verifies(rfc6605_key(), signing_input(rrsig, other), rrsig.signature));
}

TEST(SigningInput, RecordsOneAfterTheOther) {  // RFC 4034 §3.1.8.1
  const std::string first = "ab", second = "abc";
  const std::string_view rdatas[] = {first, second};
  const Name owner = name("kz.");
  EXPECT_EQ(signed_records({owner, RRType::TXT, 0x01020304, rdatas}),
            wire("kz.") + hex("0010 0001 01020304 0002") + first + wire("kz.") +
                hex("0010 0001 01020304 0003") + second);
}

TEST(SigningInput, StartsWithTheRrsigWithoutItsSignature) {
  Rrsig rrsig = rfc6605_rrsig();
  const std::string input = signing_input(rrsig, "records");
  EXPECT_EQ(input,
            hex("0001 0d 03 00000e10 4c88b137 4c63c737 d960") + wire("example.net.") + "records");
  rrsig.signature = "another";
  EXPECT_EQ(signing_input(rrsig, "records"), input);
}

}  // namespace
}  // namespace tld::dns
