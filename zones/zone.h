// SPDX-License-Identifier: GPL-2.0-only
//
// One version of a zone: immutable, checked, compact, with its NSEC3 ring (RFC 5155, opt-out; every
// empty non-terminal is in the ring). Only zones/build.h makes one, and only from checked content:
// what has not been checked cannot be served.
//
// Every RRset that needs an RRSIG made by a ZSK has a slot: a small number, unique within the zone,
// by which somebody else keeps its signature (this room knows no signatures).
//
// Thread rule: immutable after construction; all methods are lock-free and safe from any thread.
// Lifetime: every view is valid as long as the Zone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include "dns/rdata.h"
#include "dns/rrset.h"
#include "zones/rdata_set.h"

namespace tld::zones {

using Slot = std::uint32_t;
inline constexpr Slot no_slot = 0xffffffff;

struct RRsetRef {
  dns::RRType type = dns::RRType::A;
  std::uint32_t ttl = 0;  // seconds
  RdataSet rdata;
  bool authoritative = false;  // false: delegation NS and glue, never signed (RFC 4035 §2.2)
  Slot slot = no_slot;         // no_slot exactly when !authoritative
};

enum class NodeKind : std::uint8_t {
  apex,
  authoritative,       // data of this zone at a name that is neither apex nor cut
  delegation,          // a zone cut: NS, perhaps DS, perhaps glue at the cut itself
  glue,                // addresses below a cut that some NS RRset of this zone needs
  empty_non_terminal,  // RFC 9499: no RRsets, but names below it
};

class Zone;

class Node {
 public:
  using RRsets = boost::container::small_vector<RRsetRef, 8>;

  NodeKind kind() const;
  dns::NameView name() const;
  // The RRsets stored here. At the apex: SOA and NSEC3PARAM (with their slots) included; DNSKEY,
  // CDS and CDNSKEY are not (they are signed ahead of time and kept elsewhere).
  RRsets rrsets() const;
  std::optional<RRsetRef> rrset(dns::RRType type) const;

 private:
  friend class Zone;
  Node(const Zone* zone, std::uint32_t index) : zone_(zone), index_(index) {}
  const Zone* zone_;
  std::uint32_t index_;
};

// One entry of the NSEC3 ring.
struct Nsec3Link {
  dns::Nsec3Hash hash{};  // of `owner`
  dns::Nsec3Hash next{};  // the next entry's hash, cyclic
  dns::NameView owner;    // the original owner name
  Slot slot = no_slot;    // of its NSEC3 RRset
};

class Zone {
 public:
  struct Storage;  // build.cc's
  explicit Zone(std::unique_ptr<const Storage> storage);
  ~Zone();
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  dns::NameView apex() const;
  const dns::Soa& soa() const;
  std::uint32_t serial() const { return soa().serial; }
  std::uint32_t soa_ttl() const;
  std::uint32_t nsec3_ttl() const;       // min(SOA TTL, SOA minimum): RFC 9077 §3
  std::uint32_t nsec3param_ttl() const;  // the SOA minimum: what PowerDNS publishes it with
  const dns::Nsec3Parameters& nsec3_parameters() const;

  // Exact match. nullopt: the name does not exist (names below a cut that are no glue included).
  std::optional<Node> find(dns::NameView name) const;

  // The ring entry with entry.hash <= hash < entry.next, cyclic. The ring is never empty.
  Nsec3Link ring_at(const dns::Nsec3Hash& hash) const;
  std::size_t ring_size() const;

  // Slots are 0 .. slot_count() - 1.
  std::size_t slot_count() const;
  // The RRset of a slot, in canonical form, as it is signed: data, SOA, NSEC3PARAM, or NSEC3
  // (owner: the hashed name; RDATA: exactly what PowerDNS builds from lookup(ANY, owner)).
  dns::RRset signable(Slot slot) const;

  std::size_t rdata_set_count() const;
  std::size_t node_count() const;
  std::size_t delegation_count() const;
  std::size_t secure_delegation_count() const;

  // Every node once, the apex first, then in canonical order of names.
  void for_each_node(const std::function<void(const Node&)>& visit) const;
  void for_each_nsec3(const std::function<void(const Nsec3Link&)>& visit) const;  // ring order

 private:
  friend class Node;
  Nsec3Link ring_link(std::size_t position) const;
  std::set<dns::RRType> bitmap_types(const Node& node) const;
  dns::RRset nsec3_rrset(std::size_t position) const;

  std::unique_ptr<const Storage> storage_;
};

}  // namespace tld::zones
