// SPDX-License-Identifier: GPL-2.0-only
#include "signer/agenda.h"

#include <map>
#include <set>
#include <utility>

#include "tests/unit/signer/signer_fixture.h"
#include "zones/update.h"

namespace tld::signer {
namespace {

using dns::RRType;
using std::chrono::days;
using std::chrono::seconds;

// Nothing is signed here: what the tables say of times is all that an Agenda looks at.
class AgendaTest : public SignerTest {
 protected:
  base::Time now() const { return clock->now(); }
  void make(const SignedZone& of, const Agenda::Work& work) {
    const dns::RRset rrset = of.zone().signable(work.slot);
    of.table(work.key).put(work.slot, validity_at(of.policy(), rrset.owner, now()),
                           std::string(64, 's'));
  }
  void make_expiring(const SignedZone& of, zones::Slot slot, seconds left) {
    const auto at = now().time_since_epoch().count();
    of.table(0).put(
        slot,
        {static_cast<std::uint32_t>(at - 3600), static_cast<std::uint32_t>(at + left.count())},
        std::string(64, 's'));
  }
  void make_all(const SignedZone& of) {
    of.zone().for_each_slot([&](zones::Slot slot) { make(of, {0, slot}); });
  }
  std::vector<Agenda::Work> all_of(Agenda& from) {
    std::vector<Agenda::Work> all;
    while (auto work = from.next(now())) all.push_back(*work);
    return all;
  }
  std::string describe(const Agenda::Work& work) const {
    const auto rrset = *zone->zone().slot_rrset(work.slot);
    if (rrset.type == RRType::NSEC3 || rrset.type == RRType::DS) return "delegations";
    return rrset.owner == zone->zone().apex() ? "apex" : "rest";
  }
  std::shared_ptr<const SignedZone> with_warming_key() {
    return SignedZone::with_keys(
        *zone, {{key}, {make_key(hsm::Algorithm::ecdsap256sha256), KeyUse::warming}});
  }

  const std::shared_ptr<const SignedZone> zone = signed_zone();
  Agenda agenda;
};

// Catches: an apex that is signed last, and denials after data that hardly anybody asks for.
TEST_F(AgendaTest, FillsWhatIsMissingInTheOrderThatMatters) {
  agenda.update(zone, now());
  EXPECT_EQ(agenda.missing(), zone->zone().signature_count());
  std::vector<std::string> order;
  std::set<zones::Slot> seen;
  for (const Agenda::Work& work : all_of(agenda)) {
    const std::string what = describe(work);
    if (order.empty() || order.back() != what) order.push_back(what);
    EXPECT_TRUE(seen.insert(work.slot).second);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"apex", "delegations", "rest"}));
  EXPECT_EQ(seen.size(), zone->zone().signature_count());
  EXPECT_EQ(agenda.missing(), 0u);
}

// Catches: something made anew that is good for long, or in another order than it expires.
TEST_F(AgendaTest, RefreshesInOrderOfExpiry) {
  make_all(*zone);
  make_expiring(*zone, 5, days{2});
  make_expiring(*zone, 1, days{1});
  make_expiring(*zone, 3, days{3} - seconds{1});
  make_expiring(*zone, 2, days{3} + seconds{90});
  agenda.update(zone, now());
  std::vector<zones::Slot> slots;
  for (const Agenda::Work& work : all_of(agenda)) slots.push_back(work.slot);
  EXPECT_EQ(slots, (std::vector<zones::Slot>{1, 5, 3}));
  // One that comes due before the next look is given when its time has come, and not before.
  EXPECT_EQ(agenda.idle(now()), seconds{91});
  clock->advance(seconds{90});
  EXPECT_FALSE(agenda.update(zone, now()));
  EXPECT_FALSE(agenda.next(now()));
  clock->advance(seconds{1});
  const auto due = agenda.next(now());
  ASSERT_TRUE(due);
  EXPECT_EQ(due->slot, 2u);
}

// Catches: a zone that is half filled while its last signatures expire.
TEST_F(AgendaTest, RefreshComesBeforeFillingButAfterTheApex) {
  make_expiring(*zone, 4, days{1});
  agenda.update(zone, now());
  const auto all = all_of(agenda);
  const auto refreshed =
      std::find_if(all.begin(), all.end(), [](const auto& work) { return work.slot == 4; });
  EXPECT_TRUE(
      std::all_of(all.begin(), refreshed, [&](const auto& w) { return describe(w) == "apex"; }));
  EXPECT_EQ(describe(*(refreshed + 1)), "delegations");
}

