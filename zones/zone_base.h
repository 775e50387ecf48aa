// SPDX-License-Identifier: GPL-2.0-only
//
// The base of a zone (ADR 1): flat arrays over the octets of the content it was built from. Names
// are pointers into those octets; slots stand beside what they number.
//
// Thread rule: immutable once a Zone has it.
#pragma once

#include <set>
#include <vector>

#include "zones/content.h"
#include "zones/hash_index.h"
#include "zones/host_uses.h"
#include "zones/rdata_arena.h"
#include "zones/zone.h"

namespace tld::zones {

struct ZoneBase {
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

  explicit ZoneBase(ZoneContent from) : content(std::move(from)) {}

  dns::NameView name(const NodeEntry& node) const {
    return dns::NameView::trusted({node.name, node.name_size});
  }
  RdataSet rdata_set(std::uint32_t id) const {
    const auto shared = static_cast<std::uint32_t>(content.rdata_set_count());
    return id < shared ? content.rdata_set(id) : own_rdata.get(id - shared, shared);
  }
  std::size_t rdata_set_count() const { return content.rdata_set_count() + own_rdata.size(); }
  RRsetRef rrset(const RRsetEntry& entry) const {
    return {entry.type, entry.ttl, rdata_set(entry.set), entry.slot != no_slot, entry.slot};
  }
  std::optional<RRsetRef> rrset(const NodeEntry& node, dns::RRType type) const {
    for (std::uint32_t i = 0; i < node.rrset_count; ++i) {
      const RRsetEntry& entry = rrsets[node.first_rrset + i];
      if (entry.type == type) return rrset(entry);
    }
    return std::nullopt;
  }
  Node::RRsets served(const NodeEntry& node) const {
    Node::RRsets result;
    for (std::uint32_t i = 0; i < node.rrset_count; ++i) {
      result.push_back(rrset(rrsets[node.first_rrset + i]));
    }
    return result;
  }

  // Does it serve an address at or below a cut? Then some NS RRset names it.
  bool implies_use(const NodeEntry& node) const {
    return node.kind == NodeKind::glue ||
           (node.kind == NodeKind::delegation &&
            (rrset(node, dns::RRType::A) || rrset(node, dns::RRType::AAAA)));
  }

  // HashIndex::none when there is no such node.
  std::uint32_t find(dns::NameView wanted) const {
    return index.find(octets_hash(wanted.wire()),
                      [&](std::uint32_t n) { return name(nodes[n]) == wanted; });
  }
  // Where the RRsets of `wanted` begin in the content, `node` being its node or nullptr; the
  // content's size when it has none.
  std::size_t content_position(dns::NameView wanted, const NodeEntry* node) const {
    if (node == nullptr) {
      const std::uint32_t known = orphans.find(
          octets_hash(wanted.wire()), [&](std::uint32_t n) { return content[n].owner == wanted; });
      return known == HashIndex::none ? content.size() : known;
    }
    // Nodes' RRsets are in the order of the content, but for the NSEC3PARAM, which is none of its,
    // and the orphan glue, which is there only.
    const std::size_t first = node->first_rrset > 0 ? node->first_rrset - 1 : 0;
    return content.lower_bound(wanted, first, first + orphan_rrsets + 2);
  }

  // How many ring entries have a hash that is not after `hash`.
  std::size_t ring_not_after(const dns::Nsec3Hash& hash) const;
  const RingEntry* ring_find(const dns::Nsec3Hash& hash) const {
    const std::size_t count = ring_not_after(hash);
    return count > 0 && ring[count - 1].hash == hash ? &ring[count - 1] : nullptr;
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
  HostUses hosts;
  HashIndex orphans;  // names with orphan glue only → their first RRset in the content
  std::size_t orphan_rrsets = 0;
  std::size_t delegations = 0;
  std::size_t secure_delegations = 0;
};

// The leading `bits` (0 to 31) bits of a hash.
inline std::uint32_t leading_bits(const dns::Nsec3Hash& hash, unsigned bits) {
  const std::uint32_t word = std::uint32_t{hash[0]} << 24 | std::uint32_t{hash[1]} << 16 |
                             std::uint32_t{hash[2]} << 8 | hash[3];
  return bits == 0 ? 0 : word >> (32 - bits);
}

inline std::size_t ZoneBase::ring_not_after(const dns::Nsec3Hash& hash) const {
  std::size_t at = ring_starts[leading_bits(hash, ring_bits)];
  while (at < ring.size() && ring[at].hash <= hash) ++at;
  return at;
}

}  // namespace tld::zones
