// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot.h"

#include <algorithm>
#include <iterator>

namespace tld::keys {
namespace {

// RRSIG times are taken as unsigned seconds since 1970: the reader refuses times beyond 2106.
base::Time as_time(std::uint32_t seconds) {
  return base::Time{std::chrono::seconds{seconds}};
}

}  // namespace

const SignedRRset* Slot::find(dns::RRType type) const {
  const auto found = std::ranges::find_if(
      rrsets, [type](const SignedRRset& each) { return each.rrset.type == type; });
  return found == rrsets.end() ? nullptr : &*found;
}

bool Slot::lists(const dns::Dnskey& key) const {
  return std::ranges::count(dnskeys, key) != 0;
}

std::vector<dns::Dnskey> Slot::keys(bool ksk) const {
  std::vector<dns::Dnskey> some;
  std::ranges::copy_if(dnskeys, std::back_inserter(some),
                       [ksk](const dns::Dnskey& key) { return key.is_sep() == ksk; });
  return some;
}

base::Time Slot::inception() const {
  std::uint32_t latest = 0;
  for (const SignedRRset& each : rrsets) {
    for (const dns::Rrsig& rrsig : each.rrsigs) latest = std::max(latest, rrsig.inception);
  }
  return as_time(latest);
}

base::Time Slot::expiration() const {
  std::uint32_t earliest = 0xffffffff;
  for (const SignedRRset& each : rrsets) {
    for (const dns::Rrsig& rrsig : each.rrsigs) earliest = std::min(earliest, rrsig.expiration);
  }
  return as_time(earliest);
}

}  // namespace tld::keys
