// SPDX-License-Identifier: GPL-2.0-only
//
// Slots that list different keys: rolls of ZSKs, of the KSK and of the algorithm.
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using dns::RRType;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using testing::first_start;
using ::testing::HasSubstr;
using testing::Key;
using testing::make_key;

// Three slots of a day; signatures live for 60 hours from each start.
struct Roll {
  Key ksk = make_key(), zsk = make_key(), next_zsk = make_key();
  SigningPlan plan =
      testing::plan_of({&ksk}, {{zsk.zsk()}, {zsk.zsk(), next_zsk.zsk()}, {next_zsk.zsk()}});

  SignedKeys keys() const {
    return SignedKeys::parse(signed_keys_file(plan, first_start()).value(), plan.apex).value();
  }
  std::string fault() const {
    const auto text = signed_keys_file(plan, first_start());
    return text ? "" : text.error().message;
  }
};

// Index of the slot that is published then; -1: none.
long index(const SignedKeys& keys, const Slot* slot) {
  return slot == nullptr ? -1 : slot - keys.slots().data();
}

TEST(DifferingSlots, AKeyMustBeListedWhileItSigns) {
  const Roll roll;
  const SignedKeys keys = roll.keys();
  const std::vector<Dnskey> old_key = {roll.zsk.zsk()}, new_key = {roll.next_zsk.zsk()};
  EXPECT_TRUE(keys.check(old_key, first_start()));
  const auto early = keys.check(new_key, first_start());
  ASSERT_FALSE(early);
  EXPECT_THAT(early.error().message, HasSubstr("SKR-ZSK-MISSING"));
  EXPECT_TRUE(keys.check(new_key, first_start() + days{1}));
  const std::vector<Dnskey> both = {roll.zsk.zsk(), roll.next_zsk.zsk()};
  EXPECT_FALSE(keys.check(both, first_start()));
  EXPECT_TRUE(keys.check(both, first_start() + days{1}));
}

// A late roll: the slot that lists the old key goes on until its signatures end, then nothing.
TEST(DifferingSlots, ALateRollHoldsTheSlotBefore) {
  const Roll roll;
  const SignedKeys keys = roll.keys();
  const std::vector<Dnskey> old_key = {roll.zsk.zsk()}, new_key = {roll.next_zsk.zsk()};
  const base::Time third = first_start() + days{2}, end = first_start() + days{1} + hours{60};
  EXPECT_EQ(index(keys, keys.at(third)), 2);
  EXPECT_EQ(index(keys, keys.at(third, new_key)), 2);
  EXPECT_EQ(index(keys, keys.at(third, old_key)), 1);
  EXPECT_EQ(index(keys, keys.at(end - seconds{1}, old_key)), 1);
  EXPECT_EQ(index(keys, keys.at(end, old_key)), -1);
  EXPECT_TRUE(keys.check(old_key, end - seconds{1}));
  EXPECT_FALSE(keys.check(old_key, end));
  EXPECT_EQ(keys.listed_until(first_start(), old_key), end);
  EXPECT_EQ(keys.listed_until(first_start() + days{1}, new_key), keys.covered_until());
  EXPECT_EQ(keys.listed_until(first_start(), new_key), first_start());
  EXPECT_EQ(keys.listed_until(first_start(), {}), keys.covered_until());
}

TEST(DifferingSlots, TwoKsksEachSignDuringARoll) {
  Roll roll;
  const Key next_ksk = make_key();
  roll.plan = testing::plan_of({&roll.ksk, &next_ksk}, {{roll.zsk.zsk()}, {roll.zsk.zsk()}});
  roll.plan.slots[0].ksks = roll.plan.slots[0].announced = {0};
  roll.plan.slots[1].announced = {1};
  const SignedKeys keys = roll.keys();
  const Slot& second = keys.slots()[1];
  EXPECT_EQ(second.keys(true).size(), 2U);
  for (const SignedRRset& each : second.rrsets) EXPECT_EQ(each.rrsigs.size(), 2U);
  EXPECT_EQ(second.find(RRType::CDNSKEY)->rrset.rdatas,
            std::vector<std::string>{next_ksk.ksk().wire()});
  EXPECT_EQ(keys.slots()[0].keys(true), std::vector<Dnskey>{roll.ksk.ksk()});
}

