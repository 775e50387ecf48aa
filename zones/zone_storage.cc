// SPDX-License-Identifier: GPL-2.0-only
#include "zones/zone_storage.h"

namespace tld::zones {

Node::RRsets NameState::served() const {
  Node::RRsets result;
  for (const StoredRRset& rrset : rrsets) {
    if (rrset.place != Place::orphan_glue) result.push_back(rrset.served());
  }
  return result;
}

Zone::Storage::Storage(std::shared_ptr<const ZoneBase> from)
    : base(std::move(from)),
      lineage(std::make_shared<Lineage>(static_cast<Slot>(base->slots.size()),
                                        static_cast<std::uint32_t>(base->rdata_set_count()))),
      overlay(base->content.apex().label_count()),
      soa(base->soa),
      soa_ttl(base->soa_ttl),
      nodes(base->nodes.size()),
      delegations(base->delegations),
      secure_delegations(base->secure_delegations),
      ring_size(base->ring.size()),
      signatures(base->slots.size()),
      slot_limit(static_cast<Slot>(base->slots.size())) {}

NameState Zone::Storage::state(dns::NameView name) const {
  if (const NameState* known = overlay.names.find(name)) return *known;
  return base_state(name);
}

NameState Zone::Storage::base_state(dns::NameView name) const {
  NameState state;
  const std::uint32_t index = base->find(name);
  const ZoneBase::NodeEntry* node = index == HashIndex::none ? nullptr : &base->nodes[index];
  if (node != nullptr) state.kind = node->kind;
  if (state.kind == NodeKind::empty_non_terminal) return state;
  if (state.kind == NodeKind::apex) {  // its SOA has another serial than the content's
    for (const RRsetRef& rrset : base->served(*node)) {
      state.rrsets.push_back(
          {rrset.type, rrset.ttl, rrset.rdata, nullptr, Place::authoritative, rrset.slot});
    }
    return state;
  }
  const ZoneContent& content = base->content;
  for (std::size_t i = base->content_position(name, node); i < content.size(); ++i) {
    const ContentRRset rrset = content[i];
    if (rrset.owner != name) break;
    const auto served = node == nullptr ? std::nullopt : base->rrset(*node, rrset.type);
    const Place place = !served                         ? Place::orphan_glue
                        : served->authoritative         ? Place::authoritative
                        : rrset.type == dns::RRType::NS ? Place::delegation
                                                        : Place::glue;
    state.rrsets.push_back(
        {rrset.type, rrset.ttl, rrset.rdata, nullptr, place, served ? served->slot : no_slot});
  }
  return state;
}

bool Zone::Storage::has_ns(dns::NameView name) const {
  if (const NameState* known = overlay.names.find(name)) return known->has(dns::RRType::NS);
  const std::uint32_t index = base->find(name);
  if (index == HashIndex::none) return false;
  const NodeKind kind = base->nodes[index].kind;
  return kind == NodeKind::delegation || kind == NodeKind::apex;
}

std::uint32_t Zone::Storage::host_uses(dns::NameView host) const {
  if (const HostState* known = overlay.hosts.find(host)) return known->uses;
  const std::uint32_t index = base->find(host);
  return base->hosts.find(
      host, index != HashIndex::none && base->implies_use(base->nodes[index]) ? 1 : 0);
}

std::optional<dns::NameView> Zone::Storage::next_owner(dns::NameView name, bool or_at) const {
  const ZoneContent& content = base->content;
  const std::uint32_t index = base->find(name);
  const ZoneBase::NodeEntry* node = index == HashIndex::none ? nullptr : &base->nodes[index];
  std::size_t below = node == nullptr || node->rrset_count == 0
                          ? content.lower_bound(name)
                          : base->content_position(name, node);
  while (!or_at && below < content.size() && content[below].owner == name) ++below;
  const NameState* above =
      or_at ? overlay.names.first_not_before(name) : overlay.names.first_after(name);
  for (;;) {
    const bool has_below = below < content.size();
    if (!has_below && above == nullptr) return std::nullopt;
    const auto order = !has_below ? std::strong_ordering::greater
                       : above == nullptr
                           ? std::strong_ordering::less
                           : dns::canonical_order(content[below].owner, *above->name);
    if (order < 0) return content[below].owner;
    if (!above->rrsets.empty()) return above->name->view();
    // A name at which there is nothing any more.
    while (below < content.size() && content[below].owner == *above->name) ++below;
    above = overlay.names.first_after(*above->name);
  }
}

std::optional<Zone::Storage::RingPlace> Zone::Storage::ring_down(std::size_t position,
                                                                 const RingState* top) const {
  for (;;) {
    const ZoneBase::RingEntry* below = position == 0 ? nullptr : &base->ring[position - 1];
    if (top == nullptr || (below != nullptr && below->hash > top->hash)) {
      if (below == nullptr) return std::nullopt;
      return base_place(*below);
    }
    if (top->owner) return RingPlace{top->hash, *top->owner, top->slot};
    if (below != nullptr && below->hash == top->hash) --position;
    top = overlay.ring.last_before(top->hash);
  }
}

std::optional<Zone::Storage::RingPlace> Zone::Storage::ring_up(std::size_t position,
                                                               const RingState* bottom) const {
  for (;;) {
    const ZoneBase::RingEntry* above =
        position == base->ring.size() ? nullptr : &base->ring[position];
    if (bottom == nullptr || (above != nullptr && above->hash < bottom->hash)) {
      if (above == nullptr) return std::nullopt;
      return base_place(*above);
    }
    if (bottom->owner) return RingPlace{bottom->hash, *bottom->owner, bottom->slot};
    if (above != nullptr && above->hash == bottom->hash) ++position;
    bottom = overlay.ring.first_after(bottom->hash);
  }
}

Zone::Storage::RingPlace Zone::Storage::ring_not_after(const dns::Nsec3Hash& hash) const {
  if (const auto place = ring_down(base->ring_not_after(hash), overlay.ring.last_not_after(hash))) {
    return *place;
  }
  return *ring_down(base->ring.size(), overlay.ring.last());
}

Zone::Storage::RingPlace Zone::Storage::ring_before(const dns::Nsec3Hash& hash) const {
  std::size_t position = base->ring_not_after(hash);
  if (position > 0 && base->ring[position - 1].hash == hash) --position;
  if (const auto place = ring_down(position, overlay.ring.last_before(hash))) return *place;
  return *ring_down(base->ring.size(), overlay.ring.last());
}

Zone::Storage::RingPlace Zone::Storage::ring_after(const dns::Nsec3Hash& hash) const {
  if (const auto place = ring_up(base->ring_not_after(hash), overlay.ring.first_after(hash))) {
    return *place;
  }
  return *ring_up(0, overlay.ring.first());
}

std::optional<Zone::Storage::RingPlace> Zone::Storage::ring_find(const dns::Nsec3Hash& hash) const {
  const RingPlace place = ring_not_after(hash);
  if (place.hash != hash) return std::nullopt;
  return place;
}

std::optional<Zone::Storage::SlotPlace> Zone::Storage::numbered_place(Slot slot) const {
  if (slot >= base->slots.size()) {
    const Lineage::SlotPlace* place = lineage->place(slot);
    if (place == nullptr) return std::nullopt;
    return SlotPlace{*place->owner, place->type};
  }
  const ZoneBase::SlotEntry& entry = base->slots[slot];
  if (entry.node == ZoneBase::in_ring) {
    return SlotPlace{base->name(base->nodes[base->ring[entry.rrset_or_ring].node]),
                     dns::RRType::NSEC3};
  }
  return SlotPlace{base->name(base->nodes[entry.node]), base->rrsets[entry.rrset_or_ring].type};
}

std::optional<Zone::Storage::SlotPlace> Zone::Storage::slot_place(Slot slot) const {
  const auto place = numbered_place(slot);
  if (!place || (slot < base->slots.size() && overlay.empty())) return place;
  if (place->type == dns::RRType::NSEC3) {
    const auto found = ring_find(dns::nsec3_hash(place->owner, base->nsec3));
    if (!found || found->slot != slot) return std::nullopt;
    return place;
  }
  const NameState* changed = overlay.names.find(place->owner);
  if (changed == nullptr && slot < base->slots.size()) return place;
  if (changed == nullptr) return std::nullopt;
  for (const StoredRRset& rrset : changed->rrsets) {
    if (rrset.slot == slot) return place;
  }
  return std::nullopt;
}

std::set<dns::RRType> nsec3_types(const Zone::Storage& zone, NodeKind kind,
                                  const Node::RRsets& rrsets) {
  std::set<dns::RRType> types;
  bool authoritative = false;
  for (const RRsetRef& rrset : rrsets) {
    authoritative |= rrset.authoritative;
    if (rrset.authoritative || rrset.type == dns::RRType::NS) types.insert(rrset.type);
  }
  if (authoritative) types.insert(dns::RRType::RRSIG);
  if (kind == NodeKind::apex) {
    const std::set<dns::RRType>& more = zone.base->apex_precomputed_types;
    types.insert(more.begin(), more.end());
  }
  return types;
}

}  // namespace tld::zones
