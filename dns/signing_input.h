// SPDX-License-Identifier: GPL-2.0-only
//
// The octets that an RRSIG signs: RRSIG_RDATA | RR(1) | RR(2) ... (RFC 4034 §3.1.8.1).
//
// Thread rule: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dns/rdata.h"
#include "dns/rrset.h"

namespace tld::dns {

// An RRset that somebody else keeps. REQUIRES: canonical, as RRset.
struct RRsetView {
  NameView owner;
  RRType type = RRType::A;
  std::uint32_t ttl = 0;
  std::span<const std::string_view> rdatas;
};

// RR(1) | RR(2) ...: independent of key and validity. The owner goes in as it is: wildcard
// expansion is not supported (zones here hold no wildcards).
std::string signed_records(const RRsetView& rrset);

// The whole input for `rrsig`, whose signature field is ignored.
std::string signing_input(const Rrsig& rrsig, std::string_view signed_records);

// The input less the Signature Expiration and Inception fields (RFC 4034 §3.1.5): what stays the
// same when a signature is made anew. REQUIRES: `input` came from signing_input().
std::string without_times(std::string_view input);

}  // namespace tld::dns