// RFC 6781 §4.1.4: from one algorithm to another through a slot with both.
struct AlgorithmRoll : Roll {
  Key new_ksk = make_key(testing::rsa), new_zsk = make_key(testing::rsa);
  AlgorithmRoll() {
    plan = testing::plan_of({&ksk, &new_ksk},
                            {{zsk.zsk()}, {zsk.zsk(), new_zsk.zsk()}, {new_zsk.zsk()}});
    plan.slots[0].ksks = plan.slots[0].announced = {0};
    plan.slots[2].ksks = plan.slots[2].announced = {1};
    plan.policy.algorithm = testing::rsa;
  }
};

TEST(DifferingSlots, AnAlgorithmRollPasses) {
  const AlgorithmRoll roll;
  EXPECT_EQ(roll.fault(), "");
}

TEST(DifferingSlots, EachAlgorithmOfASlotMustSign) {
  const AlgorithmRoll roll;
  std::vector<Slot> slots = sign_slots(roll.plan).value();
  slots[1].rrsets[1].rrsigs.erase(slots[1].rrsets[1].rrsigs.begin());
  const auto keys =
      SignedKeys::parse(signed_keys_text(roll.plan.policy, slots, first_start()), roll.plan.apex)
          .value();
  const auto status = keys.check({}, first_start());
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("SKR-ALGORITHM: CDS has no signature"));
}

TEST(DifferingSlots, TheLastSlotHasThePolicysAlgorithm) {
  const AlgorithmRoll roll;
  Policy policy = roll.plan.policy;
  policy.algorithm = testing::ecdsa;
  const auto slots = sign_slots(roll.plan).value();
  const auto keys =
      SignedKeys::parse(signed_keys_text(policy, slots, first_start()), roll.plan.apex).value();
  EXPECT_THAT(keys.check({}, first_start()).error().message,
              HasSubstr("SKR-ALGORITHM: no key of the last slot"));
}

TEST(DifferingSlots, PlansThatCannotBeSignedAreRefusedBeforeTheFirstSignature) {
  const auto fault = [](void (*spoil)(SigningPlan&)) {
    AlgorithmRoll roll;
    for (SigningKsk& ksk : roll.plan.ksks) {
      ksk.sign = [](const std::string&) -> base::Result<std::string> {
        ADD_FAILURE() << "a KSK was used before all was checked";
        return base::internal("not reached");
      };
    }
    spoil(roll.plan);
    return roll.fault();
  };
  EXPECT_THAT(fault([](SigningPlan& plan) { plan.slots[1].ksks = {0}; }),
              HasSubstr("CEREMONY-KSK"));  // announces one that is not listed
  EXPECT_THAT(fault([](SigningPlan& plan) { plan.slots[2].ksks.clear(); }),
              HasSubstr("CEREMONY-KSK"));
  EXPECT_THAT(fault([](SigningPlan& plan) { plan.slots[2].ksks = {2}; }),
              HasSubstr("CEREMONY-KSK"));
  EXPECT_THAT(fault([](SigningPlan& plan) { plan.slots[1].announced.clear(); }),
              HasSubstr("CEREMONY-KSK"));
  EXPECT_THAT(fault([](SigningPlan& plan) { plan.slots[1].ksks = plan.slots[1].announced = {0}; }),
              HasSubstr("CEREMONY-ALGORITHM"));
  EXPECT_THAT(fault([](SigningPlan& plan) { plan.slots[0].zsks.clear(); }),
              HasSubstr("CEREMONY-ZSK"));
  EXPECT_THAT(fault([](SigningPlan& plan) { plan.policy.algorithm = testing::ecdsa; }),
              HasSubstr("CEREMONY-ALGORITHM"));
}

}  // namespace
}  // namespace tld::keys
