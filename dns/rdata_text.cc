// SPDX-License-Identifier: GPL-2.0-only
//
// RDATA as zone-file text.
#include <arpa/inet.h>

#include <chrono>
#include <cstdio>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "dns/rdata_fields.h"
#include "dns/rrset.h"
#include "dns/text.h"
#include "dns/wire.h"

namespace tld::dns {
namespace {

// RFC 4034 §3.2: YYYYMMDDHHmmSS in UTC; 32 bits reach the year 2106.
std::string time_text(std::uint32_t time) {
  using namespace std::chrono;
  const sys_seconds at{seconds{time}};
  const auto midnight = floor<days>(at);
  const year_month_day date{midnight};
  const hh_mm_ss clock{at - midnight};
  char out[40];
  std::snprintf(out, sizeof out, "%04d%02u%02u%02d%02d%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return out;
}

std::string address_text(int family, std::string_view octets) {
  char out[INET6_ADDRSTRLEN];
  return inet_ntop(family, octets.data(), out, sizeof out);
}

std::string strings_text(std::string_view octets) {
  std::string out;
  for (Reader in(octets); !in.complete();) {
    if (!out.empty()) out += ' ';
    out += quoted(in.counted());
  }
  return out;
}

std::string types_text(std::string_view bitmap) {
  std::string out;
  const auto types = types_of_bitmap(bitmap);
  for (const RRType type : types.value()) {
    if (!out.empty()) out += ' ';
    out += to_text(type);
  }
  return out;
}

// REQUIRES: `field` comes from split_rdata() and its kind has a text form.
std::string field_text(const Field& field) {
  const std::string_view octets = field.octets;
  switch (field.kind) {
    case FieldKind::time:
      return time_text(number_of(octets));
    case FieldKind::type_code:
      return to_text(static_cast<RRType>(number_of(octets)));
    case FieldKind::ipv4:
      return address_text(AF_INET, octets);
    case FieldKind::ipv6:
      return address_text(AF_INET6, octets);
    case FieldKind::name:
    case FieldKind::name_as_it_is:
      return NameView::trusted(octets).text();
    case FieldKind::string:
    case FieldKind::strings:
      return strings_text(octets);
    case FieldKind::property_tag:
      return std::string(octets.substr(1));
    case FieldKind::text_to_end:
      return quoted(octets);
    case FieldKind::hex_to_end:
      return base::to_hex(octets);
    case FieldKind::base64_to_end:
      return base::to_base64(octets);
    case FieldKind::salt:
      return octets.size() == 1 ? "-" : base::to_hex(octets.substr(1));
    case FieldKind::hash:
      return base32hex_text(octets.substr(1));
    case FieldKind::type_bitmap:
      return types_text(octets);
    default:
      return std::to_string(number_of(octets));  // u8, u16, u32
  }
}

std::string generic_text(std::string_view rdata) {  // RFC 3597 §5
  std::string out = "\\# " + std::to_string(rdata.size());
  if (!rdata.empty()) out += ' ' + base::to_hex(rdata);
  return out;
}

}  // namespace

std::string rdata_text(RRType type, std::string_view rdata) {
  const RdataFormat* const format = rdata_format(type);
  if (format == nullptr || !format->has_text) return generic_text(rdata);
  const auto fields = split_rdata(*format, rdata);
  if (!fields) return generic_text(rdata);
  std::string out;
  for (const Field& field : fields.value()) {
    const std::string text = field_text(field);
    if (!out.empty() && !text.empty()) out += ' ';  // a bitmap without types is no text
    out += text;
  }
  return out;
}

}  // namespace tld::dns
