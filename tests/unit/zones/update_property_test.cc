// SPDX-License-Identifier: GPL-2.0-only
//
// Random changes on a zone of few labels, so that everything collides, in sets of 1 to 30; after
// each set the updated zone is compared with one that is built of the whole content.
#include <deque>
#include <random>
#include <set>

#include "tests/unit/zones/update_model.h"

namespace tld::zones {
namespace {

using dns::Name;
using dns::RRset;
using dns::RRType;

const char* const digest32 = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

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

  static std::vector<Name> universe() {
    std::vector<Name> names{name("kz.")};
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].view().label_count() > 3) continue;
      for (const char* label : {"a", "b", "c"}) {
        names.push_back(must(Name::child(label, names[i])));
      }
    }
    return names;
  }

 private:
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  bool one_in(unsigned n) { return pick(n) == 0; }

  Name random_name() {
    Name owner = name("kz.");
    for (unsigned depth = 1 + std::min(pick(3), pick(3)); depth > 0; --depth) {
      owner = must(Name::child(std::string(1, static_cast<char>('a' + pick(3))), owner));
    }
    return owner;
  }

  std::uint32_t ttl() { return one_in(4) ? 60 : 3600; }

  static void add(NameData& data, const std::string& record, std::uint32_t ttl) {
    // Through the zone file's reader: canonical RDATA and nothing else.
    const ZoneContent content =
        imported("$TTL " + std::to_string(ttl) + "\n" + data.name.text() + " " + record + "\n")
            .content;
    const RRset rrset = content[0].copy();
    for (RRset& other : data.rrsets) {
      if (other.type != rrset.type) continue;
      other.rdatas.push_back(rrset.rdatas[0]);
      dns::canonicalise(other.rdatas);
      return;
    }
    data.rrsets.push_back(rrset);
  }

  std::string ds() {
    return "DS " + std::to_string(1 + pick(2)) + " 13 2 " + std::string(digest32);
  }
  std::string address() {
    return one_in(3) ? "AAAA 2001:db8::" + std::to_string(1 + pick(2))
                     : "A 192.0.2." + std::to_string(1 + pick(2));
  }

  void put(NameData data) { changes_.insert_or_assign(data.name, std::move(data)); }

  NameData present(const Name& owner) const {
    const auto found = model_.find(owner);
    return {owner, found == model_.end() ? std::vector<RRset>{} : found->second};
  }

  void add_some() {
    const Name owner = random_name();
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

  void add_delegation(const Name& owner) {
    NameData data{owner, {}};
    const std::uint32_t ttl_of_ns = ttl();
    for (unsigned count = 1 + pick(3); count > 0; --count) {
      Name server = name("ns.example.");
      if (one_in(2)) server = random_name();
      if (one_in(4)) server = must(Name::child(one_in(2) ? "a" : "b", owner));
      add(data, "NS " + server.text(), ttl_of_ns);
      if (one_in(2) && server != owner && server != name("ns.example.")) add_host(server);
    }
    if (one_in(3)) add(data, ds(), ttl());
    if (one_in(5)) add(data, address(), ttl());
    put(std::move(data));
  }

  void add_host(const Name& owner) {
    NameData data{owner, {}};
    if (one_in(4)) data = present(owner);
    std::erase_if(data.rrsets, [](const RRset& r) { return r.type == RRType::A; });
    add(data, "A 192.0.2." + std::to_string(1 + pick(2)), ttl());
    put(std::move(data));
  }

  void toggle_ds(const Name& owner) {
    NameData data = present(owner);
    const auto removed =
        std::erase_if(data.rrsets, [](const RRset& r) { return r.type == RRType::DS; });
    if (removed == 0) add(data, ds(), ttl());
    put(std::move(data));
  }

  void add_text(const Name& owner) {
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
  void rename(const Name& owner) {
    NameData data = present(owner);
    put({owner, {}});
    data.name = random_name();
    for (RRset& rrset : data.rrsets) rrset.owner = data.name;
    put(std::move(data));
  }

  void add_apex() {
    NameData data = present(name("kz."));
    switch (pick(8)) {
      case 0:
        data.rrsets.clear();
        break;
      case 1:
        std::erase_if(data.rrsets, [](const RRset& r) { return r.type == RRType::SOA; });
        add(data,
            "SOA ns.example. host.example. 1 1800 900 604800 " + std::to_string(300 + pick(2)),
            3600 + pick(2));
        break;
      case 2:
        if (std::erase_if(data.rrsets, [](const RRset& r) { return r.type == RRType::TXT; }) == 0) {
          add(data, "TXT apex", ttl());
        }
        break;
      case 3:
        std::erase_if(data.rrsets, [](const RRset& r) { return r.type == RRType::SOA; });
        add(data,
            "SOA ns.example. host.example. 1 18" + std::to_string(10 + pick(90)) +
                " 900 604800 300",
            3600);
        break;
      default:
        std::erase_if(data.rrsets, [](const RRset& r) { return r.type == RRType::NS; });
        for (unsigned count = 1 + pick(2); count > 0; --count) {
          add(data, "NS " + (one_in(3) ? name("ns.example.") : random_name()).text(), 3600);
        }
    }
    put(std::move(data));
  }

  void add_faulty(const Name& owner) {
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
        data = {must(Name::child("*", owner)), {}};
        add(data, "TXT wild", 60);
        break;
      case 4:
        add(data, "DNAME example.", 60);
        break;
      case 5:
        add(data, "A 192.0.2.9", 60);
        for (RRset& rrset : data.rrsets) rrset.ttl = 0x80000000;
        break;
      case 6:
        data.rrsets.clear();
        add(data, "NS ns.example.", 60);
        add(data, "DS 1 13 2 0001", 60);
        break;
      case 7:
        data = {name("a.example."), {}};
        if (one_in(2)) {
          data.rrsets.push_back({data.name, RRType::A, 60, {std::string("\1\2\3\4")}});
        }
        break;
      default:
        data.rrsets.clear();
        data.rrsets.push_back({owner, RRType::NSEC3PARAM, 60, {std::string("\1\0\0\0\0", 5)}});
    }
    put(std::move(data));
  }

  std::mt19937& random_;
  const StoreModel& model_;
  std::map<Name, NameData, dns::CanonicalLess> changes_;
};

