// SPDX-License-Identifier: GPL-2.0-only
//
// The checks that a key signing request passes before a KSK signs anything. Each rule is one
// function; its name is in the message it returns.
#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "hsm/algorithm.h"
#include "keys/key_signing_request.h"
#include "keys/slot_checks.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using std::chrono::seconds;

// --- the request's policy against the ceremony's ---

base::Status check_policy_algorithm(const Policy& asked, const RequestContext& context) {
  if (asked.algorithm == context.policy.algorithm) return base::ok();
  return refuse("KSR-POLICY-ALG", fmt::format("the request's policy says {}, ours {}",
                                              hsm::to_string(asked.algorithm),
                                              hsm::to_string(context.policy.algorithm)));
}

base::Status check_policy_ttl(const Policy& asked, const RequestContext& context) {
  if (asked.signed_keys.dnskey_ttl == context.policy.signed_keys.dnskey_ttl) return base::ok();
  return refuse("KSR-POLICY-KEYS",
                fmt::format("the request's dnskey-ttl is {}, ours {}",
                            base::to_text(asked.signed_keys.dnskey_ttl),
                            base::to_text(context.policy.signed_keys.dnskey_ttl)));
}

base::Status check_policy_validity(const Policy& asked, const RequestContext& context) {
  const SignedKeysPolicy& theirs = asked.signed_keys;
  const SignedKeysPolicy& ours = context.policy.signed_keys;
  if (theirs.validity == ours.validity && theirs.inception_offset == ours.inception_offset) {
    return base::ok();
  }
  return refuse("KSR-POLICY-SIG-VALIDITY",
                fmt::format("the request asks for validity {} from {} before a slot on, our policy "
                            "says {} from {} before",
                            base::to_text(theirs.validity), base::to_text(theirs.inception_offset),
                            base::to_text(ours.validity), base::to_text(ours.inception_offset)));
}

base::Status check_policy_cds(const Policy& asked, const RequestContext& context) {
  if (asked.signed_keys.cds_digest_types == context.policy.signed_keys.cds_digest_types) {
    return base::ok();
  }
  return refuse("KSR-POLICY-CDS", "the request's cds-digest-types are not ours");
}

base::Status check_policy_slot(const Policy& asked, const RequestContext& context) {
  if (asked.signed_keys.slot == context.policy.signed_keys.slot) return base::ok();
  return refuse(
      "KSR-POLICY-BUNDLE-INTERVALS",
      fmt::format("the request has slots of {}, ours are {}", base::to_text(asked.signed_keys.slot),
                  base::to_text(context.policy.signed_keys.slot)));
}

base::Status check_policy_span(const Policy& asked, const RequestContext& context) {
  if (asked.signed_keys.span == context.policy.signed_keys.span) return base::ok();
  return refuse("KSR-BUNDLE-CYCLE", fmt::format("the request's span is {}, ours {}",
                                                base::to_text(asked.signed_keys.span),
                                                base::to_text(context.policy.signed_keys.span)));
}

using PolicyRule = base::Status (*)(const Policy&, const RequestContext&);
constexpr PolicyRule policy_rules[] = {check_policy_algorithm, check_policy_ttl,
                                       check_policy_validity,  check_policy_cds,
                                       check_policy_slot,      check_policy_span};

// --- each bundle ---

base::Status check_bundle_algorithms(const Slot& bundle, const RequestContext& context) {
  for (const Dnskey& key : bundle.dnskeys) {
    const bool ours = hsm::find_algorithm(key.algorithm) != nullptr;
    // Without a KSK at hand (when the request is made) any of our algorithms will do.
    const bool has_ksk = context.ksks.empty() ||
                         std::ranges::count(context.ksks, key.algorithm, &Dnskey::algorithm) != 0;
    if (ours && has_ksk) continue;
    return refuse("KSR-POLICY-ALG", "no KSK here has the algorithm of " + describe(key));
  }
  return base::ok();
}

base::Status check_bundle_size(const Slot& bundle, const RequestContext&) {
  if (bundle.dnskeys.size() <= max_zsks_per_bundle) return base::ok();
  return refuse("KSR-POLICY-KEYS", fmt::format("the bundle lists {} keys; at most {} are signed",
                                               bundle.dnskeys.size(), max_zsks_per_bundle));
}

