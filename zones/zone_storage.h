// SPDX-License-Identifier: GPL-2.0-only
//
// One version of a zone (ADR 1): a base and an overlay on top of it. Every question is put to the
// overlay first. Seen by the files of this room that make and read versions.
//
// Thread rule: immutable once a Zone has it.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "zones/lineage.h"
#include "zones/overlay.h"
#include "zones/zone_base.h"

namespace tld::zones {

struct Zone::Storage {
  explicit Storage(std::shared_ptr<const ZoneBase> from);

  // What is known of `name`: from the overlay, else as the base has it.
  NameState state(dns::NameView name) const;
  bool has_ns(dns::NameView name) const;
  std::uint32_t host_uses(dns::NameView host) const;
  // The first name behind `name` (or, with `or_at`, not before it) at which the store has data.
  std::optional<dns::NameView> next_owner(dns::NameView name, bool or_at) const;

  struct RingPlace {
    dns::Nsec3Hash hash{};
    dns::NameView owner;
    Slot slot = no_slot;
  };
  // Cyclic: the ring is never empty.
  RingPlace ring_not_after(const dns::Nsec3Hash& hash) const;
  RingPlace ring_before(const dns::Nsec3Hash& hash) const;
  RingPlace ring_after(const dns::Nsec3Hash& hash) const;
  std::optional<RingPlace> ring_find(const dns::Nsec3Hash& hash) const;

  struct SlotPlace {
    dns::NameView owner;  // an NSEC3's original owner
    dns::RRType type = dns::RRType::A;
  };
  // nullopt: no slot of this version. REQUIRES: slot < slot_limit.
  std::optional<SlotPlace> slot_place(Slot slot) const;

  std::shared_ptr<const ZoneBase> base;
  std::shared_ptr<Lineage> lineage;
  Overlay overlay;

  dns::Soa soa;
  std::uint32_t soa_ttl = 0;
  std::size_t nodes = 0;
  std::size_t delegations = 0;
  std::size_t secure_delegations = 0;
  std::size_t ring_size = 0;
  std::size_t signatures = 0;
  Slot slot_limit = 0;

 private:
  NameState base_state(dns::NameView name) const;
  // What the slot is of, in whatever version.
  std::optional<SlotPlace> numbered_place(Slot slot) const;
  RingPlace base_place(const ZoneBase::RingEntry& entry) const {
    return {entry.hash, base->name(base->nodes[entry.node]), entry.slot};
  }
  // Going down from the base's first `position` entries and the overlay's `top`.
  std::optional<RingPlace> ring_down(std::size_t position, const RingState* top) const;
  std::optional<RingPlace> ring_up(std::size_t position, const RingState* bottom) const;
};

// The types in the NSEC3 bitmap of a node, as PowerDNS finds them by lookup(ANY, owner): those with
// auth, NS, and RRSIG where anything is signed; at the apex also what is kept elsewhere.
std::set<dns::RRType> nsec3_types(const Zone::Storage& zone, NodeKind kind,
                                  const Node::RRsets& rrsets);

}  // namespace tld::zones
