// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/verify.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "hsm/openssl_key.h"
#include "hsm/p256_table.h"

namespace tld::hsm {

struct Verifier::State {
  Algorithm algorithm;
  EvpKey key;
  // Ready to verify; each call works on a copy, which spares OpenSSL's search for the algorithm.
  EvpKeyContext prepared;
  std::optional<P256Table> table;

  bool verify(const base::Sha256& hash, std::string_view signature) const;
};

Verifier::Verifier(std::unique_ptr<State> state) : state_(std::move(state)) {}
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;
Verifier::~Verifier() = default;

base::Result<Verifier> Verifier::make(const PublicKey& key, Use use) {
  TLD_TRY(EvpKey evp, to_openssl(key));
  EvpKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, evp.get(), nullptr));
  const bool rsa = key.algorithm == Algorithm::rsasha256;
  if (!context || EVP_PKEY_verify_init(context.get()) != 1 ||
      (rsa && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1) ||
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1) {
    return base::internal("OpenSSL cannot verify " + std::string(to_string(key.algorithm)) + ": " +
                          openssl_reason());
  }
  std::optional<P256Table> table;
  if (!rsa && use == Use::often) {
    // Without one everything is right, and slower.
    if (auto made = P256Table::make(key.octets)) table = std::move(made).value();
  }
  return Verifier(std::make_unique<State>(
      State{key.algorithm, std::move(evp), std::move(context), std::move(table)}));
}

bool Verifier::verify(std::string_view message, std::string_view signature) const {
  const base::Sha256 hash = base::sha256(message);
  // What it says is wrong has the usual way's word before a token's breaker hears of it.
  if (state_->table && state_->table->verify(hash, signature)) return true;
  return state_->verify(hash, signature);
}

bool Verifier::State::verify(const base::Sha256& hash, std::string_view signature) const {
  std::string der;
  if (algorithm == Algorithm::ecdsap256sha256) {
    der = ecdsa_to_der(signature);
    signature = der;
  }
  const EvpKeyContext context(EVP_PKEY_CTX_dup(prepared.get()));
  const bool right = context && !signature.empty() &&
                     EVP_PKEY_verify(context.get(), for_openssl(signature), signature.size(),
                                     hash.data(), hash.size()) == 1;
  if (!right) ERR_clear_error();
  return right;
}

}  // namespace tld::hsm
