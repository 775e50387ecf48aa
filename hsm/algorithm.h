// SPDX-License-Identifier: GPL-2.0-only
//
// The one table of what differs between signature algorithms: DNSSEC names, sizes, PKCS #11
// mechanisms. Whoever needs such a fact asks here.
//
// Thread rule: pure functions over constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "hsm/key.h"

namespace tld::hsm {

struct AlgorithmFacts {
  Algorithm algorithm;
  const char* mnemonic;    // IANA "DNS Security Algorithm Numbers"
  unsigned default_bits;   // of keys that we make
  unsigned smallest_bits;  // of keys that we accept
  unsigned largest_bits;
  std::size_t signature_octets;      // 0: as long as the modulus
  unsigned long key_type;            // CKK_*
  unsigned long generate_mechanism;  // CKM_*_KEY_PAIR_GEN
  unsigned long sign_mechanism;      // CKM_*
  bool hashed_before_token;          // the token gets SHA-256(message), not the message
};

std::span<const AlgorithmFacts> algorithms();
const AlgorithmFacts& facts(Algorithm algorithm);
// nullptr when we do not sign with that DNSSEC algorithm number or mnemonic.
const AlgorithmFacts* find_algorithm(std::uint8_t number);
const AlgorithmFacts* find_algorithm(std::string_view mnemonic);

}  // namespace tld::hsm
