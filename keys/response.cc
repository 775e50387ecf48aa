// SPDX-License-Identifier: GPL-2.0-only
#include "keys/response.h"

#include <fmt/format.h>

#include <algorithm>

#include "keys/slot_checks.h"
#include "keys/slot_steps.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using dns::Dnskey;

PlannedSlot plan_slot(const Slot& bundle, const std::vector<KskTerm>& ksks) {
  PlannedSlot slot{bundle.start, bundle.dnskeys, {}, {}};
  for (std::size_t i = 0; i < ksks.size(); ++i) {
    if (bundle.start < ksks[i].from || bundle.start >= ksks[i].until) continue;
    slot.ksks.push_back(i);
    if (ksks[i].announced) slot.announced.push_back(i);
  }
  return slot;
}

// Only what the link between two slots looks at.
Slot listing_of(const SigningPlan& plan, const PlannedSlot& planned) {
  Slot slot;
  slot.start = planned.start;
  for (const std::size_t ksk : planned.ksks) {
    slot.dnskeys.push_back(dnskey_of(plan.ksks[ksk].key, true));
  }
  return slot;
}

base::Status check_ksks(const SigningPlan& plan, const SignedKeys* previous) {
  std::vector<Slot> row;
  if (previous != nullptr) {
    row.push_back(slot_before(previous->slots(), plan.slots.front().start));
  }
  for (const PlannedSlot& planned : plan.slots) row.push_back(listing_of(plan, planned));
  for (std::size_t i = 1; i < row.size(); ++i) {
    TLD_TRY(check_ksk_link("CEREMONY-KSK-CHAIN", row[i - 1], row[i]));
  }
  return base::ok();
}

}  // namespace

base::Result<SigningPlan> plan_response(const KeySigningRequest& request, const Policy& policy,
                                        const std::vector<KskTerm>& ksks,
                                        const SignedKeys* previous, bool ds_at_parent) {
  SigningPlan plan{dns::Name(request.apex()), policy, {}, {}, {}};
  for (const KskTerm& term : ksks) plan.ksks.push_back(term.ksk);
  for (const Slot& bundle : request.bundles()) plan.slots.push_back(plan_slot(bundle, ksks));
  if (!ds_at_parent) {
    TLD_TRY(check_ksks(plan, previous));
  }
  return plan;
}

base::Status check_by_register(const SigningPlan& plan, const Keys& keys, base::Time now) {
  for (const PlannedSlot& planned : plan.slots) {
    Listing listing{planned.start, planned.zsks, {}};
    for (const std::size_t ksk : planned.ksks) {
      listing.signers.push_back(dnskey_of(plan.ksks[ksk].key, true));
      listing.dnskeys.push_back(listing.signers.back());
    }
    const base::Status allowed =
        check_planned(plan.policy, keys, listing, std::max(now, planned.start));
    if (!allowed) return allowed.error().in("the slot of " + time_text(planned.start));
  }
  return base::ok();
}

base::Result<SigningPlan> plan_emergency(SigningPlan plan, const Dnskey& stolen) {
  bool listed = false;
  for (PlannedSlot& slot : plan.slots) {
    if (std::erase(slot.zsks, stolen) == 0) continue;
    listed = true;
    if (std::ranges::count(slot.zsks, stolen.algorithm, &Dnskey::algorithm) != 0) continue;
    return refuse("CEREMONY-SPARE", fmt::format("the slot of {} lists no other ZSK that could "
                                                "take over from {}",
                                                time_text(slot.start), describe(stolen)));
  }
  if (listed) return plan;
  return refuse("CEREMONY-SPARE", "no slot lists " + describe(stolen));
}

base::Status check_answer(const SignedKeys& answer, const KeySigningRequest& request,
                          const std::vector<Dnskey>& without) {
  const std::vector<Slot>& slots = answer.slots();
  const std::vector<Slot>& bundles = request.bundles();
  if (!std::ranges::equal(slots, bundles, {}, &Slot::start, &Slot::start)) {
    return refuse("SKR-MATCH", "the slots do not start where the request's bundles do");
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    std::vector<Dnskey> wanted = bundles[i].dnskeys;
    for (const Dnskey& key : without) std::erase(wanted, key);
    if (slots[i].keys(false) == wanted) continue;
    return refuse("SKR-PAIR", fmt::format("the slot of {} does not list exactly the ZSKs that were "
                                          "asked for",
                                          time_text(slots[i].start)));
  }
  return base::ok();
}

}  // namespace tld::keys
