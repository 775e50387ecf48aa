// SPDX-License-Identifier: GPL-2.0-only
//
// A whole signed zone as a zone file (RFC 1035 §5), for those who verify it: the records that a
// transfer has, the NSEC3 ones included, in no particular order but for the SOA, which is first.
//
// Thread rule: pure function but for the stream; the zone may serve meanwhile.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/rdata.h"
#include "dns/rrset.h"
#include "signer/signed_zone.h"

namespace tld::publish {

// An RRset of the apex that was signed ahead of time (DNSKEY, CDS, CDNSKEY).
struct PrecomputedRRset {
  dns::RRset rrset;
  std::vector<dns::Rrsig> rrsigs;
};

// unavailable: an RRset has no signature that may be served `now` (it is SERVFAIL then, never
// bogus), or the stream failed.
base::Status write_signed_zone(const signer::SignedZone& zone,
                               const std::vector<PrecomputedRRset>& precomputed, base::Time now,
                               std::ostream& out);

}  // namespace tld::publish