base::Status check_bundle_ttl(const Slot& bundle, const RequestContext& context) {
  const seconds wanted = context.policy.signed_keys.dnskey_ttl;
  const SignedRRset& keys = bundle.rrsets.front();
  const auto differs = [wanted](std::uint32_t ttl) { return seconds{ttl} != wanted; };
  if (!differs(keys.rrset.ttl) &&
      std::ranges::none_of(keys.rrsigs, differs, &dns::Rrsig::original_ttl)) {
    return base::ok();
  }
  return refuse("KSR-POLICY-KEYS",
                fmt::format("a TTL in the bundle is not {}, as the policy says", wanted.count()));
}

base::Status check_bundle_keys(const Slot& bundle, const RequestContext& context) {
  for (const Dnskey& key : bundle.dnskeys) {
    if (!key.is_sep()) continue;
    return refuse("KSR-BUNDLE-KEYS", describe(key) + " is a KSK; a request lists ZSKs only");
  }
  TLD_TRY(check_key_forms("KSR-BUNDLE-KEYS", bundle.dnskeys));
  std::vector<Dnskey> published = bundle.dnskeys;
  published.insert(published.end(), context.ksks.begin(), context.ksks.end());
  TLD_TRY(check_key_forms("KSR-BUNDLE-KEYS", published));  // a KSK's public key as a ZSK
  return check_key_tags("KSR-BUNDLE-KEYS", published);
}

const Dnskey* prover_of(const Slot& bundle, const dns::Rrsig& rrsig) {
  const auto found = std::ranges::find_if(bundle.dnskeys, [&rrsig](const Dnskey& key) {
    return key.algorithm == rrsig.algorithm && key.key_tag() == rrsig.key_tag;
  });
  return found == bundle.dnskeys.end() ? nullptr : &*found;
}

base::Status check_proof(const Slot& bundle, const dns::Rrsig& rrsig,
                         const RequestContext& context) {
  const Dnskey* key = prover_of(bundle, rrsig);
  if (key == nullptr || !verifies(*key, bundle.rrsets.front().rrset, rrsig)) {
    return refuse("KSR-BUNDLE-POP", fmt::format("the signature by key tag {} does not verify with "
                                                "a key of the bundle",
                                                rrsig.key_tag));
  }
  if (has_window(rrsig, bundle.start, context.policy.signed_keys)) return base::ok();
  return refuse("KSR-BUNDLE-POP",
                fmt::format("the signature by {} is not for a slot that starts at {}",
                            describe(*key), time_text(bundle.start)));
}

base::Status check_proofs(const Slot& bundle, const RequestContext& context) {
  std::vector<Dnskey> unproved = bundle.dnskeys;
  for (const dns::Rrsig& rrsig : bundle.rrsets.front().rrsigs) {
    TLD_TRY(check_proof(bundle, rrsig, context));
    std::erase(unproved, *prover_of(bundle, rrsig));
  }
  for (const Dnskey& key : unproved) {
    if (std::ranges::count(context.foreign, key) != 0) continue;
    return refuse("KSR-BUNDLE-POP", "nobody has proved to hold " + describe(key) +
                                        ", and it was not named as another operator's");
  }
  return base::ok();
}

using BundleRule = base::Status (*)(const Slot&, const RequestContext&);
constexpr BundleRule bundle_rules[] = {check_bundle_algorithms, check_bundle_size, check_bundle_ttl,
                                       check_bundle_keys};

// --- the bundles together ---

using Bundles = std::vector<Slot>;

base::Status check_unique(const Bundles& bundles, std::size_t i, const RequestContext&) {
  if (bundles[i - 1].start < bundles[i].start) return base::ok();
  return refuse("KSR-BUNDLE-UNIQUE",
                fmt::format("the bundle starts at {}, not after the one before it ({})",
                            time_text(bundles[i].start), time_text(bundles[i - 1].start)));
}

base::Status check_overlap(const Bundles& bundles, std::size_t i, const RequestContext& context) {
  const SignedKeysPolicy& policy = context.policy.signed_keys;
  const base::Time end = bundles[i - 1].start - policy.inception_offset + policy.validity;
  const base::Time needed = bundles[i].start + policy.dnskey_ttl;
  if (end >= needed) return base::ok();
  return refuse("KSR-POLICY-SIG-OVERLAP",
                fmt::format("signatures of the bundle before would end at {}; until {} (start {} + "
                            "dnskey-ttl) they are in caches",
                            time_text(end), time_text(needed), time_text(bundles[i].start)));
}

