// SPDX-License-Identifier: GPL-2.0-only
//
// The RRSIG gate: the only octets that a token's keys sign are RRSIG input (RFC 4034 §3.1.8.1) for
// zones that the key is configured for. Refusals carry the name of the check that failed:
//
//   RRSIG-FORM         header, names or RRs are cut off, not canonical, or something trails
//   RRSIG-TYPE         DNSKEY, CDS, CDNSKEY (the KSK's business), RRSIG, or a meta type
//   RRSIG-ALGORITHM    not the key's algorithm
//   RRSIG-SIGNER       the signer is not a zone of this key
//   RRSIG-VALIDITY     inception after expiration, or longer than maximum-validity
//   RRSIG-EXPIRED      expiration is not in the future
//   RRSIG-AHEAD        inception is later than now + 5 minutes (and so expiration never later than
//                      now + maximum-validity + 5 minutes)
//   RRSIG-OWNER        not one owner at or below the signer
//   RRSIG-LABELS       the labels field does not fit the owner
//   RRSIG-RRSET        not one RRset: type, class IN, TTL equal to the original TTL, sorted, no
//   twins
//
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "hsm/key.h"

namespace tld::hsm {

// A zone that a key may sign for.
struct GateZone {
  std::string apex;  // wire form, lower case
  std::chrono::seconds maximum_validity;
};

// ok, or refused with "NAME: reason".
base::Status check_rrsig_input(std::string_view message, Algorithm key_algorithm,
                               std::span<const GateZone> zones_of_key, base::Time now);

}  // namespace tld::hsm
