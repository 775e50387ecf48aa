// SPDX-License-Identifier: GPL-2.0-only
//
// From the signed-key file in use to the next one. A server reads one file: where the next starts
// later, the two become one, the old slots up to there and the new ones behind.
//
// Thread rule: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "dns/rdata.h"
#include "keys/signed_keys.h"

namespace tld::keys {

struct TakeOver {
  const SignedKeys* in_use = nullptr;  // null: the first file
  base::Time now;
  std::span<const dns::Dnskey> zsks;  // that sign the zone now
  bool ds_at_parent = false;          // the DS of a KSK that comes is at the parent already
};

// The text to install: `octets`, which is what `fresh` was read from, or that with slots of the
// file in use in front of it. It has been read back and has passed SignedKeys::check() for now.
// Errors: SKR-... of that, and
//   SKR-CHAIN  what caches have of one slot does not fit the next: no ZSK or no KSK in common, in
//              `fresh` or where it takes over; a gap between the files; or the files cannot become
//              one (other policy, other grid of slots, other types)
base::Result<std::string> take_over(const SignedKeys& fresh, std::string_view octets,
                                    const TakeOver& with);

}  // namespace tld::keys