// One zone through its life, with everything that is known of it.
class Life {
 public:
  explicit Life(unsigned seed) : random_(seed) {
    model_ =
        model_of(content_of(with_apex("a NS a.a\na.a A 192.0.2.1\nb TXT x\nc.c A 192.0.2.1\n")));
    zone_ = rebuilt(model_);
    begin_lineage();
  }

  void step() {
    const std::vector<NameData> changes = ChangeGenerator(random_, model_).make(one_in(3) ? 3 : 30);
    UpdateOptions options;
    if (!one_in(4)) options.serial = ++serial_;
    const Update update = must(zones::update(zone_, changes, options));
    std::string trace;
    for (const NameData& change : changes) {
      trace += change.name.text() + ":\n";
      for (const RRset& rrset : change.rrsets) trace += "  " + text_of(rrset) + "\n";
    }
    SCOPED_TRACE(trace);
    count_changes += changes.size();
    expect_refusals(changes, update);
    expect_same(*update.zone);
    expect_slots(update);
    pin(update.zone);
    zone_ = update.zone;
    if (one_in(5)) expect_idle_change();
    if (one_in(20)) expect_compact();
  }

  void finish() {
    for (const auto& [zone, text] : pinned_) EXPECT_EQ(dump(*zone), text);
  }

  std::size_t count_changes = 0, count_refused = 0, count_rebuilt = 0, count_clean_sets = 0;

 private:
  bool one_in(unsigned n) { return random_() % n == 0; }

  std::shared_ptr<const Zone> rebuilt(const StoreModel& model) const {
    const CheckReport report = check(content_of(model));
    if (!report.passed()) throw std::runtime_error(report.faults_text());
    return must(build(*report.checked, {{}, {RRType::DNSKEY}, serial_}));
  }

  void begin_lineage() {
    history_ = slots_of(*zone_);
    before_ = history_;
  }

  // Also brings the model up to date.
  void expect_refusals(const std::vector<NameData>& changes, const Update& update) {
    StoreModel all = model_;
    std::set<std::size_t> refused;
    for (const Update::Refusal& refusal : update.refusals) refused.insert(refusal.change);
    ASSERT_EQ(refused.size(), update.refusals.size());
    count_refused += refused.size();
    for (std::size_t i = 0; i < changes.size(); ++i) {
      apply_to(all, changes[i]);
      if (!refused.contains(i)) apply_to(model_, changes[i]);
    }
    ASSERT_EQ(check(content_of(all)).passed(), refused.empty());
    ASSERT_TRUE(check(content_of(model_)).passed()) << check(content_of(model_)).faults_text();
    count_clean_sets += refused.empty() ? 1 : 0;
    for (const Update::Refusal& refusal : update.refusals) {
      StoreModel with = model_;
      apply_to(with, changes[refusal.change]);
      const CheckReport report = check(content_of(with));
      ASSERT_FALSE(report.passed()) << changes[refusal.change].name.text();
      EXPECT_TRUE(std::any_of(report.faults.begin(), report.faults.end(), [&](const Finding& f) {
        return f.message() == refusal.finding.message();
      })) << refusal.finding.message();
    }
  }

