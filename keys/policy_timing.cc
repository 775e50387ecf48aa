// SPDX-License-Identifier: GPL-2.0-only
#include "keys/policy_timing.h"

#include <fmt/format.h>

#include <initializer_list>

#include "base/duration.h"

namespace tld::keys {
namespace {

using std::chrono::seconds;

struct Term {
  const char* key;
  seconds value;
};

seconds total(std::initializer_list<Term> terms) {
  seconds sum{0};
  for (const Term& term : terms) sum += term.value;
  return sum;
}

// "a P1D + b PT1H = P1DT1H"
std::string arithmetic(std::initializer_list<Term> terms) {
  std::string text;
  for (const Term& term : terms) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " + ", term.key, base::to_text(term.value));
  }
  return text + " = " + base::to_text(total(terms));
}

base::Status at_least(const char* check, const Term& given, std::initializer_list<Term> terms,
                      const char* why) {
  if (given.value >= total(terms)) return base::ok();
  return base::invalid_input(fmt::format("{}: {} {} must be at least {}: {}", check, given.key,
                                         base::to_text(given.value), arithmetic(terms), why));
}

// A held slot's signatures must outlive the hold, and what caches keep of them.
base::Status check_bundle(const Policy& policy) {
  const SignedKeysPolicy& ahead = policy.signed_keys;
  if (!ahead.hold) return base::ok();
  return at_least("POLICY-BUNDLE", {"signed-keys.validity", ahead.validity},
                  {{"inception-offset", ahead.inception_offset},
                   {"slot", ahead.slot},
                   {"hold", *ahead.hold},
                   {"dnskey-ttl", ahead.dnskey_ttl},
                   {"zone-propagation-delay", policy.zone.zone_propagation_delay},
                   {"cache-ttl", policy.zone.cache_ttl}},
                  "a held slot's signatures would end while caches still need them");
}

// RFC 7583 §3.2.1: Ipub = Dprp + TTLkey.
base::Status check_zsk_publish(const Policy& policy) {
  return at_least("POLICY-ZSK-PUBLISH", {"keys.zsk.prepublish", policy.keys.zsk.prepublish},
                  {{"dnskey-ttl", policy.signed_keys.dnskey_ttl},
                   {"zone-propagation-delay", policy.zone.zone_propagation_delay},
                   {"cache-ttl", policy.zone.cache_ttl},
                   {"publish-safety", policy.keys.publish_safety}},
                  "caches would still hold DNSKEY RRsets without the new ZSK when it signs");
}

// RFC 7583 §3.2.1: Iret = Dsgn + Dprp + TTLsig.
base::Status check_zsk_retire(const Policy& policy) {
  return at_least("POLICY-ZSK-RETIRE", {"keys.zsk.postpublish", policy.keys.zsk.postpublish},
                  {{"sign-delay", policy.signatures.sign_delay},
                   {"zone-propagation-delay", policy.zone.zone_propagation_delay},
                   {"cache-ttl", policy.zone.cache_ttl},
                   {"max-zone-ttl", policy.zone.max_zone_ttl},
                   {"retire-safety", policy.keys.retire_safety}},
                  "caches would still hold signatures of the old ZSK when it is removed");
}

// Counted from the end of the emergency rollover: no server gives signatures of the old key.
base::Status check_zsk_emergency(const Policy& policy) {
  return at_least(
      "POLICY-ZSK-EMERGENCY",
      {"keys.zsk.emergency-postpublish", policy.keys.zsk.emergency_postpublish},
      {{"max-zone-ttl", policy.zone.max_zone_ttl}, {"retire-safety", policy.keys.retire_safety}},
      "it would have to be removed while caches still hold its signatures");
}

base::Status check_lifetimes(const Policy& policy) {
  const ZskPolicy& zsk = policy.keys.zsk;
  const KskPolicy& ksk = policy.keys.ksk;
  const char* why = "one roll would not be over when the next begins";
  const Term zsk_life{"keys.zsk.lifetime", zsk.lifetime};
  TLD_TRY(at_least("POLICY-LIFETIME", zsk_life, {{"prepublish", zsk.prepublish}}, why));
  TLD_TRY(at_least("POLICY-LIFETIME", zsk_life, {{"postpublish", zsk.postpublish}}, why));
  if (!ksk.lifetime) return base::ok();
  return at_least("POLICY-LIFETIME", {"keys.ksk.lifetime", *ksk.lifetime},
                  {{"prepublish", ksk.prepublish}, {"postpublish", ksk.postpublish}}, why);
}

