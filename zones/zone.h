// SPDX-License-Identifier: GPL-2.0-only
//
// One version of a zone: immutable, checked, compact, with its NSEC3 ring (RFC 5155, opt-out; every
// empty non-terminal is in the ring). Only zones/build.h makes one, and only from checked content,
// and zones/update.h from another one and changes that it has checked: what has not been checked
// cannot be served.
//
// Every RRset that needs an RRSIG made by a ZSK has a slot: a number by which somebody else keeps
// its signature (this room knows no signatures). A lineage is a built zone and all that is made of
// it by update(). Within it a slot is of one RRset for ever: an RRset that does not change keeps
// its slot, one that changes gets a new one, and the number of one that is gone is not used again.
//
// Thread rule: immutable after construction; all methods are lock-free and safe from any thread.
// Lifetime: every view is valid as long as the Zone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
struct NameState;  // overlay.h's

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
  Node(const Zone* zone, const NameState* changed) : zone_(zone), changed_(changed) {}
  const Zone* zone_;
  std::uint32_t index_ = 0;             // in the base
  const NameState* changed_ = nullptr;  // else from the overlay
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
  struct Storage;  // zone_storage.h's, for this room only
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

  // Every slot of this version is below it. Not every number below it is a slot of this version:
  // has_slot() tells.
  Slot slot_limit() const;
  bool has_slot(Slot slot) const;
  void for_each_slot(const std::function<void(Slot)>& visit) const;  // ascending
  std::size_t signature_count() const;  // RRsets to sign: how many slots this version has
  // Every slot of the lineage given out so far that this version does not have. Costs what the
  // changes since the lineage's first version cost.
  void for_each_dead_slot(const std::function<void(Slot)>& visit) const;
  // Do slots of `other` number the same RRsets as here?
  bool same_lineage(const Zone& other) const;
  // Whose RRset a slot is; nullopt: no slot of this version. An NSEC3's owner here is the original
  // owner name, not the hashed one.
  struct SlotRRset {
    dns::NameView owner;
    dns::RRType type = dns::RRType::A;
  };
  std::optional<SlotRRset> slot_rrset(Slot slot) const;
  // The RRset of a slot, in canonical form, as it is signed: data, SOA, NSEC3PARAM, or NSEC3
  // (owner: the hashed name; RDATA: exactly what PowerDNS builds from lookup(ANY, owner)).
  // REQUIRES: has_slot(slot); else the process ends.
  dns::RRset signable(Slot slot) const;
  // The TTL of its RRset in seconds, without a copy; nullopt: this version has no such slot.
  std::optional<std::uint32_t> slot_ttl(Slot slot) const;

  std::size_t node_count() const;
  std::size_t delegation_count() const;
  std::size_t secure_delegation_count() const;

  // Every node once, the apex first, then in canonical order of names.
  void for_each_node(const std::function<void(const Node&)>& visit) const;
  void for_each_nsec3(const std::function<void(const Nsec3Link&)>& visit) const;  // ring order

  const Storage& storage() const { return *storage_; }

 private:
  friend class Node;
  std::optional<dns::RRset> find_signable(Slot slot) const;
  dns::RRset nsec3_rrset(const dns::Nsec3Hash& hash) const;

  std::unique_ptr<const Storage> storage_;
};

}  // namespace tld::zones