  void expect_same(const Zone& zone) {
    const auto wanted = rebuilt(model_);
    ASSERT_EQ(dump(zone), dump(*wanted));
    for (const Name& owner : ChangeGenerator::universe()) {
      ASSERT_EQ(zone.find(owner).has_value(), wanted->find(owner).has_value()) << owner.text();
      const NameData data = name_data(zone, owner), other = name_data(*wanted, owner);
      ASSERT_EQ(data.rrsets.size(), other.rrsets.size()) << owner.text();
      for (std::size_t i = 0; i < data.rrsets.size(); ++i) {
        ASSERT_EQ(text_of(data.rrsets[i]), text_of(other.rrsets[i]));
      }
    }
    for (int i = 0; i < 20; ++i) {
      dns::Nsec3Hash hash{};
      for (auto& octet : hash) octet = static_cast<std::uint8_t>(random_());
      const Nsec3Link here = zone.ring_at(hash), there = wanted->ring_at(hash);
      ASSERT_TRUE(here.hash == there.hash && here.next == there.next && here.owner == there.owner);
    }
  }

  void expect_slots(const Update& update) {
    const std::map<Slot, std::string> now = slots_of(*update.zone);
    std::vector<Slot> wanted;
    if (update.rebuilt) {
      EXPECT_FALSE(update.zone->same_lineage(*zone_));
      for (const auto& [slot, rrset] : now) wanted.push_back(slot);
      history_ = now;
      ++count_rebuilt;
    } else {
      EXPECT_TRUE(update.zone->same_lineage(*zone_));
      std::map<std::string, Slot> slot_before;
      for (const auto& [slot, rrset] : before_) slot_before.emplace(rrset, slot);
      for (const auto& [slot, rrset] : now) {
        const auto known = slot_before.find(rrset);
        if (known == slot_before.end()) {
          wanted.push_back(slot);
          EXPECT_FALSE(history_.contains(slot)) << rrset << " was " << history_[slot];
        } else {
          EXPECT_EQ(known->second, slot) << rrset;
        }
        EXPECT_EQ(history_.emplace(slot, rrset).first->second, rrset);
      }
    }
    EXPECT_EQ(update.to_sign, wanted);
    expect_dead_slots(*update.zone, now);
    before_ = now;
  }

  static void expect_dead_slots(const Zone& zone, const std::map<Slot, std::string>& live) {
    std::set<Slot> all;
    zone.for_each_dead_slot([&](Slot slot) {
      EXPECT_FALSE(zone.has_slot(slot));
      EXPECT_TRUE(all.insert(slot).second);
    });
    for (const auto& [slot, rrset] : live) EXPECT_TRUE(all.insert(slot).second);
    ASSERT_GE(all.size(), zone.slot_limit());
    EXPECT_EQ(*all.rbegin() + 1u, all.size());
    EXPECT_FALSE(zone.has_slot(zone.slot_limit()));
    EXPECT_FALSE(zone.has_slot(no_slot));
  }

  void pin(const std::shared_ptr<const Zone>& zone) {
    pinned_.emplace_back(zone, dump(*zone));
    if (pinned_.size() < 15) return;
    const auto [old, text] = pinned_.front();
    pinned_.pop_front();
    ASSERT_EQ(dump(*old), text);
  }

  void expect_idle_change() {
    std::vector<NameData> changes;
    for (const Name& owner : ChangeGenerator::universe()) {
      if (one_in(3)) changes.push_back(name_data(*zone_, owner));
    }
    const Update update = must(zones::update(zone_, changes, {}));
    EXPECT_TRUE(update.to_sign.empty());
    EXPECT_TRUE(update.refusals.empty());
    EXPECT_EQ(slots_of(*update.zone), before_);
    EXPECT_EQ(dump(*update.zone), dump(*zone_));
  }

  void expect_compact() {
    const auto compacted = must(compact(*zone_));
    EXPECT_EQ(overlay_size(*compacted), 0u);
    EXPECT_EQ(dump(*compacted), dump(*zone_));
    EXPECT_EQ(compacted->slot_limit(), compacted->signature_count());
    if (one_in(2)) return;
    zone_ = compacted;
    begin_lineage();
  }

  std::mt19937 random_;
  std::uint32_t serial_ = 7;
  StoreModel model_;
  std::shared_ptr<const Zone> zone_;
  std::map<Slot, std::string> before_;   // of zone_
  std::map<Slot, std::string> history_;  // of the lineage
  std::deque<std::pair<std::shared_ptr<const Zone>, std::string>> pinned_;
};

TEST(UpdateProperty, AsIfBuiltOfTheWholeContent) {
  std::size_t changes = 0, refused = 0, rebuilt = 0, clean = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    Life life(seed);
    for (int i = 0; i < 120; ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(i));
      life.step();
      if (HasFailure()) return;
    }
    life.finish();
    changes += life.count_changes;
    refused += life.count_refused;
    rebuilt += life.count_rebuilt;
    clean += life.count_clean_sets;
  }
  EXPECT_GE(changes, 10'000u);
  // What the generator is for has happened.
  EXPECT_GE(refused, changes / 20);
  EXPECT_LE(refused, changes * 3 / 4);
  EXPECT_GE(rebuilt, 10u);
  EXPECT_GE(clean, 100u);
  RecordProperty("changes", static_cast<int>(changes));
}

}  // namespace
}  // namespace tld::zones
