// SPDX-License-Identifier: GPL-2.0-only
#include "dns/rdata_fields.h"

#include <algorithm>
#include <string>

#include "dns/rdata.h"
#include "dns/wire.h"

namespace tld::dns {
namespace {

using enum FieldKind;

constexpr auto type(std::uint16_t number) {
  return static_cast<RRType>(number);
}

// `name` stands where RFC 4034 §6.2 item 3, as RFC 6840 §5.1 corrects it (HINFO has no names,
// NSEC's is not lowered), wants lower case; names of later types are `name_as_it_is` (RFC 3597 §7).
constexpr RdataFormat formats[] = {
    {RRType::A, true, {ipv4}},
    {RRType::NS, true, {name}},
    {type(3) /* MD */, false, {name}},
    {type(4) /* MF */, false, {name}},
    {RRType::CNAME, true, {name}},
    {RRType::SOA, true, {name, name, u32, u32, u32, u32, u32}},
    {type(7) /* MB */, false, {name}},
    {type(8) /* MG */, false, {name}},
    {type(9) /* MR */, false, {name}},
    {RRType::PTR, true, {name}},
    {RRType::HINFO, true, {string, string}},
    {type(14) /* MINFO */, false, {name, name}},
    {RRType::MX, true, {u16, name}},
    {RRType::TXT, true, {strings}},
    {type(17) /* RP */, true, {name, name}},
    {type(18) /* AFSDB */, true, {u16, name}},
    {type(21) /* RT */, true, {u16, name}},
    {type(24) /* SIG */, false, {type_code, u8, u8, u32, time, time, u16, name, base64_to_end}},
    {type(26) /* PX */, true, {u16, name, name}},
    {RRType::AAAA, true, {ipv6}},
    {RRType::LOC, false, {octets_16}},
    {type(30) /* NXT */, false, {name, opaque_to_end}},
    {RRType::SRV, true, {u16, u16, u16, name}},
    {RRType::NAPTR, true, {u16, u16, string, string, string, name}},
    {type(36) /* KX */, true, {u16, name}},
    {type(38) /* A6 */, false, {a6_address}},
    {RRType::DNAME, true, {name}},
    {RRType::DS, true, {u16, u8, u8, hex_to_end}},
    {RRType::SSHFP, true, {u8, u8, hex_to_end}},
    {RRType::RRSIG, true, {type_code, u8, u8, u32, time, time, u16, name, base64_to_end}},
    {RRType::NSEC, true, {name_as_it_is, type_bitmap}},
    {RRType::DNSKEY, true, {u16, u8, u8, base64_to_end}},
    {RRType::NSEC3, true, {u8, u8, u16, salt, hash, type_bitmap}},
    {RRType::NSEC3PARAM, true, {u8, u8, u16, salt}},
    {RRType::TLSA, true, {u8, u8, u8, hex_to_end}},
    {RRType::CDS, true, {u16, u8, u8, hex_to_end}},
    {RRType::CDNSKEY, true, {u16, u8, u8, base64_to_end}},
    {RRType::ZONEMD, true, {u32, u8, u8, hex_to_end}},
    {RRType::SVCB, false, {u16, name_as_it_is, service_params}},
    {RRType::HTTPS, false, {u16, name_as_it_is, service_params}},
    {RRType::SPF, true, {strings}},
    {RRType::CAA, true, {u8, property_tag, text_to_end}},
};
static_assert(std::ranges::is_sorted(formats, {}, [](const auto& f) { return number(f.type); }));

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Each reads one field that has rules of its own, and says whether it keeps them.
bool read_strings(Reader& in) {
  do in.counted();
  while (!in.failed() && in.left() > 0);
  return true;
}

bool read_property_tag(Reader& in) {
  const std::string_view tag = in.counted();
  return !tag.empty() && std::ranges::all_of(tag, is_letter_or_digit);
}

bool read_service_params(Reader& in) {
  int last_key = -1;
  while (!in.failed() && in.left() > 0) {
    const int key = in.u16();
    in.octets(in.u16());
    if (key <= last_key) return false;  // RFC 9460 §2.2: strictly ascending
    last_key = key;
  }
  return true;
}

bool read_a6_address(Reader& in) {
  const unsigned prefix_bits = in.u8();
  if (prefix_bits > 128) return false;
  in.octets((128 - prefix_bits + 7) / 8);
  if (prefix_bits > 0) in.name_octets();
  return true;
}

bool read_ruled_field(FieldKind kind, Reader& in) {
  switch (kind) {
    case strings:
      return read_strings(in);
    case property_tag:
      return read_property_tag(in);
    case service_params:
      return read_service_params(in);
    case a6_address:
      return read_a6_address(in);
    case hex_to_end:
    case base64_to_end:
      return !in.rest().empty();
    case hash:
      return !in.counted().empty();
    case type_bitmap:
      return types_of_bitmap(in.rest()).has_value();
    default:
      in.rest();
      return true;
  }
}

// False when the field breaks a rule of its kind; being too short shows in `in`.
bool read_field(FieldKind kind, Reader& in) {
  switch (kind) {
    case u8:
      in.octets(1);
      return true;
    case u16:
    case type_code:
      in.octets(2);
      return true;
    case u32:
    case time:
    case ipv4:
      in.octets(4);
      return true;
    case ipv6:
    case octets_16:
      in.octets(16);
      return true;
    case name:
    case name_as_it_is:
      in.name_octets();
      return true;
    case string:
    case salt:
      in.counted();
      return true;
    default:
      return read_ruled_field(kind, in);
  }
}

base::Error fault(const RdataFormat& format, const std::string& what) {
  return base::invalid_input(to_text(format.type) + " RDATA " + what);
}

}  // namespace

const RdataFormat* rdata_format(RRType type) {
  const auto* found = std::ranges::lower_bound(formats, number(type), {},
                                               [](const auto& f) { return number(f.type); });
  return found != std::end(formats) && found->type == type ? found : nullptr;
}

base::Result<Fields> split_rdata(const RdataFormat& format, std::string_view rdata) {
  Fields fields;
  Reader in(rdata);
  for (const FieldKind kind : format.fields) {
    if (kind == end) break;
    const std::size_t start = rdata.size() - in.left();
    const bool keeps_rules = read_field(kind, in);
    if (in.failed() || !keeps_rules) {
      return fault(format, "ends inside its field " + std::to_string(fields.count + 1) +
                               ", or that field breaks its rules");
    }
    fields.all[fields.count++] = {kind, rdata.substr(start, rdata.size() - in.left() - start)};
  }
  if (in.left() > 0) {
    return fault(format, "has " + std::to_string(in.left()) + " octets behind its last field");
  }
  return fields;
}

}  // namespace tld::dns
