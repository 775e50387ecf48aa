// SPDX-License-Identifier: GPL-2.0-only
#include "dns/rrset.h"

#include <algorithm>

#include "dns/rdata_fields.h"
#include "dns/text.h"
#include "dns/wire.h"

namespace tld::dns {
namespace {

void append_folded(std::string& out, std::string_view octets) {
  for (const char c : octets) out += fold(c);
}

void append_canonical(std::string& out, const Field& field) {
  if (field.kind == FieldKind::name) {
    append_folded(out, field.octets);
  } else if (field.kind == FieldKind::a6_address) {
    const std::size_t address = 1 + (128 - number_of(field.octets.substr(0, 1)) + 7) / 8;
    out += field.octets.substr(0, address);
    append_folded(out, field.octets.substr(address));
  } else {
    out += field.octets;
  }
}

}  // namespace

base::Result<std::string> canonical_rdata(RRType type, std::string_view rdata) {
  if (rdata.size() > 0xffff) {
    return base::invalid_input(to_text(type) + " RDATA is longer than 65535 octets");
  }
  const RdataFormat* const format = rdata_format(type);
  if (format == nullptr) return std::string(rdata);
  TLD_TRY(const Fields fields, split_rdata(*format, rdata));
  std::string out;
  out.reserve(rdata.size());
  for (const Field& field : fields) append_canonical(out, field);
  return out;
}

void canonicalise(std::vector<std::string>& rdatas) {
  // RFC 4034 §6.3: as unsigned octets, left-justified; std::string compares so.
  std::sort(rdatas.begin(), rdatas.end());
  rdatas.erase(std::unique(rdatas.begin(), rdatas.end()), rdatas.end());
}

}  // namespace tld::dns
