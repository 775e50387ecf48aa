// SPDX-License-Identifier: GPL-2.0-only
#include "zones/build.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "zones/placement.h"
#include "zones/zone_storage.h"

namespace tld::zones {

class ZoneBuilder {
 public:
  ZoneBuilder(const CheckedContent& checked, const BuildOptions& options)
      : content_(checked.content()),
        places_(checked.placement_->places),
        targets_(*checked.targets_),
        options_(options),
        storage_(std::make_shared<ZoneBase>(checked.content())) {}

  base::Result<std::shared_ptr<const Zone>> run() {
    storage_->nsec3 = options_.nsec3;
    storage_->apex_precomputed_types = options_.apex_precomputed_types;
    add_nodes();
    index_names();
    make_ring();
    TLD_TRY(refuse_collisions());
    index_ring();
    number_slots();
    count_host_uses();
    return std::make_shared<const Zone>(
        std::make_unique<const Zone::Storage>(std::shared_ptr<const ZoneBase>(storage_)));
  }

 private:
  using NodeEntry = ZoneBase::NodeEntry;
  using RRsetEntry = ZoneBase::RRsetEntry;

  void add_nodes() {
    storage_->nodes.reserve(content_.size());
    storage_->rrsets.reserve(content_.size() + 1);
    std::size_t begin = 0;
    while (begin < content_.size()) {
      std::size_t end = begin + 1;
      while (end < content_.size() && content_[end].owner == content_[begin].owner) ++end;
      add_owner(begin, end);
      begin = end;
    }
    storage_->nodes.shrink_to_fit();
    storage_->rrsets.shrink_to_fit();
  }

  // The RRsets begin .. end of one owner become a node, unless all of them are orphan glue.
  void add_owner(std::size_t begin, std::size_t end) {
    const auto found = node_kind(content_[begin].owner == content_.apex(),
                                 std::span(places_).subspan(begin, end - begin));
    for (std::size_t i = begin; i < end; ++i) {
      if (places_[i] == Place::orphan_glue) ++storage_->orphan_rrsets;
    }
    if (!found) {
      return storage_->orphans.insert(octets_hash(content_[begin].owner.wire()),
                                      static_cast<std::uint32_t>(begin));
    }
    const NodeKind kind = *found;
    const dns::NameView owner = content_[begin].owner;
    if (kind != NodeKind::glue) add_empty_non_terminals_above(owner);
    const auto first = static_cast<std::uint32_t>(storage_->rrsets.size());
    for (std::size_t i = begin; i < end; ++i) {
      if (places_[i] != Place::orphan_glue) add_rrset(content_[i], places_[i]);
    }
    if (kind == NodeKind::apex) add_nsec3param();
    add_node(owner, kind, first);
  }

  // In canonical order whatever is below a name follows it without a gap: a name above `owner` is
  // there already exactly when the last name of the zone's own tree is at or below it.
  void add_empty_non_terminals_above(dns::NameView owner) {
    const dns::NameView last = std::exchange(last_in_tree_, owner);
    std::vector<dns::NameView> missing;
    for (dns::NameView name = owner; name != content_.apex();) {
      name = name.parent();
      if (last.is_at_or_below(name) || name == content_.apex()) break;
      missing.push_back(name);
    }
    for (auto name = missing.rbegin(); name != missing.rend(); ++name) {
      add_node(*name, NodeKind::empty_non_terminal,
               static_cast<std::uint32_t>(storage_->rrsets.size()));
    }
  }

  void add_node(dns::NameView name, NodeKind kind, std::uint32_t first_rrset) {
    const std::size_t count = storage_->rrsets.size() - first_rrset;
    storage_->nodes.push_back({name.wire().data(), first_rrset, static_cast<std::uint16_t>(count),
                               static_cast<std::uint8_t>(name.wire().size()), kind});
    if (kind == NodeKind::delegation) ++storage_->delegations;
    if (is_secure(storage_->nodes.back())) ++storage_->secure_delegations;
  }

  void add_rrset(const ContentRRset& rrset, Place place) {
    std::uint32_t set = rrset.rdata.id();
    if (rrset.type == dns::RRType::SOA) set = own_set(soa_wire(rrset));
    // no_slot until number_slots; `signed_` remembers what is to get one.
    storage_->rrsets.push_back({rrset.ttl, set, no_slot, rrset.type});
    signed_.push_back(place == Place::authoritative);
  }

  std::string soa_wire(const ContentRRset& rrset) {
    auto soa = dns::Soa::from_wire(*rrset.rdata.begin());
    assert(soa.has_value());  // the check "soa-single"
    storage_->soa = std::move(soa).value();
    storage_->soa.serial = options_.serial;
    storage_->soa_ttl = rrset.ttl;
    return storage_->soa.wire();
  }

  void add_nsec3param() {
    const std::uint32_t set = own_set(options_.nsec3.nsec3param_wire());
    storage_->rrsets.push_back({storage_->soa.minimum, set, no_slot, dns::RRType::NSEC3PARAM});
    signed_.push_back(true);
  }

