// SPDX-License-Identifier: GPL-2.0-only
//
// When a signature starts and ends, and when it is made anew: pure functions of policy, owner name
// and time.
//
// Expirations of an owner's signatures lie on a grid whose period is `validity - refresh` and whose
// phase comes from the owner name. A signature made at any time takes the last grid point within
// `validity`; it is made anew when less than `refresh` is left, and then gets the next grid point,
// at the full validity. So the load is flat, first signatures are spread over (refresh, validity],
// and all nodes choose the same expiration.
//
// Thread rule: pure functions.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"

namespace tld::signer {

struct SignaturePolicy {
  std::chrono::seconds validity = std::chrono::days{30};        // from now to expiration, at most
  std::chrono::seconds refresh = std::chrono::days{3};          // made anew with less than this left
  std::chrono::seconds inception_offset = std::chrono::hours{1};  // inception lies so far back
};

// refused unless 0 < refresh < validity / 2, and validity < 2^31 s (RFC 4034 §3.1.5).
base::Status check(const SignaturePolicy& policy);

struct Validity {
  std::uint32_t inception = 0;   // seconds since 1970, modulo 2^32 (RFC 4034 §3.1.5)
  std::uint32_t expiration = 0;
};

Validity validity_at(const SignaturePolicy& policy, dns::NameView owner, base::Time now);

// Seconds from `now` to `stamp`, negative when past (RFC 1982 arithmetic).
std::chrono::seconds until(std::uint32_t stamp, base::Time now);

inline bool needs_refresh(const SignaturePolicy& policy, const Validity& v, base::Time now) {
  return until(v.expiration, now) < policy.refresh;
}

// Not valid yet: made by a clock that was ahead.
inline bool is_early(const Validity& v, base::Time now) {
  return until(v.inception, now) > std::chrono::seconds{0};
}

// May be served now: valid, and for longer than the answer can stay in any cache.
inline bool may_be_served(const Validity& v, base::Time now, std::chrono::seconds longest_cached) {
  return !is_early(v, now) && until(v.expiration, now) > longest_cached;
}

}  // namespace tld::signer
