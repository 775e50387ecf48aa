// SPDX-License-Identifier: GPL-2.0-only
#include "keys/key_schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "keys/key_steps.h"
#include "keys/key_timing.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;
using std::chrono::seconds;

constexpr base::Time ever = base::Time::max();

struct Listed {
  std::size_t key;
  base::Time from, until;
  bool not_before = false;  // a slot that `from` lies in does not list it
};

class Scheduler {
 public:
  Scheduler(const Policy& policy, const Keys& keys, base::Time from, base::Time until)
      : policy_(policy), keys_(keys), kept_(retention(policy, keys)), from_(from), until_(until) {}

  base::Result<std::vector<KeyBundle>> run() && {
    for (std::size_t i = 0; i < keys_.size(); ++i) list_if_known(i);
    TLD_TRY(list_chain());
    std::vector<KeyBundle> bundles;
    for (base::Time start = from_; start < until_; start += policy_.signed_keys.slot) {
      bundles.push_back(bundle(start));
    }
    return bundles;
  }

 private:
  bool is_target(const ManagedKey& key) const {
    return key.dnskey.algorithm == static_cast<std::uint8_t>(policy_.algorithm);
  }
  seconds kept_after_retirement() const {
    return std::max(policy_.keys.zsk.postpublish, policy_.signatures.sign_delay + kept_.signatures);
  }

  // Keys whose place does not depend on the lifetimes of others.
  void list_if_known(std::size_t place) {
    const ManagedKey& key = keys_[place];
    if (key.has(Kind::removed) || key.is_ksk()) return;
    if (key.foreign) {
      listed_.push_back({place, from_, foreign_until(place)});
    } else if (key.has(Kind::published)) {
      if (key.has(Kind::retired)) {
        listed_.push_back({place, from_, last_need(key)});
      } else if (!is_target(key)) {
        listed_.push_back({place, from_, old_algorithm_until()});
      }
    }
  }

  // Another operator's ZSK goes when its signatures are forgotten.
  base::Time foreign_until(std::size_t place) const {
    if (!keys_[place].has(Kind::signatures_gone)) return ever;
    const auto time = earliest(policy_, keys_, {{place, Kind::removed}}, from_);
    return time ? time.value() : ever;
  }

  bool new_ds_is_submitted() const {
    return std::ranges::any_of(keys_, [this](const ManagedKey& key) {
      return !key.foreign && is_target(key) && key.has(Kind::ds_submitted);
    });
  }

