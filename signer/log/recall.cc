// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/signature_log.h"

namespace tld::signer {
namespace {

// A clock that was wrong, or a policy that was other, when it was made: then it is made anew.
bool is_usable(const SignaturePolicy& policy, const Validity& validity, base::Time now) {
  const auto left = until(validity.expiration, now);
  return until(validity.inception, now) <= std::chrono::seconds{0} &&
         left > std::chrono::seconds{0} && left <= policy.validity;
}

bool recall_one(SignatureLog& log, const SignedZone& zone, std::size_t i, zones::Slot slot,
                base::Time now) {
  Validity had;
  if (zone.table(i).get_validity(slot, had)) return false;
  const base::Sha256 signer = zone.key(i).dnskey().fingerprint();
  const auto found = log.find(content_key(zone.to_sign(i, slot, {}).input, signer));
  if (!found || !is_usable(zone.policy(), found->validity, now)) return false;
  // The checksum guards against the disk; only this guards the answer.
  if (found->signature.size() != zone.key(i).signature_octets() ||
      !zone.key(i).verifier().verify(zone.to_sign(i, slot, found->validity).input,
                                     found->signature)) {
    log.count_rejected();
    return false;
  }
  if (!zone.table(i).put_first(slot, found->validity, found->signature)) return false;
  log.count_recalled();
  return !needs_refresh(zone.policy(), found->validity, now);
}

}  // namespace

bool recall(const SignedZone& zone, std::size_t i, zones::Slot slot, base::Time now) {
  SignatureLog* const log = zone.log().get();
  if (log == nullptr || !log->may_have_some()) return false;
  if (recall_one(*log, zone, i, slot, now)) return true;
  if (zone.use(i) != KeyUse::signing) return false;
  for (std::size_t j = 0; j < zone.key_count(); ++j) {
    const bool stands_in = zone.use(j) == KeyUse::leaving &&
                           zone.key(j).dnskey().algorithm == zone.key(i).dnskey().algorithm;
    if (stands_in) recall_one(*log, zone, j, slot, now);
  }
  return false;
}

}  // namespace tld::signer
