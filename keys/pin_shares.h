// SPDX-License-Identifier: GPL-2.0-only
//
// A token's PIN, split so that k of n people together have it (Shamir's scheme, libgfshare with
// OpenSSL's random numbers). What is split is the PIN behind 32 random octets, and a verifier, a
// salted scrypt hash of both, tells whether shares give the right PIN: a wrong one is never tried
// on a token, which would lock. The verifier alone helps nobody to guess the PIN.
//
// Thread rule: one thread at a time: libgfshare's source of random numbers is a global.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tld::keys {

inline constexpr std::size_t max_shared_pin = 63;  // octets

struct PinShares {
  std::vector<std::string> shares;  // texts, one per person; secret
  std::string verifier;             // text; not secret
};

// invalid_input, PIN-SPLIT: not 2 <= threshold <= count <= 16, or a PIN of 0 or more than 63
// octets.
base::Result<PinShares> split_pin(std::string_view pin, unsigned threshold, unsigned count);

// The PIN; wipe it after use. Errors:
//   PIN-SYNTAX     (invalid_input) a text is no share, or no verifier
//   PIN-OTHER-SET  (refused) a share is of another split than the verifier
//   PIN-FEW        (refused) fewer different shares than the threshold
//   PIN-VERIFIER   (refused) a share is wrong: together they do not give the PIN
base::Result<std::string> combine_pin(const std::vector<std::string>& shares,
                                      std::string_view verifier);

}  // namespace tld::keys
