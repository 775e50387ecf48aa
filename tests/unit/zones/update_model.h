// SPDX-License-Identifier: GPL-2.0-only
//
// What tests of update() compare with: the store as a plain map, rebuilt as a whole after each set
// of changes, and a zone told as text, without slots.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tests/unit/zones/support.h"
#include "zones/update.h"

namespace tld::zones {

using StoreModel = std::map<dns::Name, std::vector<dns::RRset>, dns::CanonicalLess>;

inline ZoneContent content_of(const StoreModel& model) {
  ContentBuilder builder(name("kz."));
  for (const auto& [owner, rrsets] : model) {
    for (const dns::RRset& rrset : rrsets) {
      for (const std::string& rdata : rrset.rdatas) {
        builder.add(owner, rrset.type, rrset.ttl, rdata);
      }
    }
  }
  return must(builder.finish()).content;
}

inline StoreModel model_of(const ZoneContent& content) {
  StoreModel model;
  for (std::size_t i = 0; i < content.size(); ++i) {
    model[dns::Name(content[i].owner)].push_back(content[i].copy());
  }
  return model;
}

inline void apply_to(StoreModel& model, const NameData& change) {
  if (change.rrsets.empty()) {
    model.erase(change.name);
  } else {
    model[change.name] = change.rrsets;
  }
}

inline std::string text_of(const dns::RRset& rrset) {
  std::string text =
      rrset.owner.text() + " " + std::to_string(rrset.ttl) + " " + to_text(rrset.type);
  for (const std::string& rdata : rrset.rdatas) text += " " + base::to_hex(rdata);
  return text;
}

// The RRset of every slot, by slot.
inline std::map<Slot, std::string> slots_of(const Zone& zone) {
  std::map<Slot, std::string> slots;
  zone.for_each_slot([&](Slot slot) { slots.emplace(slot, text_of(zone.signable(slot))); });
  return slots;
}

inline std::string node_text(const Node& node) {
  std::string text =
      "\n" + node.name().text() + " kind " + std::to_string(static_cast<int>(node.kind())) + "\n";
  for (const RRsetRef& ref : node.rrsets()) {
    dns::RRset rrset{dns::Name(node.name()), ref.type, ref.ttl, {}};
    rrset.rdatas.assign(ref.rdata.begin(), ref.rdata.end());
    text += (ref.authoritative ? "  auth " : "  ") + text_of(rrset) + "\n";
    EXPECT_EQ(ref.authoritative, ref.slot != no_slot);
    EXPECT_EQ(node.rrset(ref.type)->slot, ref.slot);
  }
  return text;
}

inline std::string dump(const Zone& zone) {
  std::string text =
      std::to_string(zone.node_count()) + " nodes, " + std::to_string(zone.delegation_count()) +
      " delegations, " + std::to_string(zone.secure_delegation_count()) + " secure, ring " +
      std::to_string(zone.ring_size()) + ", to sign " + std::to_string(zone.signature_count()) +
      ", SOA " + base::to_hex(zone.soa().wire()) + " " + std::to_string(zone.soa_ttl());
  zone.for_each_node([&](const Node& node) {
    text += node_text(node);
    const auto found = zone.find(node.name());
    EXPECT_TRUE(found && node_text(*found) == node_text(node)) << node.name().text();
  });
  zone.for_each_nsec3([&](const Nsec3Link& link) {
    text += dns::to_base32hex(link.hash) + " " + dns::to_base32hex(link.next) + " " +
            link.owner.text() + "\n";
    EXPECT_EQ(zone.ring_at(link.hash).slot, link.slot);
    EXPECT_EQ(zone.signable(link.slot).type, dns::RRType::NSEC3);
  });
  std::multimap<std::string, int> signables;
  for (const auto& [slot, rrset] : slots_of(zone)) signables.emplace(rrset, 0);
  for (const auto& [rrset, nothing] : signables) text += rrset + "\n";
  EXPECT_EQ(signables.size(), zone.signature_count());
  return text;
}

}  // namespace tld::zones