  std::uint32_t own_set(const std::string& rdata) {
    std::string encoded;
    append_encoded(rdata, encoded);
    return static_cast<std::uint32_t>(content_.rdata_set_count()) +
           storage_->own_rdata.append(encoded, 1);
  }

  bool is_secure(const NodeEntry& node) const {
    if (node.kind != NodeKind::delegation) return false;
    for (std::uint32_t i = 0; i < node.rrset_count; ++i) {
      if (storage_->rrsets[node.first_rrset + i].type == dns::RRType::DS) return true;
    }
    return false;
  }

  void index_names() {
    storage_->index = HashIndex(storage_->nodes.size());
    for (std::uint32_t i = 0; i < storage_->nodes.size(); ++i) {
      storage_->index.insert(octets_hash(storage_->name(storage_->nodes[i]).wire()), i);
    }
  }

  // RFC 5155 §7.1 with opt-out: insecure delegations are left out; empty non-terminals never are,
  // also where §7.1 would allow it (design section 2).
  bool is_in_ring(const NodeEntry& node) const {
    if (node.kind == NodeKind::glue) return false;
    return node.kind != NodeKind::delegation || is_secure(node);
  }

  void make_ring() {
    for (std::uint32_t i = 0; i < storage_->nodes.size(); ++i) {
      const NodeEntry& node = storage_->nodes[i];
      if (!is_in_ring(node)) continue;
      storage_->ring.push_back({dns::nsec3_hash(storage_->name(node), options_.nsec3), i, no_slot});
    }
    storage_->ring.shrink_to_fit();
    std::sort(storage_->ring.begin(), storage_->ring.end(),
              [](const auto& a, const auto& b) { return a.hash < b.hash; });
  }

  base::Status refuse_collisions() const {
    const auto twin =
        std::adjacent_find(storage_->ring.begin(), storage_->ring.end(),
                           [](const auto& a, const auto& b) { return a.hash == b.hash; });
    if (twin == storage_->ring.end()) return base::ok();
    return base::refused("zone " + content_.apex().text() + ": " +
                         storage_->name(storage_->nodes[twin->node]).text() + " and " +
                         storage_->name(storage_->nodes[(twin + 1)->node]).text() +
                         " have one NSEC3 hash (nsec3-collision); choose another salt");
  }

  void index_ring() {
    const auto& ring = storage_->ring;
    storage_->ring_bits = static_cast<unsigned>(std::bit_width(ring.size())) - 1;
    const std::size_t buckets = std::size_t{1} << storage_->ring_bits;
    storage_->ring_starts.resize(buckets);
    std::size_t at = 0;
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
      while (at < ring.size() && leading_bits(ring[at].hash, storage_->ring_bits) < bucket) ++at;
      storage_->ring_starts[bucket] = static_cast<std::uint32_t>(at);
    }
  }

  // Apex, other data, DS, NSEC3: what is asked for most stands together.
  void number_slots() {
    number_slots_where([](NodeKind kind) { return kind == NodeKind::apex; });
    number_slots_where([](NodeKind kind) { return kind == NodeKind::authoritative; });
    number_slots_where([](NodeKind kind) { return kind == NodeKind::delegation; });
    for (std::uint32_t i = 0; i < storage_->ring.size(); ++i) {
      storage_->ring[i].slot = add_slot(ZoneBase::in_ring, i);
    }
    storage_->slots.shrink_to_fit();
  }

  template <class Chosen>
  void number_slots_where(const Chosen& chosen) {
    for (std::uint32_t n = 0; n < storage_->nodes.size(); ++n) {
      const NodeEntry& node = storage_->nodes[n];
      if (!chosen(node.kind)) continue;
      for (std::uint32_t i = node.first_rrset; i < node.first_rrset + node.rrset_count; ++i) {
        if (signed_[i]) storage_->rrsets[i].slot = add_slot(n, i);
      }
    }
  }

  Slot add_slot(std::uint32_t node, std::uint32_t rrset_or_ring) {
    storage_->slots.push_back({node, rrset_or_ring});
    return static_cast<Slot>(storage_->slots.size() - 1);
  }

  // What HostUses does not know by itself.
  void count_host_uses() {
    for (const NsTargets::Target& target : targets_.all()) {
      const std::uint32_t node = target.uses == 1 ? storage_->find(target.name) : HashIndex::none;
      const bool implied = node != HashIndex::none && storage_->implies_use(storage_->nodes[node]);
      if (!implied) storage_->hosts.add(target.name, target.uses);
    }
    storage_->hosts.shrink_to_fit();
  }

  const ZoneContent& content_;
  const std::vector<Place>& places_;
  const NsTargets& targets_;
  const BuildOptions& options_;
  std::shared_ptr<ZoneBase> storage_;
  std::vector<bool> signed_;    // by index into rrsets
  dns::NameView last_in_tree_;  // the last name that is no glue
};

base::Result<std::shared_ptr<const Zone>> build(const CheckedContent& checked,
                                                const BuildOptions& options) {
  return ZoneBuilder(checked, options).run();
}

}  // namespace tld::zones