base::Status check_zsks_in_common(const Bundles& bundles, std::size_t i, const RequestContext&) {
  return check_zsk_link("KSR-CHAIN-KEYS", bundles[i - 1], bundles[i]);
}

base::Status check_interval(const Bundles& bundles, std::size_t i, const RequestContext& context) {
  const seconds interval = bundles[i].start - bundles[i - 1].start;
  const seconds wanted = context.policy.signed_keys.slot;
  if (interval == wanted) return base::ok();
  return refuse("KSR-POLICY-BUNDLE-INTERVALS",
                fmt::format("the bundle starts {} after the one before it; our slots are {}",
                            base::to_text(interval), base::to_text(wanted)));
}

using PairRule = base::Status (*)(const Bundles&, std::size_t, const RequestContext&);

void add_keys(const Slot& slot, std::vector<Dnskey>& all) {
  for (const Dnskey& key : slot.dnskeys) {
    if (std::ranges::count(all, key) == 0) all.push_back(key);
  }
}

// A tag that another key had a while ago is in caches and in people's heads (.ru 2024, .de 2026).
base::Status check_tags_over_time(const Bundles& bundles, const RequestContext& context) {
  std::vector<Dnskey> all = context.ksks;
  for (const Slot& bundle : bundles) add_keys(bundle, all);
  if (context.previous != nullptr) {
    for (const Slot& slot : context.previous->slots()) add_keys(slot, all);
  }
  return check_key_tags("KSR-BUNDLE-KEYS", all);
}

base::Status check_count(const Bundles& bundles, const RequestContext& context) {
  const SignedKeysPolicy& policy = context.policy.signed_keys;
  const auto wanted = static_cast<std::size_t>(policy.span / policy.slot);
  if (bundles.size() == wanted) return base::ok();
  return refuse("KSR-BUNDLE-COUNT",
                fmt::format("there are {} bundles; span {} / slot {} makes {}", bundles.size(),
                            base::to_text(policy.span), base::to_text(policy.slot), wanted));
}

base::Status check_cycle(const Bundles& bundles, const RequestContext& context) {
  const SignedKeysPolicy& policy = context.policy.signed_keys;
  const seconds covered = bundles.back().start + policy.slot - bundles.front().start;
  if (covered == policy.span) return base::ok();
  return refuse("KSR-BUNDLE-CYCLE",
                fmt::format("the bundles cover {}; our span is {}", base::to_text(covered),
                            base::to_text(policy.span)));
}

base::Status check_horizon(const Bundles& bundles, const RequestContext& context) {
  const SignedKeysPolicy& policy = context.policy.signed_keys;
  const auto horizon =
      context.horizon != seconds{0} ? context.horizon : 2 * policy.span + policy.validity;
  const auto lifetime = policy.validity - policy.inception_offset;
  const base::Time first = bundles.front().start + lifetime;
  const base::Time last = bundles.back().start + lifetime;
  if (last > context.now + horizon) {
    return refuse("KSR-POLICY-SIG-HORIZON",
                  fmt::format("signatures would end at {}, later than {} from now ({})",
                              time_text(last), base::to_text(horizon), time_text(context.now)));
  }
  if (first > context.now) return base::ok();
  return refuse("KSR-POLICY-SIG-HORIZON",
                fmt::format("the first signatures would be over at {}; now it is {}: is the clock "
                            "right?",
                            time_text(first), time_text(context.now)));
}

// --- the previous file ---

base::Status check_previous(const Bundles&, const RequestContext& context) {
  const SignedKeys& previous = *context.previous;
  if (auto right = previous.check({}, previous.covered_from()); !right) {
    return refuse("KSR-PREVIOUS", right.error().message);
  }
  const auto here = [&](const Dnskey& key) { return std::ranges::count(context.ksks, key) != 0; };
  if (context.ds_at_parent || context.ksks.empty() ||
      std::ranges::any_of(previous.slots().back().keys(true), here)) {
    return base::ok();
  }
  return refuse("KSR-PREVIOUS", "no KSK of the previous file's last slot is to sign this one");
}

