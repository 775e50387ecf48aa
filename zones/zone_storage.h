// SPDX-License-Identifier: GPL-2.0-only
//
// What a Zone is made of (ADR 1): flat arrays over the octets of the content it was built from.
// Names are pointers, so that nodes of a later overlay can refer to other arenas; slots stand
// beside what they number, so that they can outlive a rebuild. Seen by zone.cc and build.cc only.
//
// Thread rule: immutable once a Zone has it.
#pragma once

#include <set>
#include <vector>

#include "zones/content.h"
#include "zones/hash_index.h"
#include "zones/rdata_arena.h"
#include "zones/zone.h"

namespace tld::zones {

struct Zone::Storage {
  struct NodeEntry {
    const char* name = nullptr;  // wire form
    std::uint32_t first_rrset = 0;
    std::uint16_t rrset_count = 0;
    std::uint8_t name_size = 0;
    NodeKind kind = NodeKind::apex;
  };
  struct RRsetEntry {
    std::uint32_t ttl = 0;
    std::uint32_t set = 0;
    Slot slot = no_slot;
    dns::RRType type = dns::RRType::A;
  };
  struct RingEntry {
    dns::Nsec3Hash hash{};
    std::uint32_t node = 0;
    Slot slot = no_slot;
  };
  static constexpr std::uint32_t in_ring = 0xffffffff;
  struct SlotEntry {
    std::uint32_t node = 0;           // or in_ring
    std::uint32_t rrset_or_ring = 0;  // index into rrsets, or into ring
  };

  explicit Storage(ZoneContent from) : content(std::move(from)) {}

  dns::NameView name(const NodeEntry& node) const {
    return dns::NameView::trusted({node.name, node.name_size});
  }
  RdataSet rdata_set(std::uint32_t id) const {
    const auto shared = static_cast<std::uint32_t>(content.rdata_set_count());
    return id < shared ? content.rdata_set(id) : own_rdata.get(id - shared, shared);
  }
  RRsetRef rrset(const RRsetEntry& entry) const {
    return {entry.type, entry.ttl, rdata_set(entry.set), entry.slot != no_slot, entry.slot};
  }

  ZoneContent content;   // keeps names and RDATA alive
  RdataArena own_rdata;  // SOA with our serial, NSEC3PARAM; ids follow the content's

  dns::Soa soa;
  std::uint32_t soa_ttl = 0;
  dns::Nsec3Parameters nsec3;
  std::set<dns::RRType> apex_precomputed_types;

  std::vector<NodeEntry> nodes;    // canonical order: the apex first
  std::vector<RRsetEntry> rrsets;  // a node's stand together
  HashIndex index;                 // name → node
  std::vector<RingEntry> ring;     // by hash
  // ring_starts[b]: the first ring entry whose hash's leading bits are b or more.
  std::vector<std::uint32_t> ring_starts;
  unsigned ring_bits = 0;
  std::vector<SlotEntry> slots;
  std::size_t delegations = 0;
  std::size_t secure_delegations = 0;
};

// The leading `bits` (0 to 31) bits of a hash.
inline std::uint32_t leading_bits(const dns::Nsec3Hash& hash, unsigned bits) {
  const std::uint32_t word = std::uint32_t{hash[0]} << 24 | std::uint32_t{hash[1]} << 16 |
                             std::uint32_t{hash[2]} << 8 | hash[3];
  return bits == 0 ? 0 : word >> (32 - bits);
}

}  // namespace tld::zones
