// SPDX-License-Identifier: GPL-2.0-only
#include "keys/take_over.h"

#include <fmt/format.h>

#include <algorithm>

#include "keys/slot_checks.h"
#include "keys/slot_file_text.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

base::Status check_link(const Slot& before, const Slot& after, bool ds_at_parent) {
  TLD_TRY(check_zsk_link("SKR-CHAIN", before, after));
  if (ds_at_parent) return base::ok();
  return check_ksk_link("SKR-CHAIN", before, after);
}

base::Status check_row(const std::vector<Slot>& slots, bool ds_at_parent) {
  for (std::size_t i = 1; i < slots.size(); ++i) {
    TLD_TRY(check_link(slots[i - 1], slots[i], ds_at_parent));
  }
  return base::ok();
}

// All but the span, which says how many slots there are.
bool same_shape(Policy one, const Policy& other) {
  one.signed_keys.span = other.signed_keys.span;
  one.algorithm = other.algorithm;
  return one.signed_keys == other.signed_keys;
}

base::Status check_joint(const SignedKeys& in_use, const SignedKeys& fresh) {
  const auto slot = fresh.policy().signed_keys.slot;
  if (!same_shape(in_use.policy(), fresh.policy())) {
    return refuse("SKR-CHAIN", fmt::format("it has another policy than the file in use; import it "
                                           "once it has started, at {}",
                                           time_text(fresh.covered_from())));
  }
  const auto distance = fresh.covered_from() - in_use.covered_from();
  if (distance % slot == std::chrono::seconds{0} &&
      fresh.covered_from() <= in_use.slots().back().start + slot) {
    return base::ok();
  }
  return refuse(
      "SKR-CHAIN",
      fmt::format("its first slot starts at {}, which is no slot's start of the file in "
                  "use nor the end of its last ({})",
                  time_text(fresh.covered_from()), time_text(in_use.slots().back().start + slot)));
}

std::string joined(const SignedKeys& in_use, const SignedKeys& fresh, base::Time now) {
  std::vector<Slot> slots;
  for (const Slot& slot : in_use.slots()) {
    if (slot.start < fresh.covered_from() && slot.expiration() > now) slots.push_back(slot);
  }
  slots.insert(slots.end(), fresh.slots().begin(), fresh.slots().end());
  Policy policy = fresh.policy();
  policy.signed_keys.span = policy.signed_keys.slot * slots.size();
  return signed_keys_text(policy, slots, now);
}

base::Result<std::string> text_of(const SignedKeys& fresh, std::string_view octets,
                                  const TakeOver& with) {
  if (with.in_use == nullptr || fresh.covered_from() <= with.now) return std::string(octets);
  TLD_TRY(check_joint(*with.in_use, fresh));
  return joined(*with.in_use, fresh, with.now);
}

}  // namespace

base::Result<std::string> take_over(const SignedKeys& fresh, std::string_view octets,
                                    const TakeOver& with) {
  TLD_TRY(fresh.check({}, std::max(fresh.covered_from(), with.now)));
  TLD_TRY(check_row(fresh.slots(), with.ds_at_parent));
  if (with.in_use != nullptr) {
    const SignedKeys& in_use = *with.in_use;
    const Slot* const published = fresh.at(with.now);
    const Slot& first = published != nullptr ? *published : fresh.slots().front();
    const base::Time start = std::max(first.start, with.now);
    TLD_TRY(check_link(slot_before(in_use.slots(), start), first, with.ds_at_parent));
  }
  TLD_TRY(std::string text, text_of(fresh, octets, with));
  TLD_TRY(const auto installed, SignedKeys::parse(text, fresh.apex(), "the file to install"));
  TLD_TRY(installed.check(with.zsks, with.now));
  return text;
}

}  // namespace tld::keys
