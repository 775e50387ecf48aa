// SPDX-License-Identifier: GPL-2.0-only
//
// One zone-file line of a signed-key file: "<apex> <ttl> IN DNSKEY|CDS|CDNSKEY|RRSIG <rdata>". A
// small strict subset of RFC 1035 §5.1: one line, no escapes in fields, no comments, no omitted
// fields, decimal numbers without leading zeros (keys/README.md says why not a general parser).
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rrtype.h"

namespace tld::keys {

struct RecordLine {
  dns::Name owner;
  std::uint32_t ttl = 0;  // seconds
  dns::RRType type = dns::RRType::DNSKEY;
  std::string rdata;  // wire form
};

// invalid_input says which field is wrong and what it must be.
base::Result<RecordLine> read_record_line(std::string_view line);

// Without newline. REQUIRES: record.type is one of the four.
std::string record_line(const RecordLine& record);

}  // namespace tld::keys
