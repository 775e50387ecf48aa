// SPDX-License-Identifier: GPL-2.0-only
//
// Random zones against a model that is as slow and plain as the RFCs' words: find(), kinds, glue,
// the ring, bitmaps and slots.
#include <map>
#include <random>
#include <set>

#include "tests/unit/zones/support.h"

namespace tld::zones {
namespace {

using dns::Name;
using dns::RRType;

struct NameLess {
  bool operator()(const Name& a, const Name& b) const { return dns::canonical_order(a, b) < 0; }
};
using Types = std::set<RRType>;
using Owners = std::map<Name, Types, NameLess>;

struct RandomZone {
  std::string text;
  Owners owners;
  std::set<Name, NameLess> ns_targets;
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  RandomZone make() {
    RandomZone zone;
    zone.text = with_apex("");
    zone.owners[name("kz.")] = {RRType::SOA, RRType::NS};
    for (unsigned i = 2 + random_() % 25; i > 0; --i) add(zone);
    return zone;
  }

 private:
  static bool exists(const RandomZone& zone, const Name& owner) {
    return zone.owners.find(owner) != zone.owners.end();
  }
  static bool is_cut(const RandomZone& zone, const Name& owner) {
    const auto at = zone.owners.find(owner);
    return at != zone.owners.end() && owner != name("kz.") && at->second.contains(RRType::NS);
  }

  Name random_owner() {
    Name owner = name("kz.");
    for (unsigned depth = 1 + random_() % 4; depth > 0; --depth) {
      owner = must(Name::child(std::string(1, static_cast<char>('a' + random_() % 5)), owner));
    }
    return owner;
  }

  void add(RandomZone& zone) {
    const Name owner = random_owner();
    if (exists(zone, owner)) return;
    for (dns::NameView up = owner.view(); up != name("kz.").view(); up = up.parent()) {
      if (is_cut(zone, Name(up))) return;
    }
    if (random_() % 2 == 0)
      return add_data(zone, owner, random_() % 2 == 0 ? "TXT x" : "A 192.0.2.1");
    for (const auto& [other, types] : zone.owners) {
      if (other.view().is_below(owner)) return;  // the new cut would occlude it
    }
    add_delegation(zone, owner);
  }

  static void add_data(RandomZone& zone, const Name& owner, const std::string& data) {
    zone.text += owner.text() + " " + data + "\n";
    zone.owners[owner].insert(must(dns::rrtype_from_text(data.substr(0, data.find(' ')))));
  }

  void add_ns(RandomZone& zone, const Name& owner, const Name& target) {
    zone.text += owner.text() + " NS " + target.text() + "\n";
    zone.owners[owner].insert(RRType::NS);
    zone.ns_targets.insert(target);
  }

