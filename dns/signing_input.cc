// SPDX-License-Identifier: GPL-2.0-only
#include "dns/signing_input.h"

#include <cassert>

#include "dns/wire.h"

namespace tld::dns {

std::string signed_records(const RRsetView& rrset) {
  std::string head(
      rrset.owner.wire());  // RR(i) = owner | type | class | TTL | RDATA length | RDATA
  put_u16(head, number(rrset.type));
  put_u16(head, class_in);
  put_u32(head, rrset.ttl);
  std::size_t size = 0;
  for (const std::string_view rdata : rrset.rdatas) size += head.size() + 2 + rdata.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view rdata : rrset.rdatas) {
    assert(rdata.size() <= 0xffff);
    out += head;
    put_u16(out, static_cast<std::uint16_t>(rdata.size()));
    out += rdata;
  }
  return out;
}

std::string signing_input(const Rrsig& rrsig, std::string_view signed_records) {
  return rrsig.wire_without_signature().append(signed_records);
}

std::string without_times(std::string_view input) {
  // RFC 4034 §3.1: type covered, algorithm, labels and original TTL are 8 octets, the times 8 more.
  constexpr std::size_t times_at = 8, times_octets = 8;
  assert(input.size() >= times_at + times_octets);
  return std::string(input.substr(0, times_at)).append(input.substr(times_at + times_octets));
}

}  // namespace tld::dns
