// SPDX-License-Identifier: GPL-2.0-only
//
// What stands on top of a zone's base (ADR 1): whatever it has at a name or a hash takes the place
// of all that the base has there.
//
// Thread rule: entries are immutable; an Overlay is a value that shares them with other versions.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/container/small_vector.hpp>

#include "dns/name.h"
#include "dns/rdata.h"
#include "zones/name_order.h"
#include "zones/persistent_map.h"
#include "zones/placement.h"
#include "zones/zone.h"

namespace tld::zones {

// An RRset as the store holds it, and what it is in the zone.
struct StoredRRset {
  dns::RRType type = dns::RRType::A;
  std::uint32_t ttl = 0;
  RdataSet rdata;
  std::shared_ptr<const std::string> octets;  // keeps `rdata` alive; null: the base does
  Place place = Place::authoritative;
  Slot slot = no_slot;

  RRsetRef served() const { return {type, ttl, rdata, slot != no_slot, slot}; }
};
using StoredRRsets = boost::container::small_vector<StoredRRset, 3>;

// All that is known of one name.
struct NameState {
  std::shared_ptr<const dns::Name> name;  // null in states that are in no overlay
  std::optional<NodeKind> kind;           // nullopt: not in the zone, or orphan glue only
  StoredRRsets rrsets;  // by type; at the apex the NSEC3PARAM too, which no store holds

  bool has(dns::RRType type) const {
    for (const StoredRRset& rrset : rrsets) {
      if (rrset.type == type) return true;
    }
    return false;
  }
  bool has_address() const { return has(dns::RRType::A) || has(dns::RRType::AAAA); }
  bool is_secure() const { return kind == NodeKind::delegation && has(dns::RRType::DS); }
  // RFC 5155 §7.1 with opt-out: insecure delegations are left out; empty non-terminals never are,
  // also where §7.1 would allow it (design section 2).
  bool in_ring() const {
    return kind && kind != NodeKind::glue && (kind != NodeKind::delegation || is_secure());
  }
  Node::RRsets served() const;
};

struct RingState {
  dns::Nsec3Hash hash{};
  std::shared_ptr<const dns::Name> owner;  // null: no such hash any more
  Slot slot = no_slot;
};

struct HostState {
  dns::Name host;
  std::uint32_t uses = 0;
};

template <class Item, class Name>
struct ByName {
  using Key = dns::NameView;
  using Prefix = SortKeyPrefix;
  std::size_t apex_labels = 0;
  Prefix prefix(Key name) const { return sort_key_prefix(name, apex_labels); }
  static std::strong_ordering order(Key a, Key b) { return dns::canonical_order(a, b); }
  static Key key(const Item& item) { return Name::of(item); }
};
struct NameOfState {
  static dns::NameView of(const NameState& state) { return *state.name; }
};
struct NameOfHost {
  static dns::NameView of(const HostState& state) { return state.host; }
};
struct ByHash {
  using Key = const dns::Nsec3Hash&;
  using Prefix = std::uint64_t;
  Prefix prefix(Key hash) const {
    Prefix prefix = 0;
    for (std::size_t i = 0; i < sizeof prefix; ++i) prefix = prefix << 8 | hash[i];
    return prefix;
  }
  static std::strong_ordering order(Key a, Key b) { return a <=> b; }
  static Key key(const RingState& state) { return state.hash; }
};

struct Overlay {
  explicit Overlay(std::size_t apex_labels)
      : names(ByName<NameState, NameOfState>{apex_labels}),
        hosts(ByName<HostState, NameOfHost>{apex_labels}) {}

  bool empty() const { return names.empty() && ring.empty() && hosts.empty(); }
  std::size_t size() const { return names.size() + ring.size() + hosts.size(); }

  PersistentMap<NameState, ByName<NameState, NameOfState>> names;
  PersistentMap<RingState, ByHash> ring;
  PersistentMap<HostState, ByName<HostState, NameOfHost>> hosts;  // how many NS RRsets name each
};

}  // namespace tld::zones
