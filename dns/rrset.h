// SPDX-License-Identifier: GPL-2.0-only
//
// An RRset in canonical form: owner and names inside the RDATA in lower case (RFC 4034 §6.2, with
// the types of RFC 6840 §5.1), records in canonical order without duplicates (§6.3), one TTL
// (RFC 2181 §5.2). Class is always IN.
//
// Thread rule: values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rrtype.h"

namespace tld::dns {

inline constexpr std::uint16_t class_in = 1;
inline constexpr std::uint32_t max_ttl = 0x7fffffff;  // RFC 2181 §8

// RDATA of `type` as given on the wire (uncompressed) → canonical form. Refuses RDATA whose shape
// does not fit its type; types that this table does not know are taken as opaque (RFC 3597 §7).
base::Result<std::string> canonical_rdata(RRType type, std::string_view rdata);

// RFC 4034 §6.3 order and no duplicates. REQUIRES: each element in canonical form.
void canonicalise(std::vector<std::string>& rdatas);

struct RRset {
  Name owner;
  RRType type = RRType::A;
  std::uint32_t ttl = 0;             // seconds; RFC 2181: at most max_ttl
  std::vector<std::string> rdatas;   // canonical, sorted, no duplicates
};

// The presentation form of RDATA: mnemonic fields for the types that a TLD zone holds (A AAAA NS
// CNAME PTR MX SOA TXT DS DNSKEY CDS CDNSKEY RRSIG NSEC3 NSEC3PARAM CAA SRV TLSA SSHFP, and others of
// rdata_fields.cc's table), else, or when the RDATA does not fit its type, RFC 3597's "\# length hex".
std::string rdata_text(RRType type, std::string_view rdata);

}  // namespace tld::dns
