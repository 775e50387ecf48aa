// SPDX-License-Identifier: GPL-2.0-only
//
// Feeds (type, RDATA) to all that reads RDATA. Input: two octets of type, then the RDATA.
// It asserts what must hold for any octets: canonical form is a fixed point of the same length,
// what is canonical for its type is read by the type's struct and written back as it was, text is
// one printable line.
#include <cstdlib>

#include "dns/rdata.h"
#include "dns/rrset.h"

namespace {

using namespace tld;

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Struct>
void read_and_write(std::string_view rdata) {
  const auto read = Struct::from_wire(rdata);
  if (!read) return;
  const std::string written = read.value().wire();
  require(written.size() == rdata.size());
  require(Struct::from_wire(written).value().wire() == written);
}

void read_as_structs(std::string_view rdata) {
  read_and_write<dns::Dnskey>(rdata);
  read_and_write<dns::Ds>(rdata);
  read_and_write<dns::Soa>(rdata);
  read_and_write<dns::Rrsig>(rdata);
  read_and_write<dns::Nsec3>(rdata);
  if (const auto key = dns::Dnskey::from_wire(rdata)) (void)key.value().key_tag();
  const auto types = dns::types_of_bitmap(rdata);
  if (types) require(dns::type_bitmap(types.value()) == rdata);
}

void check_name(std::string_view octets) {
  const auto name = dns::Name::from_wire(octets);
  require(name.has_value() == (!octets.empty() && dns::name_length(octets) == octets.size()));
  if (name) require(dns::Name::from_text(name.value().text()).value() == name.value());
  const auto from_text = dns::Name::from_text(octets);
  if (from_text)
    require(dns::Name::from_wire(from_text.value().wire()).value() == from_text.value());
  (void)dns::nsec3_hash_from_base32hex(octets);
}

void check_text(dns::RRType type, std::string_view rdata) {
  const std::string text = dns::rdata_text(type, rdata);
  require(!text.empty());
  for (const char c : text) require(c >= ' ' && c <= '~');
}

void check_canonical(dns::RRType type, std::string_view rdata) {
  const auto once = dns::canonical_rdata(type, rdata);
  if (!once) return;
  require(once.value().size() == rdata.size());
  require(dns::canonical_rdata(type, once.value()).value() == once.value());
  if (type == dns::RRType::SOA) require(dns::Soa::from_wire(rdata).value().wire() == once.value());
  if (type == dns::RRType::RRSIG)
    require(dns::Rrsig::from_wire(rdata).value().wire() == once.value());
  if (type == dns::RRType::DS) require(dns::Ds::from_wire(rdata).value().wire() == once.value());
  if (type == dns::RRType::DNSKEY) {
    require(dns::Dnskey::from_wire(rdata).value().wire() == once.value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const auto type = static_cast<dns::RRType>(data[0] << 8 | data[1]);
  const std::string_view rdata(reinterpret_cast<const char*>(data) + 2, size - 2);
  require(dns::rrtype_from_text(dns::to_text(type)).value() == type);
  check_canonical(type, rdata);
  check_text(type, rdata);
  read_as_structs(rdata);
  check_name(rdata);
  return 0;
}
