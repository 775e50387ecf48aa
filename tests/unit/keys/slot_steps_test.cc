// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot_steps.h"

#include "keys/response.h"
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;
using testing::first_start;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Key;
using testing::make_key;
using Kind = KeyEventKind;

ManagedKey managed(const Key& key, bool ksk) {
  return {ksk ? key.ksk() : key.zsk(),
          false,
          key.info.id,
          {{Kind::generated, first_start() - days{90}, {}}}};
}

// A zone that is secure since long, with a next ZSK and a next KSK that are in the register only.
struct Zone {
  Key zsk = make_key(), next_zsk = make_key(), ksk = make_key(), next_ksk = make_key();
  Keys keys = {managed(zsk, false), managed(next_zsk, false), managed(ksk, true),
               managed(next_ksk, true)};
  Policy policy = testing::small_policy();
  base::Time now = first_start();

  Zone() {
    for (const Kind kind : {Kind::published, Kind::activated, Kind::signed_all}) {
      happened(0, kind, days{60});
    }
    for (const Kind kind : {Kind::published, Kind::activated, Kind::ds_submitted, Kind::ds_seen}) {
      happened(2, kind, days{60});
    }
  }
  void happened(std::size_t key, Kind kind, std::chrono::seconds ago) {
    keys[key].events.push_back({kind, first_start() - ago, {}});
  }
  Listing slot(std::vector<Key> zsks, std::vector<Key> ksks) const {
    Listing listing{now, {}, {}};
    for (const Key& each : zsks) listing.dnskeys.push_back(each.zsk());
    for (const Key& each : ksks) {
      listing.dnskeys.push_back(each.ksk());
      listing.signers.push_back(each.ksk());
    }
    return listing;
  }
  std::string refusal(const Listing& listing) const {
    const auto status = check_slot(policy, keys, listing, now);
    return status ? "" : status.error().message;
  }
};

TEST(SlotSteps, WhatIsPublishedAlreadyIsNoStep) {
  const Zone zone;
  EXPECT_THAT(slot_steps(zone.keys, zone.slot({zone.zsk}, {zone.ksk})).value(), IsEmpty());
}

TEST(SlotSteps, WhatComesStandsBeforeWhatGoes) {
  const Zone zone;
  const KeySteps wanted = {{1, Kind::published}, {3, Kind::published}, {3, Kind::activated},
                           {0, Kind::removed},   {2, Kind::retired},   {2, Kind::removed}};
  EXPECT_EQ(slot_steps(zone.keys, zone.slot({zone.next_zsk}, {zone.next_ksk})).value(), wanted);
}

TEST(SlotSteps, KeysMayCome) {
  const Zone zone;
  EXPECT_EQ(zone.refusal(zone.slot({zone.zsk, zone.next_zsk}, {zone.ksk, zone.next_ksk})), "");
}

// .nz, May 2023.
TEST(SlotSteps, AKskStaysWhileItsDsIsRemembered) {
  Zone zone;
  zone.happened(3, Kind::published, days{40});
  zone.happened(3, Kind::activated, days{40});
  const Listing without = zone.slot({zone.zsk}, {zone.next_ksk});
  EXPECT_THAT(zone.refusal(without), HasSubstr("KEY-PREPUBLISH"));
  zone.happened(3, Kind::ds_submitted, days{30});
  zone.happened(2, Kind::ds_withdrawn, days{30});
  EXPECT_THAT(zone.refusal(without), HasSubstr("KEY-RULE-DNSKEY"));  // nobody has looked
  zone.happened(3, Kind::ds_seen, hours{25});
  zone.happened(2, Kind::ds_gone, hours{25});
  EXPECT_THAT(zone.refusal(without), HasSubstr("KEY-RULE-DNSKEY"));  // a day, two hours
  zone.now += hours{2};
  EXPECT_EQ(zone.refusal(without), "");
}

TEST(SlotSteps, AZskStaysWhileItSigns) {
  Zone zone;
  zone.happened(1, Kind::published, days{40});
  const Listing without = zone.slot({zone.next_zsk}, {zone.ksk});
  EXPECT_THAT(zone.refusal(without), HasSubstr("KEY-RULE-RRSIG"));
  // Signed ahead of time: the roll will have been by then.
  EXPECT_TRUE(check_planned(zone.policy, zone.keys, without, zone.now));
}

TEST(SlotSteps, EachKeyIsKnownAndNoTagIsUsedTwice) {
  Zone zone;
  const Key stranger = make_key();
  EXPECT_THAT(zone.refusal(zone.slot({zone.zsk, stranger}, {zone.ksk})),
              HasSubstr("KEY-UNKNOWN: ZSK"));
  // Two octets changed such that RFC 4034 appendix B adds up to the same.
  Key twin = zone.next_zsk;
  std::string& octets = twin.info.public_key.octets;
  std::size_t at = 0;
  while (octets[at] == octets[at + 2]) ++at;
  std::swap(octets[at], octets[at + 2]);
  EXPECT_THAT(zone.refusal(zone.slot({zone.zsk, twin}, {zone.ksk})), HasSubstr("KEY-TAG-USED"));
}

