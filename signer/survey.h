// SPDX-License-Identifier: GPL-2.0-only
//
// One look at all signatures of a zone: which are missing, which is the first to expire, and how
// long answers go on if from now on no signature is made. For what an operator watches.
//
// Costs a few hundred nanoseconds for each RRset that is signed, and takes no lock: signatures may
// be put in meanwhile.
//
// Thread rule: a pure function; values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "signer/signed_zone.h"

namespace tld::signer {

struct Survey {
  base::Time at{};
  std::uint32_t serial = 0;
  std::size_t rrsets = 0;  // that need a signature by each signing key
  // RRsets that lack, for a signing key, a signature that may be served now.
  std::size_t unservable = 0;
  struct MadeBy {
    UsedKey key;
    std::size_t signatures = 0;
  };
  std::vector<MadeBy> keys;                       // as the zone had them
  std::optional<base::Time> earliest_expiration;  // of those that are served; none: none is
  // From then on an RRset has no signature that may be served, if none is made; `at` when one has
  // none now. Only ZSKs count: the signed-key file has an end of its own.
  base::Time safe_until{};
};

// `cache_ttl`: as long as a made answer may be given again (PowerDNS's packet cache).
Survey survey(const SignedZone& zone, base::Time now, std::chrono::seconds cache_ttl);

}  // namespace tld::signer
