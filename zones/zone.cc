// SPDX-License-Identifier: GPL-2.0-only
#include "zones/zone.h"

#include <algorithm>
#include <cassert>

#include "zones/zone_storage.h"

namespace tld::zones {

NodeKind Node::kind() const {
  return zone_->storage_->nodes[index_].kind;
}

dns::NameView Node::name() const {
  return zone_->storage_->name(zone_->storage_->nodes[index_]);
}

Node::RRsets Node::rrsets() const {
  const Zone::Storage& storage = *zone_->storage_;
  const auto& node = storage.nodes[index_];
  RRsets result;
  for (std::uint32_t i = 0; i < node.rrset_count; ++i) {
    result.push_back(storage.rrset(storage.rrsets[node.first_rrset + i]));
  }
  return result;
}

std::optional<RRsetRef> Node::rrset(dns::RRType type) const {
  const Zone::Storage& storage = *zone_->storage_;
  const auto& node = storage.nodes[index_];
  for (std::uint32_t i = 0; i < node.rrset_count; ++i) {
    const auto& entry = storage.rrsets[node.first_rrset + i];
    if (entry.type == type) return storage.rrset(entry);
  }
  return std::nullopt;
}

Zone::Zone(std::unique_ptr<const Storage> storage) : storage_(std::move(storage)) {}
Zone::~Zone() = default;

dns::NameView Zone::apex() const {
  return storage_->content.apex();
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
  return storage_->nsec3;
}
std::size_t Zone::ring_size() const {
  return storage_->ring.size();
}
std::size_t Zone::slot_count() const {
  return storage_->slots.size();
}
std::size_t Zone::node_count() const {
  return storage_->nodes.size();
}
std::size_t Zone::delegation_count() const {
  return storage_->delegations;
}
std::size_t Zone::secure_delegation_count() const {
  return storage_->secure_delegations;
}

std::size_t Zone::rdata_set_count() const {
  return storage_->content.rdata_set_count() + storage_->own_rdata.size();
}

std::optional<Node> Zone::find(dns::NameView name) const {
  const std::uint32_t index = storage_->index.find(octets_hash(name.wire()), [&](std::uint32_t n) {
    return storage_->name(storage_->nodes[n]) == name;
  });
  if (index == HashIndex::none) return std::nullopt;
  return Node(this, index);
}

Nsec3Link Zone::ring_link(std::size_t position) const {
  const auto& ring = storage_->ring;
  const auto& entry = ring[position];
  const auto& next = ring[position + 1 == ring.size() ? 0 : position + 1];
  return {entry.hash, next.hash, storage_->name(storage_->nodes[entry.node]), entry.slot};
}

Nsec3Link Zone::ring_at(const dns::Nsec3Hash& hash) const {
  const auto& ring = storage_->ring;
  // The first entry behind `hash`; the one before it, cyclic, matches or covers.
  std::size_t at = storage_->ring_starts[leading_bits(hash, storage_->ring_bits)];
  while (at < ring.size() && ring[at].hash <= hash) ++at;
  return ring_link(at == 0 ? ring.size() - 1 : at - 1);
}

// The types as PowerDNS finds them by lookup(ANY, owner): those with auth, NS, and RRSIG where
// anything is signed; at the apex also what is kept elsewhere.
std::set<dns::RRType> Zone::bitmap_types(const Node& node) const {
  std::set<dns::RRType> types;
  bool authoritative = false;
  for (const RRsetRef& rrset : node.rrsets()) {
    authoritative |= rrset.authoritative;
    if (rrset.authoritative || rrset.type == dns::RRType::NS) types.insert(rrset.type);
  }
  if (authoritative) types.insert(dns::RRType::RRSIG);
  if (node.kind() == NodeKind::apex) {
    types.insert(storage_->apex_precomputed_types.begin(), storage_->apex_precomputed_types.end());
  }
  return types;
}

dns::RRset Zone::nsec3_rrset(std::size_t position) const {
  const Nsec3Link link = ring_link(position);
  auto owner = dns::Name::child(dns::to_base32hex(link.hash), apex());
  assert(owner.has_value());  // the check "apex-length"
  dns::Nsec3 nsec3;
  nsec3.parameters = nsec3_parameters();
  nsec3.next = link.next;
  nsec3.types = bitmap_types(Node(this, storage_->ring[position].node));
  return {std::move(owner).value(), dns::RRType::NSEC3, nsec3_ttl(), {nsec3.wire()}};
}

dns::RRset Zone::signable(Slot slot) const {
  assert(slot < storage_->slots.size());
  const auto& entry = storage_->slots[slot];
  if (entry.node == Storage::in_ring) return nsec3_rrset(entry.rrset_or_ring);
  const RRsetRef ref = storage_->rrset(storage_->rrsets[entry.rrset_or_ring]);
  dns::RRset rrset{dns::Name(storage_->name(storage_->nodes[entry.node])), ref.type, ref.ttl, {}};
  rrset.rdatas.assign(ref.rdata.begin(), ref.rdata.end());
  return rrset;
}

void Zone::for_each_node(const std::function<void(const Node&)>& visit) const {
  for (std::uint32_t i = 0; i < storage_->nodes.size(); ++i) visit(Node(this, i));
}

void Zone::for_each_nsec3(const std::function<void(const Nsec3Link&)>& visit) const {
  for (std::size_t i = 0; i < storage_->ring.size(); ++i) visit(ring_link(i));
}

}  // namespace tld::zones