// A request has no number of its own: what it asks for is its identity.
base::Status check_id(const Bundles& bundles, const RequestContext& context) {
  const bool same = std::ranges::equal(
      bundles, context.previous->slots(), [](const Slot& asked, const Slot& signed_slot) {
        return asked.start == signed_slot.start && asked.dnskeys == signed_slot.keys(false);
      });
  if (!same) return base::ok();
  return refuse("KSR-ID", "the previous file answers this very request");
}

base::Status check_chain_overlap(const Bundles& bundles, const RequestContext& context) {
  const SignedKeys& previous = *context.previous;
  const base::Time start = bundles.front().start;
  if (start <= previous.covered_from()) {
    return refuse("KSR-CHAIN-OVERLAP",
                  fmt::format("the first bundle starts at {}, not after the previous file's first "
                              "slot ({})",
                              time_text(start), time_text(previous.covered_from())));
  }
  const base::Time needed = start + context.policy.signed_keys.dnskey_ttl;
  if (needed <= previous.covered_until()) return base::ok();
  return refuse(
      "KSR-CHAIN-OVERLAP",
      fmt::format("the previous file's signatures end at {}; they are needed until {}: "
                  "the first bundle's start {} + dnskey-ttl",
                  time_text(previous.covered_until()), time_text(needed), time_text(start)));
}

base::Status check_chain_keys(const Bundles& bundles, const RequestContext& context) {
  return check_zsk_link("KSR-CHAIN-KEYS",
                        slot_before(context.previous->slots(), bundles.front().start),
                        bundles.front());
}

using WholeRule = base::Status (*)(const Bundles&, const RequestContext&);

base::Status check_pairs(const SlotFile& file, std::span<const PairRule> rules,
                         const RequestContext& context) {
  for (const PairRule rule : rules) {
    for (std::size_t i = 1; i < file.slots.size(); ++i) {
      auto status = rule(file.slots, i, context);
      if (!status) return status.error().in(fmt::format("{}:{}", file.source, file.slots[i].line));
    }
  }
  return base::ok();
}

base::Status check_whole(const SlotFile& file, std::span<const WholeRule> rules,
                         const RequestContext& context) {
  for (const WholeRule rule : rules) {
    auto status = rule(file.slots, context);
    if (!status) return status.error().in(fmt::format("{}:{}", file.source, file.slots[0].line));
  }
  return base::ok();
}

base::Status check_bundles(const SlotFile& file, const RequestContext& context) {
  for (const Slot& bundle : file.slots) {
    for (const BundleRule rule : bundle_rules) {
      auto status = rule(bundle, context);
      if (!status) return status.error().in(fmt::format("{}:{}", file.source, bundle.line));
    }
    if (file.irregular) continue;  // Knot makes no proofs
    auto proved = check_proofs(bundle, context);
    if (!proved) return proved.error().in(fmt::format("{}:{}", file.source, bundle.line));
  }
  return base::ok();
}

constexpr PairRule order_rules[] = {check_unique};
constexpr PairRule pair_rules[] = {check_overlap, check_zsks_in_common};
constexpr WholeRule tag_rules[] = {check_tags_over_time};
constexpr WholeRule shape_rules[] = {check_count, check_cycle};
constexpr PairRule grid_rules[] = {check_interval};
constexpr WholeRule chain_rules[] = {check_previous, check_id, check_chain_overlap,
                                     check_chain_keys};
constexpr WholeRule time_rules[] = {check_horizon};

}  // namespace

base::Status KeySigningRequest::check(const RequestContext& context) const {
  for (const PolicyRule rule : policy_rules) {
    auto status = rule(file_.policy, context);
    if (!status) return status.error().in(file_.source);
  }
  TLD_TRY(check_pairs(file_, order_rules, context));
  TLD_TRY(check_bundles(file_, context));
  TLD_TRY(check_pairs(file_, pair_rules, context));
  TLD_TRY(check_whole(file_, tag_rules, context));
  if (!file_.irregular) {
    TLD_TRY(check_whole(file_, shape_rules, context));
    TLD_TRY(check_pairs(file_, grid_rules, context));
  }
  if (context.previous != nullptr) {
    TLD_TRY(check_whole(file_, chain_rules, context));
  }
  return check_whole(file_, time_rules, context);
}

}  // namespace tld::keys
