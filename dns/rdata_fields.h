// SPDX-License-Identifier: GPL-2.0-only
//
// Inside dns/ only: what RDATA is made of, type by type, in one table. Canonical form and
// presentation form both follow from it.
//
// Thread rule: pure functions. Lifetime: a field's octets are those of the RDATA that was split.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "dns/rrtype.h"

namespace tld::dns {

enum class FieldKind : std::uint8_t {
  end,  // of the list of fields
  u8,
  u16,
  u32,
  time,       // 32 bits, RFC 4034 §3.1.5
  type_code,  // an RR type
  ipv4,
  ipv6,
  name,            // lowered in canonical form
  name_as_it_is,   // not lowered
  string,          // one <character-string>
  strings,         // one or more, to the end
  property_tag,    // RFC 8659 §4.1: as a string, of letters and digits
  text_to_end,     // octets that are text
  hex_to_end,      // at least one octet
  base64_to_end,   // at least one octet
  salt,            // length octet, 0 to 255 octets; base16
  hash,            // length octet, 1 to 255 octets; base32hex
  type_bitmap,     // RFC 4034 §4.1.2
  octets_16,       // LOC, RFC 1876 §2
  service_params,  // RFC 9460 §2.2
  a6_address,      // RFC 2874 §3.1, with the name that may follow
  opaque_to_end,
};

inline constexpr std::size_t max_fields = 9;

struct RdataFormat {
  RRType type;
  bool has_text;  // a presentation form that every zone-file reader of today knows
  std::array<FieldKind, max_fields> fields;
};

// nullptr: not in the table.
const RdataFormat* rdata_format(RRType type);

struct Field {
  FieldKind kind = FieldKind::end;
  std::string_view octets;  // the whole field, length octets included
};

struct Fields {
  std::array<Field, max_fields> all;
  std::size_t count = 0;
  const Field* begin() const { return all.data(); }
  const Field* end() const { return all.data() + count; }
};

// invalid_input when `rdata` is too short, too long, or a field breaks the rules of its kind.
base::Result<Fields> split_rdata(const RdataFormat& format, std::string_view rdata);

}  // namespace tld::dns
