// SPDX-License-Identifier: GPL-2.0-only
#include "keys/key_timing.h"

#include <algorithm>

namespace tld::keys {
namespace {

using std::chrono::seconds;
using Kind = KeyEventKind;

std::optional<base::Time> later(std::optional<base::Time> time, seconds by) {
  if (!time) return std::nullopt;
  return *time + by;
}

void predict(std::optional<base::Time>& time, std::optional<base::Time> prediction) {
  if (!time) time = prediction;
}

void predict_zsk(const Policy& policy, const ManagedKey& key, const Retention& kept,
                 KeyTimes& times) {
  const ZskPolicy& zsk = policy.keys.zsk;
  predict(times.retired, later(times.active, zsk.lifetime));
  // RFC 7583 §3.2.1, Tdea = Tret + Iret; with the signer's own word when signing anew was done.
  const auto signed_anew = key.has(Kind::signatures_gone)
                               ? key.time_of(Kind::signatures_gone)
                               : later(times.retired, policy.signatures.sign_delay);
  times.dead = later(signed_anew, kept.signatures);
  if (!times.dead) return;
  const bool emergency = key.has(Kind::compromised);
  predict(times.removed,
          emergency ? *times.dead : std::max(*times.dead, *times.retired + zsk.postpublish));
}

void predict_ksk(const Policy& policy, const ManagedKey& key, const Retention& kept,
                 KeyTimes& times) {
  const KskPolicy& ksk = policy.keys.ksk;
  if (ksk.lifetime) predict(times.retired, later(times.active, *ksk.lifetime));
  times.dead = later(key.time_of(Kind::ds_gone), kept.ds);
  const bool emergency = key.has(Kind::compromised);
  const seconds kept_for = emergency ? ksk.emergency_postpublish : ksk.postpublish;
  const auto earliest = later(key.time_of(Kind::ds_withdrawn), kept_for);
  if (times.dead && earliest) predict(times.removed, std::max(*times.dead, *earliest));
}

}  // namespace

Retention retention(const Policy& policy, seconds highest_ds_ttl) {
  const seconds propagation = policy.zone.propagation();
  return {propagation + policy.signed_keys.dnskey_ttl + policy.keys.publish_safety,
          propagation + policy.zone.max_zone_ttl + policy.keys.retire_safety,
          policy.parent.propagation_delay + std::max(policy.parent.ds_ttl, highest_ds_ttl) +
              policy.keys.retire_safety};
}

Retention retention(const Policy& policy, const Keys& keys) {
  seconds highest{0};
  for (const ManagedKey& key : keys) highest = std::max(highest, key.highest_ds_ttl());
  return retention(policy, highest);
}

KeyTimes key_times(const Policy& policy, const ManagedKey& key) {
  const Retention kept = retention(policy, key.highest_ds_ttl());
  KeyTimes times;
  times.generated = key.time_of(Kind::generated);
  times.published = key.time_of(Kind::published);
  times.ready = later(times.published, kept.dnskeys);
  times.submitted = key.time_of(Kind::ds_submitted);
  times.ds_known = later(key.time_of(Kind::ds_seen), kept.ds);
  times.active = key.time_of(Kind::activated);
  times.retired = key.time_of(Kind::retired);
  times.removed = key.time_of(Kind::removed);
  if (key.is_ksk()) {
    predict_ksk(policy, key, kept, times);
  } else {
    predict_zsk(policy, key, kept, times);
  }
  return times;
}

}  // namespace tld::keys