  // RFC 6781 §4.1.4: all keys of the old algorithm go together, once no DS of it is remembered.
  base::Time old_algorithm_until() const {
    if (!new_ds_is_submitted()) return ever;
    KeySteps steps;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const ManagedKey& key = keys_[i];
      if (key.foreign || is_target(key) || !key.has(Kind::published) || key.has(Kind::removed)) {
        continue;
      }
      const bool signs_keys = key.is_ksk() && key.has(Kind::activated);
      if (signs_keys && !key.has(Kind::retired)) steps.push_back({i, Kind::retired});
      steps.push_back({i, Kind::removed});
    }
    const auto time = earliest(policy_, keys_, steps, from_);
    return time ? time.value() : ever;
  }

  // While its signatures are not gone, it is listed as if signing anew began now.
  base::Time last_need(const ManagedKey& key) const {
    const auto gone = key.time_of(Kind::signatures_gone);
    const base::Time dead =
        gone ? *gone + kept_.signatures : from_ + policy_.signatures.sign_delay + kept_.signatures;
    if (key.has(Kind::compromised)) return dead;
    return std::max(dead, *key.time_of(Kind::retired) + policy_.keys.zsk.postpublish);
  }

  // What is published already stays: taking it out would be a roll too.
  bool may_be_listed(const ManagedKey& key) const {
    return key.has(Kind::published) || check_backup(policy_, key);
  }

  // Why there are fewer than one would think.
  std::string without_backup() const {
    for (const ManagedKey& key : keys_) {
      const bool over = key.has(Kind::retired) || key.has(Kind::removed);
      if (key.is_ksk() || over || !is_target(key) || may_be_listed(key)) continue;
      return "; " + check_backup(policy_, key).error().message;
    }
    return "";
  }

  // The target algorithm's ZSKs, one after the other: active, published spares, unused ones.
  std::vector<std::size_t> chain() const {
    std::vector<std::size_t> active, spares, unused;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const ManagedKey& key = keys_[i];
      const bool over = key.has(Kind::retired) || key.has(Kind::removed);
      if (key.foreign || key.is_ksk() || !is_target(key) || over) continue;
      if (key.has(Kind::activated)) {
        active.push_back(i);
      } else if (!key.has(Kind::compromised) && may_be_listed(key)) {
        (key.has(Kind::published) ? spares : unused).push_back(i);
      }
    }
    std::ranges::stable_sort(active, {},
                             [this](std::size_t i) { return keys_[i].time_of(Kind::activated); });
    for (auto* more : {&spares, &unused}) active.insert(active.end(), more->begin(), more->end());
    return active;
  }

  bool other_algorithm_signs() const {
    return std::ranges::any_of(keys_, [this](const ManagedKey& key) {
      return !key.is_ksk() && !is_target(key) && key.has(Kind::activated) &&
             !key.has(Kind::retired);
    });
  }

  // RFC 6781 §4.1.4: a new algorithm's DNSKEY comes when its signatures are known everywhere.
  base::Time first_listing(const ManagedKey& key) const {
    if (key.has(Kind::published)) return from_;
    const auto signed_all = key.time_of(Kind::signed_all);
    const base::Time all =
        signed_all ? *signed_all : *key.time_of(Kind::activated) + policy_.signatures.sign_delay;
    return std::max(from_, all + kept_.signatures);
  }

  base::Time activation_after(const ManagedKey& previous, base::Time activated,
                              const ManagedKey* next, base::Time listed) const {
    const bool compromised = previous.has(Kind::compromised);
    const base::Time due = compromised ? from_ : activated + policy_.keys.zsk.lifetime;
    const auto published =
        next != nullptr && next->has(Kind::published) ? next->time_of(Kind::published) : listed;
    const seconds wait = compromised ? kept_.dnskeys : policy_.keys.zsk.prepublish;
    return std::max({due, from_, *published + wait});
  }

  // No ZSK rolls in an algorithm roll (next_steps.h), however long that takes: what is active, and
  // a spare, is in every slot, so that each slot fits whatever has been done by its time.
  base::Status list_without_roll(const std::vector<std::size_t>& places) {
    const base::Time listed = first_listing(keys_[places[0]]);
    for (const std::size_t place : places) {
      listed_.push_back({place, listed, ever, !keys_[place].has(Kind::published)});
      if (!keys_[place].has(Kind::activated)) return base::ok();
    }
    return missing(1);
  }

  base::Status list_chain() {
    const std::vector<std::size_t> places = chain();
    const bool begun = !places.empty() && keys_[places[0]].has(Kind::activated);
    if (other_algorithm_signs()) return begun ? list_without_roll(places) : base::ok();
    if (places.empty()) return missing(1);
    base::Time listed = from_;
    base::Time activated = keys_[places[0]].time_of(Kind::activated).value_or(from_);
    for (std::size_t n = 0; n < places.size(); ++n) {
      const ManagedKey& key = keys_[places[n]];
      const ManagedKey* next = n + 1 < places.size() ? &keys_[places[n + 1]] : nullptr;
      // The next one is the spare from then on.
      const base::Time next_listed = std::max(listed, activated - policy_.keys.zsk.prepublish);
      const base::Time retired = activation_after(key, activated, next, next_listed);
      listed_.push_back({places[n], listed, retired + kept_after_retirement()});
      if (next == nullptr) return missing_from(next_listed, retired);
      listed = next->has(Kind::published) ? from_ : next_listed;
      activated = next->time_of(Kind::activated).value_or(retired);
    }
    return base::ok();
  }

  // A key that does not exist would be listed from `listed` on.
  base::Status missing_from(base::Time listed, base::Time activated) const {
    std::size_t count = 0;
    while (listed < until_) {
      ++count;
      listed = std::max(listed, activated - policy_.keys.zsk.prepublish);
      activated += policy_.keys.zsk.lifetime;
    }
    return count == 0 ? base::ok() : missing(count);
  }

  base::Status missing(std::size_t count) const {
    return base::refused(
        fmt::format("SCHEDULE-KEYS: {} more unused ZSK{} of {} must be made to reach {}{}", count,
                    count == 1 ? "" : "s", hsm::to_string(policy_.algorithm), time_text(until_),
                    without_backup()));
  }

  KeyBundle bundle(base::Time start) const {
    KeyBundle out{start, {}};
    const base::Time end = start + policy_.signed_keys.slot;
    for (const Listed& each : listed_) {
      const base::Time last_from = each.not_before ? start : end - seconds{1};
      if (each.from <= last_from && start < each.until) {
        out.dnskeys.push_back(keys_[each.key].dnskey);
      }
    }
    std::ranges::sort(out.dnskeys, {}, [](const dns::Dnskey& key) { return key.wire(); });
    return out;
  }

  const Policy& policy_;
  const Keys& keys_;
  const Retention kept_;
  const base::Time from_, until_;
  std::vector<Listed> listed_;
};

}  // namespace

base::Result<std::vector<KeyBundle>> schedule(const Policy& policy, const Keys& keys,
                                              base::Time from, base::Time until) {
  return Scheduler(policy, keys, from, until).run();
}

}  // namespace tld::keys