  void add_delegation(RandomZone& zone, const Name& owner) {
    add_ns(zone, owner, name("ns.example."));
    if (random_() % 2 == 0) {
      add_data(zone, owner,
               "DS 1 13 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    }
    if (random_() % 2 == 0) {  // glue below the cut, and perhaps an orphan
      const Name glue = must(Name::child("ns", must(Name::child("deep", owner))));
      add_ns(zone, owner, glue);
      add_data(zone, glue, "A 192.0.2.2");
      if (random_() % 2 == 0) add_data(zone, must(Name::child("old", owner)), "A 192.0.2.3");
    }
    if (random_() % 3 == 0) {  // at the cut itself: glue when it is its own name server
      add_data(zone, owner, "A 192.0.2.4");
      if (random_() % 2 == 0) add_ns(zone, owner, owner);
    }
  }

  std::mt19937 random_;
};

struct ModelNode {
  NodeKind kind = NodeKind::empty_non_terminal;
  std::map<RRType, bool> rrsets;  // authoritative?
};

class Model {
 public:
  explicit Model(const RandomZone& zone) {
    for (const auto& [owner, types] : zone.owners) add(zone, owner, types);
    std::vector<Name> tree;
    for (const auto& [owner, node] : nodes) {
      if (node.kind != NodeKind::glue) tree.push_back(owner);
    }
    for (const Name& owner : tree) {
      for (dns::NameView up = owner.view(); up != name("kz.").view(); up = up.parent()) {
        nodes.try_emplace(Name(up));
      }
    }
    for (const auto& [owner, node] : nodes) {
      const bool insecure = node.kind == NodeKind::delegation && !node.rrsets.contains(RRType::DS);
      if (node.kind != NodeKind::glue && !insecure) ring[dns::nsec3_hash(owner, {})] = owner;
    }
  }

  std::map<Name, ModelNode, NameLess> nodes;
  std::map<dns::Nsec3Hash, Name> ring;

 private:
  static bool below_cut(const RandomZone& zone, const Name& owner) {
    for (const auto& [cut, types] : zone.owners) {
      if (cut != name("kz.") && types.contains(RRType::NS) && owner.view().is_below(cut))
        return true;
    }
    return false;
  }

  void add(const RandomZone& zone, const Name& owner, const Types& types) {
    const bool apex = owner == name("kz.");
    const bool cut = !apex && types.contains(RRType::NS);
    const bool below = below_cut(zone, owner);
    ModelNode node{apex    ? NodeKind::apex
                   : cut   ? NodeKind::delegation
                   : below ? NodeKind::glue
                           : NodeKind::authoritative,
                   {}};
    for (const RRType type : types) {
      const bool address_at_cut = (cut || below) && type == RRType::A;
      if (address_at_cut && !zone.ns_targets.contains(owner)) continue;  // orphan
      node.rrsets[type] = !below && (!cut || type == RRType::DS);
    }
    if (apex) node.rrsets[RRType::NSEC3PARAM] = true;
    if (!node.rrsets.empty()) nodes[owner] = node;
  }
};

Types model_bitmap(const ModelNode& node) {
  Types types;
  for (const auto& [type, authoritative] : node.rrsets) {
    if (authoritative || type == RRType::NS) types.insert(type);
    if (authoritative) types.insert(RRType::RRSIG);
  }
  return types;
}

void expect_same_nodes(const Model& model, const Zone& zone) {
  std::vector<Name> visited;
  zone.for_each_node([&](const Node& node) { visited.emplace_back(node.name()); });
  ASSERT_EQ(visited.size(), model.nodes.size());
  auto wanted = model.nodes.begin();
  for (const Name& owner : visited) {
    ASSERT_EQ(owner.text(), wanted->first.text());
    const auto node = zone.find(owner);
    ASSERT_TRUE(node.has_value());
    EXPECT_EQ(node->kind(), wanted->second.kind) << owner.text();
    std::map<RRType, bool> rrsets;
    for (const RRsetRef& rrset : node->rrsets()) {
      rrsets[rrset.type] = rrset.authoritative;
      EXPECT_EQ(rrset.slot == no_slot, !rrset.authoritative);
    }
    EXPECT_EQ(rrsets, wanted->second.rrsets) << owner.text();
    ++wanted;
  }
}

void expect_same_ring(const Model& model, const Zone& zone, std::mt19937& random) {
  ASSERT_EQ(zone.ring_size(), model.ring.size());
  for (int i = 0; i < 200; ++i) {
    dns::Nsec3Hash hash{};
    for (auto& octet : hash) octet = static_cast<std::uint8_t>(random());
    if (i % 4 == 0)
      hash = std::next(model.ring.begin(), i % static_cast<int>(model.ring.size()))->first;
    auto next = model.ring.upper_bound(hash);
    const auto here = next == model.ring.begin() ? std::prev(model.ring.end()) : std::prev(next);
    if (next == model.ring.end()) next = model.ring.begin();
    const Nsec3Link link = zone.ring_at(hash);
    ASSERT_EQ(link.hash, here->first);
    ASSERT_EQ(link.next, next->first);
    ASSERT_EQ(link.owner, here->second.view());
  }
}

void expect_nsec3(const Model& model, const Zone& zone, const dns::RRset& rrset) {
  const auto hash = must(dns::nsec3_hash_from_base32hex(rrset.owner.view().first_label()));
  const auto here = model.ring.find(hash);
  ASSERT_NE(here, model.ring.end());
  const auto next = std::next(here) == model.ring.end() ? model.ring.begin() : std::next(here);
  const dns::Nsec3 nsec3 = must(dns::Nsec3::from_wire(rrset.rdatas.at(0)));
  EXPECT_TRUE(nsec3.opt_out);
  EXPECT_EQ(nsec3.next, next->first);
  EXPECT_EQ(nsec3.types, model_bitmap(model.nodes.at(here->second))) << here->second.text();
  EXPECT_EQ(rrset.ttl, zone.nsec3_ttl());
}

void expect_same_slots(const Model& model, const Zone& zone) {
  std::set<std::pair<std::string, RRType>> wanted;
  for (const auto& [owner, node] : model.nodes) {
    for (const auto& [type, authoritative] : node.rrsets) {
      if (authoritative) wanted.emplace(owner.text(), type);
    }
  }
  std::size_t nsec3s = 0;
  for (Slot slot = 0; slot < zone.slot_limit(); ++slot) {
    const dns::RRset rrset = zone.signable(slot);
    if (rrset.type == RRType::NSEC3) {
      expect_nsec3(model, zone, rrset);
      EXPECT_EQ(
          zone.ring_at(must(dns::nsec3_hash_from_base32hex(rrset.owner.view().first_label()))).slot,
          slot);
      ++nsec3s;
      continue;
    }
    EXPECT_EQ(wanted.erase({rrset.owner.text(), rrset.type}), 1u) << rrset.owner.text();
    EXPECT_EQ(zone.find(rrset.owner)->rrset(rrset.type)->slot, slot);
  }
  EXPECT_TRUE(wanted.empty());
  EXPECT_EQ(nsec3s, model.ring.size());
}

TEST(ZoneProperty, RandomZonesAgreeWithTheModel) {
  std::mt19937 random(2);
  for (unsigned seed = 0; seed < 400; ++seed) {
    const RandomZone made = Generator(seed).make();
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + made.text);
    const Model model(made);
    const auto zone = zone_of(made.text);
    expect_same_nodes(model, *zone);
    expect_same_ring(model, *zone, random);
    expect_same_slots(model, *zone);
    for (const char* text : {"kz.kz.", ".", "example.", "a.b.c.d.e.kz.", "deep.a.kz."}) {
      EXPECT_EQ(zone->find(name(text)).has_value(), model.nodes.contains(name(text))) << text;
    }
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tld::zones
