// SPDX-License-Identifier: GPL-2.0-only
#include "zones/update.h"

#include <atomic>
#include <set>
#include <thread>

#include "tests/unit/zones/update_model.h"
#include "zones/update_steps.h"

namespace tld::zones {
namespace {

using dns::RRType;

const std::string ds =
    " DS 1 13 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

// What `text` has at `owner`; no records: nothing.
NameData at(const std::string& owner, const std::string& text = "") {
  NameData data{name(owner), {}};
  if (text.empty()) return data;
  const ZoneContent content = content_of("$TTL 3600\n" + text);
  for (std::size_t i = 0; i < content.size(); ++i) data.rrsets.push_back(content[i].copy());
  return data;
}

using Refused = std::set<std::pair<std::size_t, std::string>>;

Refused refused(const Update& update) {
  Refused result;
  for (const auto& refusal : update.refusals) {
    result.emplace(refusal.change, std::string(refusal.finding.check));
  }
  return result;
}

Update updated(const std::shared_ptr<const Zone>& zone, const std::vector<NameData>& changes,
               UpdateOptions options = {}) {
  return must(update(zone, changes, options));
}

std::multiset<std::string> signed_names(const Update& update) {
  std::multiset<std::string> names;
  for (const Slot slot : update.to_sign) {
    const dns::RRset rrset = update.zone->signable(slot);
    names.insert(rrset.type == RRType::NSEC3 ? "NSEC3"
                                             : rrset.owner.text() + " " + to_text(rrset.type));
  }
  return names;
}

// Catches: signing more than what changed.
TEST(Update, SignsWhatChangedAndNoMore) {
  const auto zone = zone_of(with_apex("a NS ns.example.\nb NS ns.example.\n"));
  const auto plain = updated(zone, {at("a.kz.", "a NS ns2.example.\n")}, {8});
  EXPECT_EQ(signed_names(plain), (std::multiset<std::string>{"kz. SOA"}));
  EXPECT_EQ(plain.zone->serial(), 8u);
  EXPECT_EQ(zone->serial(), 7u);
  const auto secure = updated(zone, {at("a.kz.", "a NS ns.example.\na" + ds)});
  EXPECT_EQ(signed_names(secure), (std::multiset<std::string>{"a.kz. DS", "NSEC3", "NSEC3"}));
  EXPECT_EQ(secure.zone->serial(), 7u);
  EXPECT_EQ(secure.zone->secure_delegation_count(), 1u);
  const auto nothing = updated(secure.zone, {name_data(*secure.zone, name("a.kz."))});
  EXPECT_TRUE(nothing.to_sign.empty());
  EXPECT_TRUE(updated(zone, {}).to_sign.empty());
}

// Catches: a serial that goes back because the store's SOA has the imported one.
TEST(Update, SerialIsNotTakenFromChanges) {
  const auto zone = zone_of(with_apex(""));
  const NameData apex = at("kz.",
                           "@ SOA ns.example. host.example. 3 1801 900 604800 300\n"
                           "@ NS ns.example.\n");
  EXPECT_EQ(updated(zone, {apex}).zone->serial(), 7u);
  const auto next = updated(zone, {apex}, {4000000000});
  EXPECT_EQ(next.zone->serial(), 4000000000u);
  EXPECT_EQ(next.zone->soa().refresh, 1801u);
  const auto soa = next.zone->find(name("kz."))->rrset(RRType::SOA);
  EXPECT_EQ(must(dns::Soa::from_wire(*soa->rdata.begin())).serial, 4000000000u);
}

TEST(Update, OtherSoaMinimumOrTtlIsARebuild) {
  const auto zone = zone_of(with_apex("a NS ns.example.\n"));
  const std::string ns = "@ 3600 NS ns.example.\n";
  for (const char* soa : {"@ 3600 SOA ns.example. host.example. 7 1800 900 604800 299\n",
                          "@ 60 SOA ns.example. host.example. 7 1800 900 604800 300\n"}) {
    const auto next = updated(zone, {at("kz.", soa + ns), at("b.kz.", "b NS ns.example.\n")}, {9});
    EXPECT_TRUE(next.rebuilt);
    EXPECT_FALSE(next.zone->same_lineage(*zone));
    EXPECT_EQ(next.to_sign.size(), next.zone->signature_count());
    EXPECT_EQ(next.zone->serial(), 9u);
    EXPECT_EQ(next.zone->delegation_count(), 2u);
  }
}

struct Case {
  std::string what;
  std::vector<NameData> changes;
  Refused refused;
};

// On "a NS ns.a", "ns.a A", "c NS ns.example.", "x.t TXT", "@ NS ns.host", "ns.host A".
std::vector<Case> cases() {
  const NameData glue_gone = at("ns.a.kz."), good = at("good.kz.", "good NS ns.example.\n");
  return {
      {"glue taken from a delegation that needs it", {good, glue_gone}, {{1, "glue-missing"}}},
      {"glue taken and the DS of its delegation changed: the DS is innocent",
       {at("a.kz.", "a NS ns.a\na" + ds), glue_gone},
       {{1, "glue-missing"}}},
      {"glue taken together with its delegation", {glue_gone, at("a.kz.")}, {}},
      {"delegation renames its host",
       {glue_gone, at("a.kz.", "a NS ns2.a\n"), at("ns2.a.kz.", "ns2.a A 192.0.2.7\n")},
       {}},
      {"new delegation without glue, and its neighbour",
       {at("d.kz.", "d NS ns.d\n"), good},
       {{0, "glue-missing"}}},
      {"new delegation with glue",
       {at("d.kz.", "d NS ns.d\n"), at("ns.d.kz.", "ns.d A 192.0.2.1\n")},
       {}},
      {"a cut above authoritative data",
       {at("t.kz.", "t NS ns.example.\n"), good},
       {{0, "zone-cut"}}},
      {"a cut above data that goes", {at("t.kz.", "t NS ns.example.\n"), at("x.t.kz.")}, {}},
      {"a cut above data that is only changed",
       {at("x.t.kz.", "x.t TXT new\n"), at("t.kz.", "t NS ns.example.\n")},
       {{1, "zone-cut"}}},
      {"data below a cut", {at("x.c.kz.", "x.c TXT x\n")}, {{0, "zone-cut"}}},
      {"the address of the zone's own server", {at("ns.host.kz.")}, {{0, "apex-ns-address"}}},
      {"an own server behind a delegation that goes",
       {at("kz.", "@ SOA ns.example. host.example. 7 1800 900 604800 300\n@ NS ns.c\n"),
        at("c.kz.")},
       {{0, "apex-ns-address"}}},
      {"no NS at the apex",
       {at("kz.", "@ SOA ns.example. host.example. 7 1800 900 604800 300\n")},
       {{0, "ns-apex"}}},
      {"nothing at the apex", {at("kz.")}, {{0, "soa-single"}}},
      {"outside", {at("a.example.", "a.example. A 192.0.2.1\n"), good}, {{0, "owner-in-zone"}}},
      {"nothing outside", {at("a.example.")}, {}},
      {"DS without NS", {at("c.kz.", "c" + ds)}, {{0, "ds-at-cut"}}},
      {"many",
       {at("c.kz.", "c" + ds), good, at("*.kz.", "* A 192.0.2.1\n"), at("e.kz.", "e DNAME f\n")},
       {{0, "ds-at-cut"}, {2, "wildcard"}, {3, "type-refused"}}},
  };
}

// Catches: a refusal put down to the wrong change, and innocent changes lost with it.
TEST(Update, SetsAsideWhatCausesAFault) {
  const auto zone =
      zone_of(with_apex("a NS ns.a\nns.a A 192.0.2.1\nc NS ns.example.\nx.t TXT x\n@ NS "
                        "ns.host\nns.host A 192.0.2.1\n"));
  for (const Case& one : cases()) {
    const Update result = updated(zone, one.changes);
    EXPECT_EQ(refused(result), one.refused) << one.what;
    for (std::size_t i = 0; i < one.changes.size(); ++i) {
      const bool is_refused = std::any_of(result.refusals.begin(), result.refusals.end(),
                                          [&](const auto& r) { return r.change == i; });
      const auto present = name_data(is_refused ? *zone : *result.zone, one.changes[i].name);
      EXPECT_EQ(name_data(*result.zone, one.changes[i].name).rrsets.size(), present.rrsets.size());
      if (is_refused) continue;
      EXPECT_EQ(present.rrsets.size(), one.changes[i].rrsets.size()) << one.what;
    }
  }
}

// An apex server below a delegation needs no address until the delegation goes.
TEST(Update, ADelegationThatGoesCanTakeAnApexServerWithIt) {
  const auto zone = zone_of(with_apex("@ NS ns.c\nc NS ns.example.\n"));
  EXPECT_EQ(refused(updated(zone, {at("c.kz.")})), (Refused{{0, "apex-ns-address"}}));
}

// Catches: a name server that one delegation drops taken for unused while another names it.
TEST(Update, HostsAreGlueAsLongAsOneNamesThem) {
  std::string text = "d NS ns.example.\nns.d A 192.0.2.1\n";
  for (const char* user : {"a", "b", "c"}) text += std::string(user) + " NS ns.d\n";
  auto zone = zone_of(with_apex(text));
  for (const char* user : {"a", "b", "c"}) {
    EXPECT_EQ(zone->find(name("ns.d.kz."))->kind(), NodeKind::glue) << user;
    zone = updated(zone, {at(std::string(user) + ".kz.")}).zone;
  }
  EXPECT_FALSE(zone->find(name("ns.d.kz.")).has_value());
  EXPECT_EQ(name_data(*zone, name("ns.d.kz.")).rrsets.size(), 1u);
  zone = updated(zone, {at("e.kz.", "e NS ns.d\n")}).zone;
  EXPECT_EQ(zone->find(name("ns.d.kz."))->kind(), NodeKind::glue);
}

std::string error_of(const std::vector<NameData>& changes) {
  const auto result = update(zone_of(with_apex("")), changes, {});
  if (!result.has_error()) return "(no error)";
  EXPECT_EQ(result.error().kind, base::ErrorKind::invalid_input);
  return result.error().message;
}

TEST(Update, RefusesChangesThatAreNone) {
  NameData other_owner = at("a.kz.", "b A 192.0.2.1\n");
  EXPECT_EQ(error_of({other_owner}), "change at a.kz., A: its owner is b.kz.");
  NameData twice = at("a.kz.", "a A 192.0.2.1\n");
  twice.rrsets.push_back(twice.rrsets[0]);
  EXPECT_EQ(error_of({twice}), "change at a.kz., A: two RRsets of one type");
  NameData unsorted = at("a.kz.", "a A 192.0.2.1\na A 192.0.2.2\n");
  std::swap(unsorted.rrsets[0].rdatas[0], unsorted.rrsets[0].rdatas[1]);
  EXPECT_EQ(error_of({unsorted}),
            "change at a.kz., A: RDATA not canonical or not in canonical order");
  NameData mixed_case = at("a.kz.", "a NS b\n");
  mixed_case.rrsets[0].rdatas[0][1] = 'B';
  EXPECT_EQ(error_of({mixed_case}),
            "change at a.kz., NS: RDATA not canonical or not in canonical order");
  NameData no_name = at("a.kz.", "a NS b\n");
  no_name.rrsets[0].rdatas[0] = "\5x";
  EXPECT_NE(error_of({no_name}).find("change at a.kz., NS: RDATA: "), std::string::npos);
  NameData empty = at("a.kz.", "a NS b\n");
  empty.rrsets[0].rdatas.clear();
  EXPECT_EQ(error_of({empty}), "change at a.kz., NS: 0 records; an RRset has 1 to 65,535");
  EXPECT_EQ(error_of({at("a.kz."), at("a.kz.")}), "two changes at a.kz.");
}

// No two names with one SHA-1 are known: the finder is asked with a hash that is another's.
TEST(Update, FindsCollisions) {
  const auto zone = zone_of(with_apex(""));
  const auto apex_hash = dns::nsec3_hash(name("kz."), {});
  const auto other_hash = dns::nsec3_hash(name("b.kz."), {});
  AffectedName fresh{name("a.kz."), {}, {}, apex_hash};
  fresh.after.kind = NodeKind::authoritative;
  AffectedName there = fresh;
  there.before.kind = NodeKind::authoritative;
  AffectedName first = fresh, second = fresh;
  first.hash = second.hash = other_hash;
  second.name = name("b.kz.");
  const auto found = [&](const AffectedNames& names) {
    std::string text;
    for (const Finding& f : find_collisions(zone->storage(), names)) text += f.message() + "\n";
    return text;
  };
  EXPECT_EQ(found({fresh}),
            "nsec3-collision: a.kz.: has the NSEC3 hash of kz.; choose another salt\n");
  EXPECT_EQ(found({there}), "");
  EXPECT_EQ(found({first}), "");
  EXPECT_EQ(found({first, second}),
            "nsec3-collision: b.kz.: has the NSEC3 hash of a.kz.; choose another salt\n");
}

// Catches: two candidates derived from one base that use one number for two RRsets. Under TSan
// also: a lineage that is not safe to share.
TEST(Update, CandidatesOfOneBaseShareNoNewSlot) {
  const auto zone = zone_of(with_apex("a NS ns.example.\n"));
  std::vector<Slot> slots[2];
  const auto derive = [&](int which) {
    auto current = zone;
    for (int i = 0; i < 200; ++i) {
      const std::string label = "n" + std::to_string(i % 50);
      const std::string text =
          i / 50 % 2 == 0 ? label + " TXT " + std::to_string(which) + "\n" : "";
      const auto next = updated(current, {at(label + ".kz.", text)}, {current->serial() + 1});
      slots[which].insert(slots[which].end(), next.to_sign.begin(), next.to_sign.end());
      current = next.zone;
      current->for_each_dead_slot([&](Slot slot) { EXPECT_FALSE(current->has_slot(slot)); });
      for (const Slot slot : next.to_sign) EXPECT_EQ(current->has_slot(slot), true);
    }
  };
  std::thread one([&] { derive(0); }), two([&] { derive(1); });
  one.join();
  two.join();
  std::set<Slot> all(slots[0].begin(), slots[0].end());
  all.insert(slots[1].begin(), slots[1].end());
  EXPECT_EQ(all.size(), slots[0].size() + slots[1].size());
  EXPECT_GE(*all.begin(), zone->slot_limit());
}

// Catches: what is judged again and again and thrown away, and fills the lineage each time.
TEST(Update, ATrialTakesNoNumbers) {
  const auto base = zone_of(with_apex("a NS ns.example.\n"));
  const auto zone = updated(base, {at("b.kz.", "b TXT x\n")}).zone;
  const std::size_t size = overlay_size(*zone);
  const std::vector<NameData> changes{at("a.kz.", "a NS ns.example.\na" + ds),
                                      at("c.kz.", "c TXT x\n")};
  Update trial;
  for (int i = 0; i < 3; ++i) trial = updated(zone, changes, {.trial = true});
  EXPECT_EQ(overlay_size(*zone), size);
  const auto real = updated(zone, changes);
  EXPECT_EQ(trial.to_sign, real.to_sign);
  EXPECT_EQ(signed_names(trial), signed_names(real));
  EXPECT_EQ(dump(*trial.zone), dump(*real.zone));
  EXPECT_FALSE(trial.zone->same_lineage(*zone));
  const std::string apex =
      "@ 3600 NS ns.example.\n@ 60 SOA ns.example. host.example. 7 1800 900 604800 300\n";
  EXPECT_TRUE(updated(zone, {at("kz.", apex)}, {.trial = true}).rebuilt);
}

// Catches: a counter that two threads read before either has written it.
TEST(Lineage, GivesEachNumberOnce) {
  constexpr Slot first = 5, each = 50'000;
  Lineage lineage(first, 0);
  std::vector<Slot> slots[2];
  std::atomic<int> waiting{2};
  const auto take = [&](int which) {
    const auto owner = std::make_shared<const dns::Name>(name(which == 0 ? "a.kz." : "b.kz."));
    for (--waiting; waiting > 0;) std::this_thread::yield();
    for (Slot i = 0; i < each; ++i) slots[which].push_back(lineage.new_slot(owner, RRType::A));
  };
  std::thread one([&] { take(0); }), two([&] { take(1); });
  one.join();
  two.join();
  EXPECT_EQ(lineage.slot_limit(), first + 2 * each);
  std::set<Slot> all;
  for (const int which : {0, 1}) {
    for (const Slot slot : slots[which]) {
      EXPECT_TRUE(all.insert(slot).second);
      ASSERT_NE(lineage.place(slot), nullptr);
      EXPECT_EQ(*lineage.place(slot)->owner, name(which == 0 ? "a.kz." : "b.kz."));
    }
  }
  EXPECT_EQ(lineage.place(first + 2 * each), nullptr);
  EXPECT_FALSE(lineage.exhausted());
}

TEST(Lineage, SaysWhenThereAreNoNumbersLeft) {
  Lineage lineage(no_slot - 1, 0);
  const auto owner = std::make_shared<const dns::Name>(name("kz."));
  EXPECT_EQ(lineage.new_slot(owner, RRType::A), no_slot - 1);
  EXPECT_FALSE(lineage.exhausted());
  EXPECT_EQ(lineage.new_slot(owner, RRType::A), no_slot);
  EXPECT_TRUE(lineage.exhausted());
  EXPECT_EQ(lineage.slot_limit(), no_slot);
}

TEST(Update, CompactForgetsTheOverlay) {
  const auto zone = zone_of(with_apex("a NS ns.example.\nns.a A 192.0.2.1\n"));
  EXPECT_EQ(overlay_size(*zone), 0u);
  const auto next = updated(zone, {at("b.kz.", "b TXT x\n")}, {8});
  EXPECT_GT(overlay_size(*next.zone), 4u);
  const auto compacted = must(compact(*next.zone));
  EXPECT_EQ(overlay_size(*compacted), 0u);
  EXPECT_FALSE(compacted->same_lineage(*zone));
  EXPECT_EQ(dump(*compacted), dump(*next.zone));
  EXPECT_EQ(name_data(*compacted, name("ns.a.kz.")).rrsets.size(), 1u);  // orphan glue
}

}  // namespace
}  // namespace tld::zones