// RFC 7583 §3.3.1: IpubC = DprpC + TTLkey; §3.3.2: IpubP = DprpP + TTLds.
base::Status check_ksk_publish(const Policy& policy) {
  const Term given{"keys.ksk.prepublish", policy.keys.ksk.prepublish};
  if (policy.keys.ksk.rollover == KskRollover::double_ds) {
    return at_least("POLICY-KSK-PUBLISH", given,
                    {{"parent-propagation-delay", policy.parent.propagation_delay},
                     {"parent-ds-ttl", policy.parent.ds_ttl},
                     {"publish-safety", policy.keys.publish_safety}},
                    "caches would still hold DS RRsets without the new KSK's when it takes over");
  }
  return at_least("POLICY-KSK-PUBLISH", given,
                  {{"dnskey-ttl", policy.signed_keys.dnskey_ttl},
                   {"zone-propagation-delay", policy.zone.zone_propagation_delay},
                   {"cache-ttl", policy.zone.cache_ttl},
                   {"publish-safety", policy.keys.publish_safety}},
                  "caches would still hold DNSKEY RRsets without the new KSK when the DS changes");
}

// RFC 7583 §3.3.1: Iret = DprpP + TTLds.
base::Status check_ds_ttl(const Policy& policy) {
  const KskPolicy& ksk = policy.keys.ksk;
  for (const Term& given : {Term{"keys.ksk.postpublish", ksk.postpublish},
                            Term{"keys.ksk.emergency-postpublish", ksk.emergency_postpublish}}) {
    TLD_TRY(at_least("POLICY-DS-TTL", given,
                     {{"parent-propagation-delay", policy.parent.propagation_delay},
                      {"parent-ds-ttl", policy.parent.ds_ttl},
                      {"retire-safety", policy.keys.retire_safety}},
                     "the old KSK would be gone while its DS is still in caches"));
  }
  return base::ok();
}

base::Status check_resign_rate(const SignaturePolicy& live) {
  if (live.count == 0 || live.rate == 0) return base::ok();
  const seconds needed{(live.count + live.rate - 1) / live.rate};
  if (needed <= live.sign_delay) return base::ok();
  return base::invalid_input(
      fmt::format("POLICY-RESIGN: signatures.count {} / rate {} per second = {}, more than "
                  "sign-delay {}: a new ZSK could not sign the zone in time",
                  live.count, live.rate, base::to_text(needed), base::to_text(live.sign_delay)));
}

base::Status check_resign(const Policy& policy) {
  TLD_TRY(at_least("POLICY-RESIGN", {"signatures.refresh", policy.signatures.refresh},
                   {{"sign-delay", policy.signatures.sign_delay},
                    {"zone-propagation-delay", policy.zone.zone_propagation_delay},
                    {"cache-ttl", policy.zone.cache_ttl},
                    {"max-zone-ttl", policy.zone.max_zone_ttl}},
                   "signatures would end in caches before those that replace them are there"));
  return check_resign_rate(policy.signatures);
}

base::Status check_soa_expire(const Policy& policy) {
  if (!policy.zone.soa_expire) return base::ok();
  const std::initializer_list<Term> terms = {
      {"soa-expire", *policy.zone.soa_expire},
      {"zone-propagation-delay", policy.zone.zone_propagation_delay},
      {"cache-ttl", policy.zone.cache_ttl}};
  if (total(terms) < policy.signatures.refresh) return base::ok();
  return base::invalid_input(fmt::format(
      "POLICY-SOA-EXPIRE: zone.{} must be less than signatures.refresh {}: a secondary that has "
      "lost its primary would serve signatures that are over",
      arithmetic(terms), base::to_text(policy.signatures.refresh)));
}

using Rule = base::Status (*)(const Policy&);
constexpr Rule rules[] = {check_bundle,        check_zsk_publish, check_zsk_retire,
                          check_zsk_emergency, check_lifetimes,   check_ksk_publish,
                          check_ds_ttl,        check_resign,      check_soa_expire};

}  // namespace

base::Status check_timing(const Policy& policy) {
  for (const Rule rule : rules) {
    TLD_TRY(rule(policy));
  }
  return base::ok();
}

}  // namespace tld::keys
