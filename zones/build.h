// SPDX-License-Identifier: GPL-2.0-only
//
// Checked content → Zone: zone cuts, glue, empty non-terminals, the NSEC3 ring with the type
// bitmaps that PowerDNS will build, and a slot for each RRset to sign. Always the whole zone; ADR 1
// says how changes are to come on top.
//
// Thread rule: a pure function.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "base/result.h"
#include "dns/rdata.h"
#include "dns/rrtype.h"
#include "zones/check.h"
#include "zones/zone.h"

namespace tld::zones {

struct BuildOptions {
  dns::Nsec3Parameters nsec3;
  // DNSKEY, CDS, CDNSKEY as the signed-key file has them: only for the bitmap of the apex NSEC3.
  std::set<dns::RRType> apex_precomputed_types;
  std::uint32_t serial = 0;  // the SOA's, from Store::publish
};

// Errors: refused when two names have one NSEC3 hash (RFC 5155 §7.1 step 7: change the salt).
// The Zone keeps `checked`'s octets alive; nothing is copied.
base::Result<std::shared_ptr<const Zone>> build(const CheckedContent& checked,
                                                const BuildOptions& options);

}  // namespace tld::zones
