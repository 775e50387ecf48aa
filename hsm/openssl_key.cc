// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/openssl_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

#include <utility>

#include "hsm/algorithm.h"

namespace tld::hsm {
namespace {

using BigNumber = OpenSslPtr<BIGNUM, BN_free>;
using ParamBuilder = OpenSslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = OpenSslPtr<OSSL_PARAM, OSSL_PARAM_free>;
using EcdsaSignature = OpenSslPtr<ECDSA_SIG, ECDSA_SIG_free>;

constexpr std::size_t p256_octets = 32;

BigNumber big_number(std::string_view text) {
  return BigNumber(BN_bin2bn(for_openssl(text), static_cast<int>(text.size()), nullptr));
}

std::string to_octets(const BIGNUM* number) {
  std::string out(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

base::Result<EvpKey> key_from_params(const char* type, ParamBuilder builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const EvpKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return base::invalid_input(std::string("not an ") + type + " public key: " + openssl_reason());
  }
  return EvpKey(key);
}

base::Result<EvpKey> ec_key(std::string_view point) {
  if (point.size() != 2 * p256_octets) {
    return base::invalid_input("a P-256 public key has 64 octets, not " +
                               std::to_string(point.size()));
  }
  const std::string uncompressed = '\x04' + std::string(point);  // SEC 1 §2.3.3
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, uncompressed.data(),
                                   uncompressed.size());
  TLD_TRY(EvpKey key, key_from_params("EC", std::move(builder)));
  const EvpKeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) {
    return base::invalid_input("not a point of P-256: " + openssl_reason());
  }
  return key;
}

struct RsaParts {
  std::string_view exponent;
  std::string_view modulus;
};

// RFC 3110 §2: the exponent's length in one octet, or a zero and two octets.
base::Result<RsaParts> split_rsa(std::string_view key) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(key[i]); };
  std::size_t start = 1;
  std::size_t length = key.empty() ? 0 : octet(0);
  if (length == 0 && key.size() >= 3) {
    start = 3;
    length = octet(1) * 256U + octet(2);
    if (length < 256) return base::invalid_input("the RSA exponent's length is not in short form");
  }
  if (length == 0 || key.size() <= start + length) {
    return base::invalid_input("the RSA public key is truncated");
  }
  const RsaParts parts{key.substr(start, length), key.substr(start + length)};
  if (parts.exponent.front() == '\0' || parts.modulus.front() == '\0') {
    return base::invalid_input("the RSA public key has a leading zero octet (RFC 3110 §2)");
  }
  return parts;
}

base::Status check_rsa(const BIGNUM* exponent, const BIGNUM* modulus) {
  const AlgorithmFacts& limits = facts(Algorithm::rsasha256);
  const auto bits = static_cast<unsigned>(BN_num_bits(modulus));
  if (bits < limits.smallest_bits || bits > limits.largest_bits) {
    return base::invalid_input("the RSA modulus has " + std::to_string(bits) +
                               " bits, allowed are 1024 to 4096");
  }
  if (BN_is_odd(modulus) == 0 || BN_is_odd(exponent) == 0) {
    return base::invalid_input("the RSA modulus and exponent must be odd");
  }
  if (BN_is_one(exponent) != 0) return base::invalid_input("the RSA exponent is 1");
  return base::ok();
}

base::Result<EvpKey> rsa_key(std::string_view key) {
  TLD_TRY(const RsaParts parts, split_rsa(key));
  const BigNumber exponent = big_number(parts.exponent);
  const BigNumber modulus = big_number(parts.modulus);
  TLD_TRY(check_rsa(exponent.get(), modulus.get()));
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  return key_from_params("RSA", std::move(builder));
}

base::Result<std::string> rsa_octets_of(const EVP_PKEY* key) {
  BIGNUM* n = nullptr;
  BIGNUM* e = nullptr;
  const int have = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) +
                   EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e);
  const BigNumber modulus(n);
  const BigNumber exponent(e);
  if (have != 2) return base::internal("no RSA public key: " + openssl_reason());
  return rsa_octets(to_octets(n), to_octets(e));
}

base::Result<std::string> ec_octets_of(const EVP_PKEY* key) {
  std::string point(2 * p256_octets + 1, '\0');
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
                                      reinterpret_cast<unsigned char*>(point.data()), point.size(),
                                      &size) != 1 ||
      size != point.size() || point.front() != '\x04') {
    return base::internal("no P-256 public key: " + openssl_reason());
  }
  return point.substr(1);
}

}  // namespace

base::Result<EvpKey> to_openssl(const PublicKey& key) {
  return key.algorithm == Algorithm::rsasha256 ? rsa_key(key.octets) : ec_key(key.octets);
}

base::Result<PublicKey> from_openssl(Algorithm algorithm, const EVP_PKEY* key) {
  TLD_TRY(std::string text,
          algorithm == Algorithm::rsasha256 ? rsa_octets_of(key) : ec_octets_of(key));
  return PublicKey{algorithm, std::move(text)};
}

base::Result<std::string> rsa_octets(std::string_view modulus, std::string_view exponent) {
  modulus.remove_prefix(std::min(modulus.find_first_not_of('\0'), modulus.size()));
  exponent.remove_prefix(std::min(exponent.find_first_not_of('\0'), exponent.size()));
  if (modulus.empty() || exponent.empty() || exponent.size() > 0xffff) {
    return base::invalid_input("not an RSA public key");
  }
  std::string out;
  if (exponent.size() >= 256) out += {'\0', static_cast<char>(exponent.size() >> 8)};
  out += static_cast<char>(exponent.size() & 0xff);
  return out.append(exponent).append(modulus);
}

std::string ecdsa_to_der(std::string_view r_and_s) {
  if (r_and_s.size() != 2 * p256_octets) return {};
  const EcdsaSignature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), big_number(r_and_s.substr(0, p256_octets)).release(),
                 big_number(r_and_s.substr(p256_octets)).release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::string ecdsa_from_der(std::string_view der) {
  const unsigned char* data = for_openssl(der);
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())));
  if (!signature) return {};
  std::string out(2 * p256_octets, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), to, p256_octets) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), to + p256_octets, p256_octets) < 0) {
    return {};
  }
  return out;
}

base::Result<RsaNumbers> rsa_numbers(std::string_view octets) {
  TLD_TRY(const RsaParts parts, split_rsa(octets));
  return RsaNumbers{std::string(parts.modulus), std::string(parts.exponent)};
}

base::Result<std::string> random_octets(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1) {
    return out;
  }
  return base::internal("OpenSSL has no random octets: " + openssl_reason());
}

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "no reason given";
}

}  // namespace tld::hsm
