// SPDX-License-Identifier: GPL-2.0-only
//
// What all versions of a zone that come from one base share: the counters that give each new RRset
// a slot and each new RDATA set an id, once and for all, and what RRset each such slot is of. Two
// candidates derived from one version never use one number for two RRsets. A trial's lineage goes
// on from another one without a trace in it: what it gives out goes with it.
//
// Thread rule: safe from any thread; place() is wait-free.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/growing_array.h"
#include "dns/name.h"
#include "zones/zone.h"

namespace tld::zones {

class Lineage {
 public:
  // An NSEC3 is known by its original owner.
  struct SlotPlace {
    std::shared_ptr<const dns::Name> owner;
    dns::RRType type = dns::RRType::A;
    std::atomic<bool> written{false};
  };

  // The base has the slots below `first_slot` and the RDATA set ids below `first_set`.
  Lineage(Slot first_slot, std::uint32_t first_set)
      : first_slot_(first_slot),
        own_from_(first_slot),
        next_slot_(first_slot),
        next_set_(first_set),
        places_(0) {}
  // A trial's. What has its numbers must go live nowhere: `of` gives out the same ones.
  explicit Lineage(std::shared_ptr<const Lineage> of)
      : of_(std::move(of)),
        first_slot_(of_->first_slot_),
        own_from_(of_->slot_limit()),
        next_slot_(of_->next_slot_.load()),
        next_set_(of_->next_set_.load()),
        places_(0) {}

  Slot first_slot() const { return first_slot_; }
  // Numbers given out so far are below it.
  Slot slot_limit() const {
    return static_cast<Slot>(std::min<std::uint64_t>(next_slot_.load(), no_slot));
  }
  bool exhausted() const { return next_slot_ > no_slot || next_set_ > 0xffffffff; }

  // A slot that was never used; no_slot when there are none left.
  Slot new_slot(std::shared_ptr<const dns::Name> owner, dns::RRType type) {
    const std::uint64_t slot = next_slot_.fetch_add(1);
    if (slot >= no_slot) return no_slot;
    places_.reserve(slot - own_from_ + 1);
    SlotPlace& place = *places_.at(slot - own_from_);
    place.owner = std::move(owner);
    place.type = type;
    place.written.store(true, std::memory_order_release);
    return static_cast<Slot>(slot);
  }
  std::uint32_t new_set() { return static_cast<std::uint32_t>(next_set_.fetch_add(1)); }

  // nullptr: another thread is about to give the number out. REQUIRES: first_slot() <= slot.
  const SlotPlace* place(Slot slot) const {
    if (slot < own_from_) return of_->place(slot);
    if (slot - own_from_ >= places_.size()) return nullptr;
    const SlotPlace* const place = places_.at(slot - own_from_);
    return place->written.load(std::memory_order_acquire) ? place : nullptr;
  }

 private:
  const std::shared_ptr<const Lineage> of_;  // has the slots below own_from_; null: the base has
  const Slot first_slot_;
  const Slot own_from_;
  std::atomic<std::uint64_t> next_slot_;
  std::atomic<std::uint64_t> next_set_;
  base::GrowingArray<SlotPlace> places_;
};

}  // namespace tld::zones
