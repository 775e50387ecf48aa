// SPDX-License-Identifier: GPL-2.0-only
//
// Random changes on a zone of few labels, so that everything collides, in sets of 1 to 30; after
// each set the updated zone is compared with one that is built of the whole content.
#include <deque>
#include <random>
#include <set>

#include "tests/unit/zones/update_changes.h"

namespace tld::zones {
namespace {

using dns::Name;
using dns::RRset;
using dns::RRType;

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
      EXPECT_FALSE(zone.slot_rrset(slot));
      EXPECT_TRUE(all.insert(slot).second);
    });
    for (const auto& [slot, rrset] : live) EXPECT_TRUE(all.insert(slot).second);
    zone.for_each_slot([&](Slot slot) { expect_slot_of(zone, slot); });
    ASSERT_GE(all.size(), zone.slot_limit());
    EXPECT_EQ(*all.rbegin() + 1u, all.size());
    EXPECT_FALSE(zone.has_slot(zone.slot_limit()));
    EXPECT_FALSE(zone.has_slot(no_slot));
  }

  static void expect_slot_of(const Zone& zone, Slot slot) {
    const auto of = zone.slot_rrset(slot);
    ASSERT_TRUE(of);
    const dns::RRset rrset = zone.signable(slot);
    EXPECT_EQ(of->type, rrset.type);
    if (of->type == dns::RRType::NSEC3) {
      const auto link = zone.ring_at(dns::nsec3_hash(of->owner, zone.nsec3_parameters()));
      EXPECT_EQ(link.slot, slot);
    } else {
      EXPECT_EQ(of->owner, rrset.owner.view());
    }
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
