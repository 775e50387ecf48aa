// SPDX-License-Identifier: GPL-2.0-only
//
// Random changes for tests of update(): names of few labels, so that delegations, hosts, empty
// non-terminals and faults meet each other.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/zones/update_model.h"

namespace tld::zones {

class ChangeGenerator {
 public:
  ChangeGenerator(std::mt19937& random, const StoreModel& model) : random_(random), model_(model) {}

  // 1 to `most` changes at distinct names.
  std::vector<NameData> make(unsigned most) {
    const unsigned wanted = 1 + pick(most);
    while (changes_.size() < wanted) add_some();
    std::vector<NameData> changes;
    for (auto& [owner, change] : changes_) changes.push_back(change);
    std::shuffle(changes.begin(), changes.end(), random_);
    return changes;
  }

  static std::vector<dns::Name> universe() {
    std::vector<dns::Name> names{name("kz.")};
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].view().label_count() > 3) continue;
      for (const char* label : {"a", "b", "c"}) {
        names.push_back(must(dns::Name::child(label, names[i])));
      }
    }
    return names;
  }

 private:
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  bool one_in(unsigned n) { return pick(n) == 0; }

  dns::Name random_name() {
    dns::Name owner = name("kz.");
    for (unsigned depth = 1 + std::min(pick(3), pick(3)); depth > 0; --depth) {
      owner = must(dns::Name::child(std::string(1, static_cast<char>('a' + pick(3))), owner));
    }
    return owner;
  }

  std::uint32_t ttl() { return one_in(4) ? 60 : 3600; }

  static void add(NameData& data, const std::string& record, std::uint32_t ttl) {
    // Through the zone file's reader: canonical RDATA and nothing else.
    const ZoneContent content =
        imported("$TTL " + std::to_string(ttl) + "\n" + data.name.text() + " " + record + "\n")
            .content;
    const dns::RRset rrset = content[0].copy();
    for (dns::RRset& other : data.rrsets) {
      if (other.type != rrset.type) continue;
      other.rdatas.push_back(rrset.rdatas[0]);
      dns::canonicalise(other.rdatas);
      return;
    }
    data.rrsets.push_back(rrset);
  }

  std::string ds() {
    return "DS " + std::to_string(1 + pick(2)) + " 13 2 " +
           "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  }
  std::string address() {
    return one_in(3) ? "AAAA 2001:db8::" + std::to_string(1 + pick(2))
                     : "A 192.0.2." + std::to_string(1 + pick(2));
  }

  void put(NameData data) { changes_.insert_or_assign(data.name, std::move(data)); }

  NameData present(const dns::Name& owner) const {
    const auto found = model_.find(owner);
    return {owner, found == model_.end() ? std::vector<dns::RRset>{} : found->second};
  }

  void add_some() {
    const dns::Name owner = random_name();
    switch (pick(16)) {
      case 0:
      case 1:
      case 2:
        return put({owner, {}});
      case 3:
      case 4:
      case 5:
      case 6:
        return add_delegation(owner);
      case 7:
      case 8:
        return add_host(owner);
      case 9:
        return toggle_ds(owner);
      case 10:
        return put(present(owner));
      case 11:
        return add_text(owner);
      case 12:
        return rename(owner);
      case 13:
        return add_apex();
      default:
        return add_faulty(owner);
    }
  }

  void add_delegation(const dns::Name& owner) {
    NameData data{owner, {}};
    const std::uint32_t ttl_of_ns = ttl();
    for (unsigned count = 1 + pick(3); count > 0; --count) {
      dns::Name server = name("ns.example.");
      if (one_in(2)) server = random_name();
      if (one_in(4)) server = must(dns::Name::child(one_in(2) ? "a" : "b", owner));
      add(data, "NS " + server.text(), ttl_of_ns);
      if (one_in(2) && server != owner && server != name("ns.example.")) add_host(server);
    }
    if (one_in(3)) add(data, ds(), ttl());
    if (one_in(5)) add(data, address(), ttl());
    put(std::move(data));
  }

  void add_host(const dns::Name& owner) {
    NameData data{owner, {}};
    if (one_in(4)) data = present(owner);
    std::erase_if(data.rrsets, [](const dns::RRset& r) { return r.type == dns::RRType::A; });
    add(data, "A 192.0.2." + std::to_string(1 + pick(2)), ttl());
    put(std::move(data));
  }

  void toggle_ds(const dns::Name& owner) {
    NameData data = present(owner);
    const auto removed =
        std::erase_if(data.rrsets, [](const dns::RRset& r) { return r.type == dns::RRType::DS; });
    if (removed == 0) add(data, ds(), ttl());
    put(std::move(data));
  }

  void add_text(const dns::Name& owner) {
    NameData data{owner, {}};
    if (one_in(3)) {
      add(data, "CNAME " + random_name().text(), ttl());
    } else {
      add(data, "TXT x" + std::to_string(pick(2)), ttl());
      if (one_in(2)) add(data, address(), ttl());
    }
    put(std::move(data));
  }

  // What is at one name goes to another.
  void rename(const dns::Name& owner) {
    NameData data = present(owner);
    put({owner, {}});
    data.name = random_name();
    for (dns::RRset& rrset : data.rrsets) rrset.owner = data.name;
    put(std::move(data));
  }

  void add_apex() {
    NameData data = present(name("kz."));
    switch (pick(8)) {
      case 0:
        data.rrsets.clear();
        break;
      case 1:
        std::erase_if(data.rrsets, [](const dns::RRset& r) { return r.type == dns::RRType::SOA; });
        add(data,
            "SOA ns.example. host.example. 1 1800 900 604800 " + std::to_string(300 + pick(2)),
            3600 + pick(2));
        break;
      case 2:
        if (std::erase_if(data.rrsets,
                          [](const dns::RRset& r) { return r.type == dns::RRType::TXT; }) == 0) {
          add(data, "TXT apex", ttl());
        }
        break;
      case 3:
        std::erase_if(data.rrsets, [](const dns::RRset& r) { return r.type == dns::RRType::SOA; });
        add(data,
            "SOA ns.example. host.example. 1 18" + std::to_string(10 + pick(90)) +
                " 900 604800 300",
            3600);
        break;
      default:
        std::erase_if(data.rrsets, [](const dns::RRset& r) { return r.type == dns::RRType::NS; });
        for (unsigned count = 1 + pick(2); count > 0; --count) {
          add(data, "NS " + (one_in(3) ? name("ns.example.") : random_name()).text(), 3600);
        }
    }
    put(std::move(data));
  }

  void add_faulty(const dns::Name& owner) {
    NameData data = present(owner);
    switch (pick(9)) {
      case 0:
        data.rrsets.clear();
        add(data, ds(), 60);
        break;
      case 1:
        add(data, "TXT beside", ttl());
        break;
      case 2:
        add(data, "CNAME " + random_name().text(), ttl());
        break;
      case 3:
        data = {must(dns::Name::child("*", owner)), {}};
        add(data, "TXT wild", 60);
        break;
      case 4:
        add(data, "DNAME example.", 60);
        break;
      case 5:
        add(data, "A 192.0.2.9", 60);
        for (dns::RRset& rrset : data.rrsets) rrset.ttl = 0x80000000;
        break;
      case 6:
        data.rrsets.clear();
        add(data, "NS ns.example.", 60);
        add(data, "DS 1 13 2 0001", 60);
        break;
      case 7:
        data = {name("a.example."), {}};
        if (one_in(2)) {
          data.rrsets.push_back({data.name, dns::RRType::A, 60, {std::string("\1\2\3\4")}});
        }
        break;
      default:
        data.rrsets.clear();
        data.rrsets.push_back({owner, dns::RRType::NSEC3PARAM, 60, {std::string("\1\0\0\0\0", 5)}});
    }
    put(std::move(data));
  }

  std::mt19937& random_;
  const StoreModel& model_;
  std::map<dns::Name, NameData, dns::CanonicalLess> changes_;
};

}  // namespace tld::zones
