// SPDX-License-Identifier: GPL-2.0-only
//
// Verification in software (OpenSSL), independent of any token: what every signature passes before
// anybody can see it.
//
// Thread rule: a Verifier is immutable after make() and safe to share between threads.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "hsm/key.h"

namespace tld::hsm {

class Verifier {
 public:
  // How often it will verify: with an ECDSA key, `often` pays once it has done some hundred times.
  enum class Use { seldom, often };

  // invalid_input when the octets are no key of that algorithm (a point off the curve, an RSA
  // modulus outside 1024..4096 bits, an even exponent or modulus).
  static base::Result<Verifier> make(const PublicKey& key, Use use = Use::seldom);

  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;
  ~Verifier();

  // True only for a correct signature in DNSSEC form of exactly `message`.
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  struct State;
  explicit Verifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tld::hsm
