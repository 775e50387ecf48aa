// SPDX-License-Identifier: GPL-2.0-only
#include "zones/stored_rows.h"

#include <arpa/inet.h>

#include <limits>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "dns/rrset.h"

namespace tld::zones {

using base::Result;
using dns::RRType;

base::Error bad_row(const char* table, const std::string& row, const std::string& rule) {
  return base::invalid_input(std::string("table ") + table + ", row " + row + ": " + rule);
}

std::string shown(const std::string& text) {
  std::string result = "\"";
  for (const char c : text.substr(0, 100)) result += c >= 0x20 && c < 0x7f ? c : '?';
  return result + "\"";
}

Result<dns::Name> stored_name(const std::string& text) {
  auto name = dns::Name::from_text(text);
  if (name.has_error()) return name.error().in(shown(text));
  if (name.value().text() == text) return name;
  return base::invalid_input(shown(text) + " is not written as " + name.value().text());
}

Result<std::uint32_t> stored_number(long long value, long long limit, const char* column) {
  if (value >= 0 && value <= limit) return static_cast<std::uint32_t>(value);
  return base::invalid_input(std::string(column) + " " + std::to_string(value) +
                             " is not between 0 and " + std::to_string(limit));
}

Result<StoredRdata> stored_address(const std::string& text) {
  const bool v4 = text.find(':') == std::string::npos;
  char octets[16];
  char again[INET6_ADDRSTRLEN] = "";
  const int family = v4 ? AF_INET : AF_INET6;
  if (inet_pton(family, text.c_str(), octets) != 1 ||
      inet_ntop(family, octets, again, sizeof again) != text) {
    return base::invalid_input("address is not an IP address in its usual form");
  }
  return StoredRdata{v4 ? RRType::A : RRType::AAAA,
                     std::string(octets, v4 ? std::size_t{4} : std::size_t{16})};
}

Result<std::string> stored_soa(const StoredSoa& row) {
  constexpr long long limit = std::numeric_limits<std::uint32_t>::max();
  dns::Soa soa;
  TLD_TRY(soa.mname, stored_name(row.mname));
  TLD_TRY(soa.rname, stored_name(row.rname));
  TLD_TRY(soa.serial, stored_number(row.serial, limit, "soa_serial"));
  TLD_TRY(soa.refresh, stored_number(row.refresh, limit, "soa_refresh"));
  TLD_TRY(soa.retry, stored_number(row.retry, limit, "soa_retry"));
  TLD_TRY(soa.expire, stored_number(row.expire, limit, "soa_expire"));
  TLD_TRY(soa.minimum, stored_number(row.minimum, limit, "soa_minimum"));
  return soa.wire();
}

Result<std::string> stored_ds(const StoredDs& row) {
  dns::Ds ds;
  TLD_TRY(const auto tag, stored_number(row.key_tag, 0xffff, "key_tag"));
  TLD_TRY(const auto algorithm, stored_number(row.algorithm, 0xff, "algorithm"));
  TLD_TRY(const auto type, stored_number(row.digest_type, 0xff, "digest_type"));
  ds.key_tag = static_cast<std::uint16_t>(tag);
  ds.algorithm = static_cast<std::uint8_t>(algorithm);
  ds.digest_type = static_cast<std::uint8_t>(type);
  auto octets = base::from_hex(row.digest);
  if (octets.has_error() || octets.value().empty() || base::to_hex(octets.value()) != row.digest) {
    return base::invalid_input("digest " + shown(row.digest) + " is not lower-case base16");
  }
  ds.digest = std::move(octets).value();
  return dns::canonical_rdata(RRType::DS, ds.wire());
}

Result<StoredRdata> stored_rdata(RdataParser& parser, const std::string& type_text,
                                 const std::string& rdata_text, bool at_apex) {
  const auto type = dns::rrtype_from_text(type_text);
  if (type.has_error() || to_text(type.value()) != type_text) {
    return base::invalid_input("type " + shown(type_text) + " is not a record type");
  }
  if (type.value() == RRType::A || type.value() == RRType::AAAA ||
      (type.value() == RRType::NS && !at_apex) || (type.value() == RRType::SOA && at_apex)) {
    return base::invalid_input(type_text + " has a table of its own");
  }
  auto rdata = parser.parse_text(type.value(), rdata_text);
  if (rdata.has_error()) return rdata.error().in("rdata " + shown(rdata_text));
  return StoredRdata{type.value(), std::move(rdata).value()};
}

}  // namespace tld::zones