// Catches: work that somebody has done meanwhile and that is done again.
TEST_F(AgendaTest, LeavesOutWhatAQuestionHasHadMade) {
  agenda.update(zone, now());
  for (zones::Slot slot = 1; slot < zone->zone().slot_limit(); ++slot) make(*zone, {0, slot});
  const auto all = all_of(agenda);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(agenda.is_needed(all[0], now()));
  make(*zone, all[0]);
  EXPECT_FALSE(agenda.is_needed(all[0], now()));
}

// Catches: signatures of a clock that was ahead, which nobody may be given, taken for good ones.
TEST_F(AgendaTest, WhatIsNotValidYetIsMissing) {
  clock->advance(days{1});
  make_all(*zone);
  clock->advance(-days{1});
  agenda.update(zone, now());
  EXPECT_EQ(all_of(agenda).size(), zone->zone().signature_count());
}

// Catches: one RRset that cannot be signed and holds up all others, or is given up for good.
TEST_F(AgendaTest, WhatFailedComesAgainAfterAllElse) {
  agenda.update(zone, now());
  const auto first = *agenda.next(now());
  agenda.set_aside(first, now());
  EXPECT_EQ(agenda.missing(), zone->zone().signature_count());
  const auto all = all_of(agenda);
  EXPECT_EQ(all.back().slot, first.slot);
  EXPECT_EQ(all.size(), zone->zone().signature_count());
  clock->advance(seconds{30});
  EXPECT_TRUE(agenda.update(zone, now()));
  EXPECT_EQ(agenda.next(now())->slot, first.slot);
}

// Catches: a roll that takes signing time from the key that is served.
TEST_F(AgendaTest, AWarmingKeyComesLast) {
  const auto both = with_warming_key();
  agenda.update(both, now());
  const std::size_t one = zone->zone().signature_count();
  const auto all = all_of(agenda);
  ASSERT_EQ(all.size(), 2 * one);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].key, i < one ? 0u : 1u);
}

// Catches: a leaving key that goes on signing; work for keys that are other ones now.
TEST_F(AgendaTest, OtherUsesOfKeysAreLookedThroughAtOnce) {
  const auto both = with_warming_key();
  agenda.update(both, now());
  auto keys = both->keys();
  keys[0].use = KeyUse::leaving;
  keys[1].use = KeyUse::signing;
  EXPECT_TRUE(agenda.update(SignedZone::with_keys(*both, keys), now()));
  const auto all = all_of(agenda);
  EXPECT_EQ(all.size(), zone->zone().signature_count());
  for (const Agenda::Work& work : all) EXPECT_EQ(work.key, 1u);
}

// Catches: a look through a million slots at each publication, or new RRsets that none finds.
TEST_F(AgendaTest, AChangeOfTheZoneCostsWhatItHasAdded) {
  make_all(*zone);
  agenda.update(zone, now());
  zones::NameData ns1 =
      zones::name_data(zone->zone(), dns::Name::from_text("ns1.example.").value());
  ns1.rrsets[0].ttl = 60;
  const auto update = zones::update(zone->zone_pointer(), {&ns1, 1}, {2});
  ASSERT_TRUE(update);
  const auto next = SignedZone::next(*zone, update.value().zone);
  EXPECT_FALSE(agenda.update(next, now()));
  std::set<zones::Slot> found;
  for (const Agenda::Work& work : all_of(agenda)) found.insert(work.slot);
  const auto& changed = update.value().to_sign;
  EXPECT_EQ(found, std::set<zones::Slot>(changed.begin(), changed.end()));
}

// Catches: due work that a clock that was set back puts off by as much.
TEST_F(AgendaTest, ASetBackClockIsLookedThroughAtOnce) {
  make_all(*zone);
  agenda.update(zone, now());
  clock->advance(-days{1});
  EXPECT_TRUE(agenda.update(zone, now()));
}

// Catches: looks that are too far apart for a policy of short times.
TEST(AgendaLookAhead, IsATwentiethOfTheRefresh) {
  EXPECT_EQ(Agenda::look_ahead({}), std::chrono::minutes{30});
  EXPECT_EQ(Agenda::look_ahead({seconds{600}, seconds{100}, seconds{1}}), seconds{5});
  EXPECT_EQ(Agenda::look_ahead({seconds{60}, seconds{10}, seconds{1}}), seconds{1});
}

}  // namespace
}  // namespace tld::signer
