// SPDX-License-Identifier: GPL-2.0-only
//
// ECDSA verification (FIPS 186-5 §6.4.2) with one P-256 key again and again: OpenSSL's tables of
// multiples, which it has for the curve's base point, made for the public key's point too. Takes
// two thirds of the time of EVP_PKEY_verify; all arithmetic is OpenSSL's. ADR 9.
//
// Thread rule: immutable after make(), safe to share between threads.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace tld::hsm {

class P256Table {
 public:
  // `point`: 64 octets, already known to be on the curve. Takes some milliseconds, and 150 KiB.
  // internal: OpenSSL makes no table, or one that is wrong; or there is no memory.
  static base::Result<P256Table> make(std::string_view point);

  P256Table(P256Table&&) noexcept;
  P256Table& operator=(P256Table&&) noexcept;
  ~P256Table();

  // `signature`: r and s, 32 octets each (RFC 6605 §4). False also when OpenSSL has no memory.
  // Leaves OpenSSL's error queue as it was.
  bool verify(const base::Sha256& hash, std::string_view signature) const;

 private:
  struct State;
  explicit P256Table(std::unique_ptr<State> state);
  static base::Result<P256Table> make_or_throw(std::string_view point);
  std::unique_ptr<State> state_;
};

}  // namespace tld::hsm
