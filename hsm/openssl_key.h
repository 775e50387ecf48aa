// SPDX-License-Identifier: GPL-2.0-only
//
// Public keys and signatures between DNSSEC's form and OpenSSL's.
//
// Thread rule: pure functions.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hsm/key.h"

namespace tld::hsm {

// Calls a C library's free function: OpenSslPtr<EVP_PKEY, EVP_PKEY_free>.
template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
template <class T, auto Free>
using OpenSslPtr = std::unique_ptr<T, FreeWith<Free>>;
using EvpKey = OpenSslPtr<EVP_PKEY, EVP_PKEY_free>;
using EvpKeyContext = OpenSslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

// As OpenSSL's functions take octets.
inline const unsigned char* for_openssl(std::string_view octets) {
  return reinterpret_cast<const unsigned char*>(octets.data());
}

// invalid_input when the octets are no key of that algorithm: see Verifier::make.
base::Result<EvpKey> to_openssl(const PublicKey& key);
base::Result<PublicKey> from_openssl(Algorithm algorithm, const EVP_PKEY* key);

// RFC 3110 §2: exponent and modulus, big-endian, leading zeros are removed.
base::Result<std::string> rsa_octets(std::string_view modulus, std::string_view exponent);
struct RsaNumbers {
  std::string modulus, exponent;  // big-endian, without leading zeros
};
base::Result<RsaNumbers> rsa_numbers(std::string_view octets);

// RFC 6605 §4: r | s, 32 octets each, against OpenSSL's DER. Empty when not in that form.
std::string ecdsa_to_der(std::string_view r_and_s);
std::string ecdsa_from_der(std::string_view der);

base::Result<std::string> random_octets(std::size_t count);

// What OpenSSL last complained about, for messages; clears its error queue.
std::string openssl_reason();

}  // namespace tld::hsm
