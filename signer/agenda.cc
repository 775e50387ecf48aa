// SPDX-License-Identifier: GPL-2.0-only
#include "signer/agenda.h"

#include <algorithm>
#include <utility>

namespace tld::signer {

using std::chrono::seconds;

namespace {

constexpr seconds longest_look_ahead = std::chrono::minutes{30};
constexpr seconds after_failures{30};

bool has_same_slots(const SignedZone& a, const SignedZone& b) {
  return a.keys() == b.keys() && a.zone().same_lineage(b.zone());
}

}  // namespace

seconds Agenda::look_ahead(const SignaturePolicy& policy) {
  return std::clamp<seconds>(policy.refresh / 20, seconds{1}, longest_look_ahead);
}

bool Agenda::update(std::shared_ptr<const SignedZone> zone, base::Time now) {
  const auto before = std::exchange(zone_, std::move(zone));
  const bool known = before && has_same_slots(*before, *zone_);
  // A clock that was set back would leave what was found for later than it should.
  if (!known || now >= look_again_at_ || now < looked_at_) return look_through(now);
  if (before != zone_) look_at(before->zone().slot_limit(), zone_->zone().slot_limit(), now);
  return false;
}

bool Agenda::look_through(base::Time now) {
  for (auto& list : missing_) list.clear();
  due_.clear();
  looked_at_ = now;
  look_again_at_ = now + look_ahead(zone_->policy());
  look_at(0, zone_->zone().slot_limit(), now);
  std::sort(due_.begin(), due_.end(), [now](const Due& a, const Due& b) {
    return until(a.expiration, now) < until(b.expiration, now);
  });
  return true;
}

void Agenda::look_at(zones::Slot from, zones::Slot to, base::Time now) {
  for (std::uint32_t key = 0; key < zone_->key_count(); ++key) {
    if (zone_->use(key) == KeyUse::leaving) continue;
    const SignatureTable& table = zone_->table(key);
    for (zones::Slot slot = from; slot < to; ++slot) {
      Validity validity;
      if (!table.get_validity(slot, validity) || is_early(validity, now)) {
        note_missing(key, slot);
      } else if (needs_refresh(zone_->policy(), validity, look_again_at_)) {
        due_.push_back({validity.expiration, key, slot});
      }
    }
  }
}

void Agenda::note_missing(std::uint32_t key, zones::Slot slot) {
  const auto rrset = zone_->zone().slot_rrset(slot);
  if (!rrset) return;  // of an older version
  Class in = rest;
  if (zone_->use(key) == KeyUse::warming) {
    in = warming;
  } else if (rrset->type == dns::RRType::NSEC3 || rrset->type == dns::RRType::DS) {
    in = delegations;
  } else if (rrset->owner == zone_->zone().apex()) {
    in = apex;
  }
  missing_[in].push_back({key, slot});
}

std::optional<Agenda::Work> Agenda::next(base::Time now) {
  if (auto work = take_missing(apex, now)) return work;
  if (auto work = take_due(now)) return work;
  for (const Class from : {delegations, rest, warming, aside}) {
    if (auto work = take_missing(from, now)) return work;
  }
  return std::nullopt;
}

std::optional<Agenda::Work> Agenda::take_missing(Class from, base::Time now) {
  while (!missing_[from].empty()) {
    const Work work = missing_[from].front();
    missing_[from].pop_front();
    if (is_needed(work, now)) return work;
  }
  return std::nullopt;
}

std::optional<Agenda::Work> Agenda::take_due(base::Time now) {
  while (!due_.empty() && until(due_.front().expiration, now) < zone_->policy().refresh) {
    const Work work{due_.front().key, due_.front().slot};
    due_.pop_front();
    if (is_needed(work, now)) return work;
  }
  return std::nullopt;
}

bool Agenda::is_needed(const Work& work, base::Time now) const {
  if (work.key >= zone_->key_count() || zone_->use(work.key) == KeyUse::leaving) return false;
  Validity validity;
  const bool is_there = zone_->table(work.key).get_validity(work.slot, validity);
  return (!is_there || is_early(validity, now) || needs_refresh(zone_->policy(), validity, now)) &&
         zone_->zone().has_slot(work.slot);
}

void Agenda::set_aside(const Work& work, base::Time now) {
  missing_[aside].push_back(work);
  look_again_at_ = std::min(look_again_at_, now + after_failures);
}

seconds Agenda::idle(base::Time now) const {
  seconds idle = look_again_at_ - now;
  if (!due_.empty()) {
    idle =
        std::min(idle, until(due_.front().expiration, now) - zone_->policy().refresh + seconds{1});
  }
  return std::max(idle, seconds{0});
}

std::size_t Agenda::missing() const {
  std::size_t sum = 0;
  for (const auto& list : missing_) sum += list.size();
  return sum;
}

}  // namespace tld::signer
