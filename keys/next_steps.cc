// SPDX-License-Identifier: GPL-2.0-only
#include "keys/next_steps.h"

#include <algorithm>

#include "keys/key_steps.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;
using Places = std::vector<std::size_t>;

class Planner {
 public:
  Planner(const Policy& policy, const Keys& keys, base::Time now)
      : policy_(policy), keys_(keys), now_(now) {}

  std::vector<Proposal> plan() && {
    if (moving()) return {};
    const Places old = in_use_of_other_algorithms();
    if (old.empty()) {
      plan_zsk();
      plan_ksk();
    } else {
      plan_algorithm(old);
    }
    plan_zsk_removals();
    return std::move(proposals_);
  }

 private:
  const ManagedKey& key(std::size_t place) const { return keys_[place]; }
  bool has(std::size_t place, Kind kind) const { return keys_[place].has(kind); }
  // While another operator's servers answer too, people decide what is next.
  bool moving() const {
    return std::ranges::any_of(keys_, [](const ManagedKey& each) {
      return each.foreign && each.has(Kind::activated) && !each.has(Kind::signatures_gone);
    });
  }
  bool is_target(std::size_t place) const {
    return key(place).dnskey.algorithm == static_cast<std::uint8_t>(policy_.algorithm);
  }

  template <class Predicate>
  Places own(bool ksk, Predicate wanted) const {
    Places places;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (!key(i).foreign && key(i).is_ksk() == ksk && wanted(i)) places.push_back(i);
    }
    return places;
  }

  void propose(const char* what, KeySteps steps, base::Time due,
               std::optional<base::Time> latest = std::nullopt) {
    if (steps.empty()) return;
    Proposal proposal{what, std::move(steps), std::nullopt, "", latest, due};
    auto allowed = earliest(policy_, keys_, proposal.steps, now_);
    if (!allowed) {
      proposal.waits_for = allowed.error().message;
    } else {
      proposal.time = std::max(due, allowed.value());
      if (*proposal.time > now_) proposal.waits_for = waiting_for(proposal.steps, due);
    }
    proposals_.push_back(std::move(proposal));
  }

  std::string waiting_for(const KeySteps& steps, base::Time due) const {
    const auto status = check_steps(policy_, keys_, steps, now_);
    return status ? "due at " + time_text(due) : status.error().message;
  }

  // --- ZSK ---

  // In the order of their activation.
  Places active_zsks() const {
    Places active = own(false, [this](std::size_t i) {
      return is_target(i) && has(i, Kind::activated) && !has(i, Kind::retired);
    });
    std::ranges::stable_sort(active, {},
                             [this](std::size_t i) { return *key(i).time_of(Kind::activated); });
    return active;
  }
  // Never used, usable, published or not.
  Places fresh(bool ksk, bool published) const {
    return own(ksk, [this, published](std::size_t i) {
      return is_target(i) && !has(i, Kind::activated) && !has(i, Kind::compromised) &&
             !has(i, Kind::removed) && has(i, Kind::published) == published;
    });
  }

  base::Time roll_due(std::size_t active) const {
    if (has(active, Kind::compromised)) return now_;
    return *key(active).time_of(Kind::activated) + policy_.keys.zsk.lifetime;
  }

  void plan_zsk() {
    const Places active = active_zsks();
    if (active.empty()) return plan_first_zsk();
    const std::size_t newest = active.back();
    plan_spare(roll_due(newest));
    const Places spares = fresh(false, true);
    const bool compromised = has(newest, Kind::compromised);
    if (active.size() > 1 && !compromised) return plan_replaced(active);
    if (spares.empty()) return;
    const bool retire_now = policy_.keys.on_compromise == OnCompromise::retire_now;
    KeySteps steps = {{spares.front(), Kind::activated}};
    if (!compromised || retire_now) steps.push_back({newest, Kind::retired});
    propose(compromised ? "emergency ZSK roll" : "ZSK roll", std::move(steps), roll_due(newest));
  }

  void plan_first_zsk() {
    Places usable = fresh(false, true);
    if (!usable.empty()) return propose("first ZSK", {{usable.front(), Kind::activated}}, now_);
    usable = fresh(false, false);
    if (usable.empty()) return;
    const std::size_t zsk = usable.front();
    propose("first ZSK", {{zsk, Kind::published}, {zsk, Kind::activated}}, now_);
  }

  // One spare always; the next one early enough to be the spare when this one is activated.
  void plan_spare(base::Time roll) {
    const Places unpublished = fresh(false, false);
    const std::size_t spares = fresh(false, true).size();
    if (unpublished.empty() || spares > 1) return;
    const base::Time due = spares == 0 ? now_ : roll - policy_.keys.zsk.prepublish;
    propose("spare ZSK", {{unpublished.front(), Kind::published}}, due);
  }

  // replace-then-retire: the replacement has to sign all first.
  void plan_replaced(const Places& active) {
    if (!has(active.back(), Kind::signed_all)) return;
    KeySteps steps;
    for (const std::size_t place : active) {
      if (place != active.back()) steps.push_back({place, Kind::retired});
    }
    propose("replaced ZSK", std::move(steps), now_);
  }

  void plan_zsk_removals() {
    const Places over = own(false, [this](std::size_t i) {
      const bool signed_any = has(i, Kind::activated);
      const bool unused = !signed_any && has(i, Kind::compromised);
      return has(i, Kind::published) && !has(i, Kind::removed) &&
             (unused || has(i, Kind::signatures_gone));
    });
    for (const std::size_t place : over) {
      std::optional<base::Time> latest;
      const auto gone = key(place).time_of(Kind::signatures_gone);
      if (gone && has(place, Kind::compromised)) {
        latest = *gone + policy_.zone.propagation() + policy_.keys.zsk.emergency_postpublish;
      }
      propose("old ZSK", {{place, Kind::removed}}, now_, latest);
    }
  }

  // --- KSK ---

  // In the order in which they were taken into use.
  Places ksks_in_use() const {
    Places used = own(true, [this](std::size_t i) {
      const bool taken = has(i, Kind::activated) || has(i, Kind::ds_submitted);
      const bool over =
          has(i, Kind::removed) && (!has(i, Kind::ds_submitted) || has(i, Kind::ds_withdrawn));
      return is_target(i) && taken && !over;
    });
    std::ranges::stable_sort(used, {}, [this](std::size_t i) { return first_use(i); });
    return used;
  }
  base::Time first_use(std::size_t ksk) const {
    const auto active = key(ksk).time_of(Kind::activated);
    const auto submitted = key(ksk).time_of(Kind::ds_submitted);
    return std::min(active.value_or(base::Time::max()), submitted.value_or(base::Time::max()));
  }

  base::Time ksk_due(std::size_t current) const {
    const auto active = key(current).time_of(Kind::activated);
    if (has(current, Kind::compromised) || !policy_.keys.ksk.lifetime || !active) return now_;
    return *active + *policy_.keys.ksk.lifetime - policy_.keys.ksk.prepublish;
  }

  void plan_ksk() {
    Places used = ksks_in_use();
    Places unused = fresh(true, false);
    std::erase_if(unused, [this](std::size_t i) { return has(i, Kind::ds_submitted); });
    if (used.empty()) {
      if (unused.empty()) return;
      const std::size_t ksk = unused.front();
      return propose("first KSK", {{ksk, Kind::published}, {ksk, Kind::activated}}, now_);
    }
    if (used.size() == 1 && !has(used[0], Kind::ds_submitted)) {
      return propose("first DS", {{used[0], Kind::ds_submitted}}, now_);
    }
    if (used.size() == 1 && unused.empty()) return;
    const std::size_t current = used.front();
    const std::size_t next = used.size() > 1 ? used[1] : unused.front();
    const char* what = has(current, Kind::compromised) ? "emergency KSK roll" : "KSK roll";
    if (policy_.keys.ksk.rollover == KskRollover::double_ds) {
      propose(what, double_ds_step(current, next), ksk_due(current));
    } else {
      propose(what, double_ksk_step(current, next), ksk_due(current));
    }
  }

  KeySteps double_ksk_step(std::size_t current, std::size_t next) const {
    if (!has(next, Kind::activated)) {
      return {{next, Kind::published}, {next, Kind::activated}};
    }
    if (!has(next, Kind::ds_submitted)) {
      return {{next, Kind::ds_submitted}, {current, Kind::ds_withdrawn}};
    }
    return {{current, Kind::retired}, {current, Kind::removed}};
  }

  KeySteps double_ds_step(std::size_t current, std::size_t next) const {
    if (!has(next, Kind::ds_submitted)) return {{next, Kind::ds_submitted}};
    if (!has(next, Kind::activated)) {
      return {{next, Kind::published},
              {next, Kind::activated},
              {current, Kind::retired},
              {current, Kind::removed}};
    }
    return {{current, Kind::ds_withdrawn}};
  }

  // --- algorithm: RFC 6781 §4.1.4 ---

  Places in_use_of_other_algorithms() const {
    Places places;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const bool begun = has(i, Kind::published) || has(i, Kind::activated);
      const bool signing = has(i, Kind::activated) && !has(i, Kind::retired);
      const bool over = has(i, Kind::removed) && !signing;
      if (!key(i).foreign && !is_target(i) && begun && !over) places.push_back(i);
    }
    return places;
  }

  KeySteps new_dnskeys(std::size_t zsk) const {
    const Places ksks = fresh(true, false);
    if (ksks.empty()) return {};
    return {
        {zsk, Kind::published}, {ksks.front(), Kind::published}, {ksks.front(), Kind::activated}};
  }

  KeySteps ds_change(const Places& old, std::size_t ksk) const {
    KeySteps steps = {{ksk, Kind::ds_submitted}};
    for (const std::size_t place : old) {
      const bool there = has(place, Kind::ds_submitted) && !has(place, Kind::ds_withdrawn);
      if (there) steps.push_back({place, Kind::ds_withdrawn});
    }
    return steps;
  }

  KeySteps old_dnskeys_removed(const Places& old) const {
    KeySteps steps;
    for (const std::size_t place : old) {
      if (!has(place, Kind::published) || has(place, Kind::removed)) continue;
      const bool signs_keys = key(place).is_ksk() && has(place, Kind::activated);
      if (signs_keys && !has(place, Kind::retired)) steps.push_back({place, Kind::retired});
      steps.push_back({place, Kind::removed});
    }
    return steps;
  }

  KeySteps old_signatures_removed(const Places& old) const {
    KeySteps steps;
    for (const std::size_t place : old) {
      const bool signs = has(place, Kind::activated) && !has(place, Kind::retired);
      if (signs && !key(place).is_ksk()) steps.push_back({place, Kind::retired});
    }
    return steps;
  }

  void plan_algorithm(const Places& old) {
    const Places active = active_zsks();
    const Places unused = fresh(false, false);
    const char* what = "algorithm roll";
    if (active.empty()) {
      if (!unused.empty()) propose(what, {{unused.front(), Kind::activated}}, now_);
      return;
    }
    if (!has(active.front(), Kind::published)) {
      return propose(what, new_dnskeys(active.front()), now_);
    }
    const Places ksks = ksks_in_use();
    if (ksks.empty()) return;
    if (!has(ksks.front(), Kind::ds_submitted)) {
      return propose(what, ds_change(old, ksks.front()), now_);
    }
    const KeySteps removed = old_dnskeys_removed(old);
    propose(what, removed.empty() ? old_signatures_removed(old) : removed, now_);
  }

  const Policy& policy_;
  const Keys& keys_;
  const base::Time now_;
  std::vector<Proposal> proposals_;
};

}  // namespace

std::vector<Proposal> next_steps(const Policy& policy, const Keys& keys, base::Time now) {
  return Planner(policy, keys, now).plan();
}

}  // namespace tld::keys
