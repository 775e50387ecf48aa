// SPDX-License-Identifier: GPL-2.0-only
//
// RR types by number (IANA registry) and as text (mnemonic or TYPEnnn, RFC 3597 §5).
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::dns {

// An open enumeration: any 16-bit value is a valid RRType.
enum class RRType : std::uint16_t {
  A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, HINFO = 13, MX = 15, TXT = 16, AAAA = 28, LOC = 29,
  SRV = 33, NAPTR = 35, DNAME = 39, DS = 43, SSHFP = 44, RRSIG = 46, NSEC = 47, DNSKEY = 48,
  NSEC3 = 50, NSEC3PARAM = 51, TLSA = 52, CDS = 59, CDNSKEY = 60, ZONEMD = 63, SVCB = 64,
  HTTPS = 65, SPF = 99, ANY = 255, CAA = 257, LUA = 65402, ALIAS = 65401,
};

constexpr std::uint16_t number(RRType type) { return static_cast<std::uint16_t>(type); }
std::string to_text(RRType type);
base::Result<RRType> rrtype_from_text(std::string_view text);

}  // namespace tld::dns