TEST(SlotSteps, WhileAnotherOperatorSignsNothingIsAStep) {
  Zone zone;
  zone.keys[0].foreign = true;
  EXPECT_TRUE(is_signed_elsewhere(zone.keys));
  EXPECT_THAT(slot_steps(zone.keys, zone.slot({zone.next_zsk}, {zone.next_ksk})).value(),
              IsEmpty());
  zone.happened(1, Kind::activated, days{1});
  EXPECT_FALSE(is_signed_elsewhere(zone.keys));
}

// Who has stolen a key has use for an old file that lists it.
TEST(SlotSteps, ACompromisedKeyThatWasRemovedIsNotListedAgain) {
  Zone zone;
  zone.happened(1, Kind::published, days{40});
  zone.happened(1, Kind::compromised, days{30});
  const Listing with = zone.slot({zone.zsk, zone.next_zsk}, {zone.ksk});
  EXPECT_EQ(zone.refusal(with), "");  // it is there still
  zone.happened(1, Kind::removed, days{20});
  EXPECT_THAT(zone.refusal(with), HasSubstr("KEY-RETIRED: ZSK"));
  const auto planned = check_planned(zone.policy, zone.keys, with, zone.now);
  ASSERT_FALSE(planned);
  EXPECT_THAT(planned.error().message, HasSubstr("KEY-RETIRED: ZSK"));
  EXPECT_EQ(zone.refusal(zone.slot({zone.zsk}, {zone.ksk})), "");
}

// The same of a file, whose later slots do without the key.
TEST(SlotSteps, ASlotWithARemovedCompromisedKeyIsHeldBack) {
  Zone zone;
  for (const Kind kind : {Kind::published, Kind::compromised, Kind::removed}) {
    zone.happened(1, kind, days{20});
  }
  const std::vector<dns::Dnskey> both = {zone.zsk.zsk(), zone.next_zsk.zsk()};
  const SigningPlan plan = testing::plan_of({&zone.ksk}, {both, {zone.zsk.zsk()}});
  const auto file =
      SignedKeys::parse(signed_keys_file(plan, first_start()).value(), plan.apex).value();
  const Publishable before = publishable(zone.policy, zone.keys, file, first_start());
  EXPECT_THAT(before.starts, ElementsAre(first_start() + days{1}));
  EXPECT_THAT(before.held_back, HasSubstr("is not published: KEY-RETIRED"));
  const base::Time later = first_start() + days{1};
  EXPECT_EQ(publishable(zone.policy, zone.keys, file, later).held_back, "");
}

// After a roll the slots before it are not published again, and nobody waits for that.
TEST(SlotSteps, ASlotThatALaterOneHasReplacedIsNotHeldBack) {
  Zone zone;
  zone.happened(1, Kind::published, days{40});
  for (const Kind kind : {Kind::activated, Kind::signed_all}) zone.happened(1, kind, days{20});
  const std::vector<dns::Dnskey> both = {zone.zsk.zsk(), zone.next_zsk.zsk()};
  const SigningPlan plan = testing::plan_of({&zone.ksk}, {{zone.zsk.zsk()}, both, both});
  const auto file =
      SignedKeys::parse(signed_keys_file(plan, first_start()).value(), plan.apex).value();
  const Publishable first = publishable(zone.policy, zone.keys, file, first_start());
  EXPECT_THAT(first.held_back, HasSubstr("KEY-RULE-RRSIG"));
  const Publishable second = publishable(zone.policy, zone.keys, file, first_start() + days{1});
  EXPECT_THAT(second.starts, ElementsAre(first_start() + days{1}, first_start() + days{2}));
  EXPECT_EQ(second.held_back, "");
}

// Slots of a file: the one that lets the KSK go too early is left out, whatever comes behind.
TEST(SlotSteps, AFileIsPublishedSlotBySlot) {
  Zone zone;
  zone.happened(3, Kind::published, days{40});
  zone.happened(3, Kind::activated, days{40});
  SigningPlan plan = testing::plan_of({&zone.ksk, &zone.next_ksk},
                                      {{zone.zsk.zsk()}, {zone.zsk.zsk()}, {zone.zsk.zsk()}});
  plan.slots[1].ksks = plan.slots[1].announced = {1};
  const auto file =
      SignedKeys::parse(signed_keys_file(plan, first_start()).value(), plan.apex).value();
  const auto starts = [&](base::Time now) {
    return publishable(zone.policy, zone.keys, file, now);
  };
  EXPECT_THAT(starts(first_start()).starts, ElementsAre(first_start(), first_start() + days{2}));
  EXPECT_EQ(starts(first_start()).held_back, "");
  const auto second = starts(first_start() + days{1});
  EXPECT_THAT(second.held_back, HasSubstr("the slot of 20260102000000 is not published: KEY-"));
  const SignedKeys usable = file.with_slots(second.starts);
  EXPECT_EQ(usable.at(first_start() + days{1})->start, first_start());
  const auto planned = check_by_register(plan, zone.keys, first_start());
  ASSERT_FALSE(planned);
  EXPECT_THAT(planned.error().message, HasSubstr("the slot of 20260102000000: KEY-"));
}

}  // namespace
}  // namespace tld::keys
