// SPDX-License-Identifier: GPL-2.0-only
#include "signer/survey.h"

#include <algorithm>

namespace tld::signer {
namespace {

// What is served of one RRset for one signing key.
struct Served {
  base::Time expiration;    // of the signature that is taken
  base::Time served_until;  // by whichever lasts longest
};

std::optional<Served> served(const SignedZone& zone, std::size_t signer, zones::Slot slot,
                             base::Time now, std::chrono::seconds longest_cached) {
  std::optional<Served> found;
  const auto look = [&](std::size_t key) {
    Validity validity;
    if (!zone.table(key).get_validity(slot, validity)) return;
    if (!may_be_served(validity, now, longest_cached)) return;
    const base::Time expiration = now + until(validity.expiration, now);
    if (!found) found = Served{expiration, expiration - longest_cached};
    found->served_until = std::max(found->served_until, expiration - longest_cached);
  };
  look(signer);
  const std::uint8_t algorithm = zone.key(signer).dnskey().algorithm;
  for (std::size_t key = 0; key < zone.key_count(); ++key) {
    const bool stands_in =
        zone.use(key) == KeyUse::leaving && zone.key(key).dnskey().algorithm == algorithm;
    if (stands_in) look(key);
  }
  return found;
}

}  // namespace

Survey survey(const SignedZone& zone, base::Time now, std::chrono::seconds cache_ttl) {
  Survey out;
  out.at = now;
  out.serial = zone.zone().serial();
  out.rrsets = zone.zone().signature_count();
  for (std::size_t key = 0; key < zone.key_count(); ++key) {
    out.keys.push_back({zone.keys()[key], zone.signatures(key)});
  }
  out.safe_until = base::Time::max();
  for (zones::Slot slot = 0; slot < zone.zone().slot_limit(); ++slot) {
    const auto ttl = zone.zone().slot_ttl(slot);
    if (!ttl) continue;
    bool is_servable = !zone.signers().empty();
    for (const std::size_t signer : zone.signers()) {
      const auto one = served(zone, signer, slot, now, std::chrono::seconds{*ttl} + cache_ttl);
      is_servable = is_servable && one;
      if (!one) continue;
      out.earliest_expiration =
          std::min(out.earliest_expiration.value_or(one->expiration), one->expiration);
      out.safe_until = std::min(out.safe_until, one->served_until);
    }
    if (!is_servable) ++out.unservable;
  }
  if (out.unservable > 0) out.safe_until = now;
  return out;
}

}  // namespace tld::signer
