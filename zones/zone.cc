// SPDX-License-Identifier: GPL-2.0-only
#include "zones/zone.h"

#include <algorithm>
#include <cassert>

#include "zones/zone_storage.h"

namespace tld::zones {

NodeKind Node::kind() const {
  return changed_ != nullptr ? *changed_->kind : zone_->storage_->base->nodes[index_].kind;
}

dns::NameView Node::name() const {
  if (changed_ != nullptr) return *changed_->name;
  const ZoneBase& base = *zone_->storage_->base;
  return base.name(base.nodes[index_]);
}

Node::RRsets Node::rrsets() const {
  if (changed_ != nullptr) return changed_->served();
  const ZoneBase& base = *zone_->storage_->base;
  return base.served(base.nodes[index_]);
}

std::optional<RRsetRef> Node::rrset(dns::RRType type) const {
  if (changed_ == nullptr) {
    const ZoneBase& base = *zone_->storage_->base;
    return base.rrset(base.nodes[index_], type);
  }
  for (const StoredRRset& rrset : changed_->rrsets) {
    if (rrset.type == type && rrset.place != Place::orphan_glue) return rrset.served();
  }
  return std::nullopt;
}

Zone::Zone(std::unique_ptr<const Storage> storage) : storage_(std::move(storage)) {}
Zone::~Zone() = default;

dns::NameView Zone::apex() const {
  return storage_->base->content.apex();
}
const dns::Soa& Zone::soa() const {
  return storage_->soa;
}
std::uint32_t Zone::soa_ttl() const {
  return storage_->soa_ttl;
}
std::uint32_t Zone::nsec3_ttl() const {
  return std::min(soa_ttl(), soa().minimum);
}
std::uint32_t Zone::nsec3param_ttl() const {
  return soa().minimum;
}
const dns::Nsec3Parameters& Zone::nsec3_parameters() const {
  return storage_->base->nsec3;
}
std::size_t Zone::ring_size() const {
  return storage_->ring_size;
}
Slot Zone::slot_limit() const {
  return storage_->slot_limit;
}
std::size_t Zone::signature_count() const {
  return storage_->signatures;
}
std::size_t Zone::node_count() const {
  return storage_->nodes;
}
std::size_t Zone::delegation_count() const {
  return storage_->delegations;
}
std::size_t Zone::secure_delegation_count() const {
  return storage_->secure_delegations;
}
bool Zone::same_lineage(const Zone& other) const {
  return storage_->lineage == other.storage_->lineage;
}

std::optional<Node> Zone::find(dns::NameView name) const {
  if (!storage_->overlay.names.empty()) {
    if (const NameState* changed = storage_->overlay.names.find(name)) {
      if (!changed->kind) return std::nullopt;
      return Node(this, changed);
    }
  }
  const std::uint32_t index = storage_->base->find(name);
  if (index == HashIndex::none) return std::nullopt;
  return Node(this, index);
}

Nsec3Link Zone::ring_at(const dns::Nsec3Hash& hash) const {
  const Storage::RingPlace place = storage_->ring_not_after(hash);
  return {place.hash, storage_->ring_after(place.hash).hash, place.owner, place.slot};
}

dns::RRset Zone::nsec3_rrset(const dns::Nsec3Hash& hash) const {
  const Nsec3Link link = ring_at(hash);
  auto owner = dns::Name::child(dns::to_base32hex(link.hash), apex());
  assert(owner.has_value());  // the check "apex-length"
  const Node node = *find(link.owner);
  dns::Nsec3 nsec3;
  nsec3.parameters = nsec3_parameters();
  nsec3.next = link.next;
  nsec3.types = nsec3_types(*storage_, node.kind(), node.rrsets());
  return {std::move(owner).value(), dns::RRType::NSEC3, nsec3_ttl(), {nsec3.wire()}};
}

std::optional<dns::RRset> Zone::find_signable(Slot slot) const {
  if (slot >= storage_->slot_limit) return std::nullopt;
  const auto place = storage_->slot_place(slot);
  if (!place) return std::nullopt;
  if (place->type == dns::RRType::NSEC3) {
    return nsec3_rrset(dns::nsec3_hash(place->owner, nsec3_parameters()));
  }
  const RRsetRef ref = *find(place->owner)->rrset(place->type);
  dns::RRset rrset{dns::Name(place->owner), ref.type, ref.ttl, {}};
  rrset.rdatas.assign(ref.rdata.begin(), ref.rdata.end());
  return rrset;
}

dns::RRset Zone::signable(Slot slot) const {
  auto rrset = find_signable(slot);
  assert(rrset.has_value());
  return *std::move(rrset);
}

std::optional<std::uint32_t> Zone::slot_ttl(Slot slot) const {
  if (slot >= storage_->slot_limit) return std::nullopt;
  const auto place = storage_->slot_place(slot);
  if (!place) return std::nullopt;
  if (place->type == dns::RRType::NSEC3) return nsec3_ttl();
  return find(place->owner)->rrset(place->type)->ttl;
}

std::optional<Zone::SlotRRset> Zone::slot_rrset(Slot slot) const {
  if (slot >= storage_->slot_limit) return std::nullopt;
  const auto place = storage_->slot_place(slot);
  if (!place) return std::nullopt;
  return SlotRRset{place->owner, place->type};
}

bool Zone::has_slot(Slot slot) const {
  return slot < storage_->slot_limit && storage_->slot_place(slot).has_value();
}

void Zone::for_each_slot(const std::function<void(Slot)>& visit) const {
  for (Slot slot = 0; slot < storage_->slot_limit; ++slot) {
    if (has_slot(slot)) visit(slot);
  }
}

void Zone::for_each_dead_slot(const std::function<void(Slot)>& visit) const {
  storage_->overlay.names.for_each([&](const NameState& state) {
    const std::uint32_t index = storage_->base->find(*state.name);
    if (index == HashIndex::none) return;
    for (const RRsetRef& rrset : storage_->base->served(storage_->base->nodes[index])) {
      if (rrset.authoritative && !has_slot(rrset.slot)) visit(rrset.slot);
    }
  });
  storage_->overlay.ring.for_each([&](const RingState& state) {
    const ZoneBase::RingEntry* entry = storage_->base->ring_find(state.hash);
    if (entry != nullptr && !has_slot(entry->slot)) visit(entry->slot);
  });
  const Lineage& lineage = *storage_->lineage;
  for (Slot slot = lineage.first_slot(); slot < lineage.slot_limit(); ++slot) {
    if (!has_slot(slot)) visit(slot);
  }
}

void Zone::for_each_node(const std::function<void(const Node&)>& visit) const {
  const ZoneBase& base = *storage_->base;
  const auto& changes = storage_->overlay.names;
  std::uint32_t index = 0;
  const auto visit_base_before = [&](const NameState* changed) {
    for (; index < base.nodes.size(); ++index) {
      if (changed != nullptr &&
          dns::canonical_order(base.name(base.nodes[index]), *changed->name) >= 0) {
        break;
      }
      visit(Node(this, index));
    }
  };
  changes.for_each([&](const NameState& changed) {
    visit_base_before(&changed);
    if (index < base.nodes.size() && base.name(base.nodes[index]) == *changed.name) ++index;
    if (changed.kind) visit(Node(this, &changed));
  });
  visit_base_before(nullptr);
}

void Zone::for_each_nsec3(const std::function<void(const Nsec3Link&)>& visit) const {
  dns::Nsec3Hash last{};
  last.fill(0xff);
  Storage::RingPlace here = storage_->ring_after(last);  // cyclic: the first
  if (const auto at_zero = storage_->ring_find({})) here = *at_zero;
  for (std::size_t i = 0; i < storage_->ring_size; ++i) {
    const Storage::RingPlace next = storage_->ring_after(here.hash);
    visit({here.hash, next.hash, here.owner, here.slot});
    here = next;
  }
}

}  // namespace tld::zones
