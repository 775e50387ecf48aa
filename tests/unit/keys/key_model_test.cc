// SPDX-License-Identifier: GPL-2.0-only
//
// Two simulated years of rolls, emergencies and moves under the eyes of a validator with a
// resolver's memory; what it finds when a wait is left out; and random walks over allowed steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keys/key_states.h"
#include "keys/time_text.h"
#include "tests/unit/keys/simulated_world.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using testing::Set;
using testing::World;
using Kind = KeyEventKind;

const base::Time start = time_from_text("20260101000000").value();

Policy policy_with(hsm::Algorithm algorithm) {
  Policy policy;
  policy.algorithm = algorithm;
  policy.zone.max_zone_ttl = days{2};
  policy.keys.zsk.emergency_postpublish = days{2} + hours{1};
  EXPECT_TRUE(policy.check());
  return policy;
}

// Another operator's zone comes here, without ever being insecure. Returns its keys.
std::pair<std::size_t, std::size_t> adopt(World& world, std::uint8_t algorithm) {
  const std::size_t zsk = world.add_key(false, algorithm, true);
  const std::size_t ksk = world.add_key(true, algorithm, true);
  world.carry_out({{zsk, Kind::published}, {zsk, Kind::activated}});
  world.carry_out({{ksk, Kind::published}, {ksk, Kind::activated}});
  world.run_until(world.now() + days{1}, false);
  world.record(zsk, Kind::signed_all);
  return {zsk, ksk};
}

void move_in(World& world, std::uint8_t algorithm) {
  const auto [their_zsk, their_ksk] = adopt(world, algorithm);
  world.when_allowed({{their_ksk, Kind::ds_submitted}});
  world.run_until(world.now() + days{60}, false);
  const std::size_t zsk = world.add_key(false, algorithm);
  const std::size_t ksk = world.add_key(true, algorithm);
  world.when_allowed({{zsk, Kind::published}, {ksk, Kind::published}});
  world.when_allowed({{ksk, Kind::ds_submitted}});
  world.handover = true;
  world.when_allowed({{zsk, Kind::activated},
                      {their_zsk, Kind::retired},
                      {ksk, Kind::activated},
                      {their_ksk, Kind::retired}});
  world.when_allowed({{their_zsk, Kind::removed}});
  world.when_allowed({{their_ksk, Kind::ds_withdrawn}});
  world.when_allowed({{their_ksk, Kind::removed}});
}

std::vector<std::size_t> own_in_use(const World& world, bool ksk) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < world.keys().size(); ++i) {
    const ManagedKey& key = world.keys()[i];
    const bool used = key.has(Kind::activated) && !key.has(Kind::retired);
    if (used && !key.foreign && key.is_ksk() == ksk) places.push_back(i);
  }
  return places;
}

void move_out(World& world, std::uint8_t algorithm) {
  const std::size_t their_zsk = world.add_key(false, algorithm, true);
  const std::size_t their_ksk = world.add_key(true, algorithm, true);
  const std::size_t zsk = own_in_use(world, false).at(0), ksk = own_in_use(world, true).at(0);
  world.when_allowed({{their_zsk, Kind::published}, {their_ksk, Kind::published}});
  world.when_allowed({{their_ksk, Kind::ds_submitted}});
  world.handover = true;
  world.when_allowed({{their_zsk, Kind::activated},
                      {zsk, Kind::retired},
                      {their_ksk, Kind::activated},
                      {ksk, Kind::retired}});
  world.when_allowed({{ksk, Kind::ds_withdrawn}});
  world.when_allowed({{zsk, Kind::removed}});
  world.when_allowed({{ksk, Kind::removed}});
}

// At every change, a second before it and after, and at random instants.
void expect_never_bogus(const World& world, base::Time from, int instants) {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::int64_t> some(0, (world.now() - from).count());
  std::set<base::Time> times;
  for (const base::Time time : world.events()) {
    times.insert({time - seconds{1}, time, time + seconds{1}});
  }
  for (int i = 0; i < instants; ++i) times.insert(from + seconds{some(random)});
  for (const base::Time time : times) {
    ASSERT_EQ(world.bogus(time), "");
    ASSERT_TRUE(time <= from || world.secure_only(time)) << time_text(time);
  }
}

struct TwoYears : ::testing::TestWithParam<std::pair<OnCompromise, KskRollover>> {};

TEST_P(TwoYears, NeverBogus) {
  Policy policy = policy_with(hsm::Algorithm::rsasha256);
  policy.keys.on_compromise = GetParam().first;
  policy.keys.ksk.rollover = GetParam().second;
  World world(policy, start);
  move_in(world, 8);
  const base::Time ours = world.now();
  world.run_until(ours + days{120}, true);
  world.add_key(true, 8);  // KSK roll
  world.run_until(ours + days{240}, true);
  world.record(own_in_use(world, false).at(0), Kind::compromised);
  world.run_until(ours + days{310}, true);
  world.add_key(true, 8);
  world.record(own_in_use(world, true).at(0), Kind::compromised);
  world.run_until(ours + days{400}, true);
  world.policy().algorithm = hsm::Algorithm::ecdsap256sha256;
  world.add_key(true, 13);
  world.run_until(ours + days{500}, true);
  world.record(own_in_use(world, false).at(0), Kind::compromised);
  world.run_until(ours + days{730}, true);
  EXPECT_THAT(world.done, IsSupersetOf({"ZSK roll", "KSK roll", "emergency ZSK roll",
                                        "emergency KSK roll", "algorithm roll", "old ZSK"}));
  EXPECT_GE(world.zsk_rolls, 24);
  const auto algorithm = world.keys()[own_in_use(world, true).at(0)].dnskey.algorithm;
  EXPECT_EQ(algorithm, 13);
  move_out(world, 13);
  world.run_until(world.now() + days{30}, false);
  EXPECT_TRUE(own_in_use(world, true).empty());
  expect_never_bogus(world, ours, 1000);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, TwoYears,
    ::testing::Values(std::pair(OnCompromise::retire_now, KskRollover::double_ksk),
                      std::pair(OnCompromise::retire_now, KskRollover::double_ds),
                      std::pair(OnCompromise::replace_then_retire, KskRollover::double_ksk)));

// --- a wait left out ---

World own_zone(const Policy& policy, std::uint32_t seed, bool sees_ds_ttl = true) {
  World world(policy, start, seed);
  world.sees_ds_ttl = sees_ds_ttl;
  world.add_key(true, static_cast<std::uint8_t>(policy.algorithm));
  world.run_until(start + days{40}, true);
  return world;
}

// What decides believes in waits of no length; the world is as it is.
std::string first_bogus(const std::function<void(Policy&)>& forget) {
  World world = own_zone(policy_with(hsm::Algorithm::ecdsap256sha256), 3, false);
  forget(world.policy());
  world.add_key(true, 13);
  world.run_until(start + days{70}, true);
  world.record(own_in_use(world, false).at(0), Kind::compromised);
  world.run_until(start + days{120}, true);
  for (const base::Time time : world.events()) {
    const std::string bogus = world.bogus(time);
    if (!bogus.empty()) return bogus;
  }
  return "";
}

void forget_ds(Policy& policy) {
  policy.parent.ds_ttl = policy.parent.propagation_delay = seconds{0};
  policy.keys.retire_safety = seconds{0};
  policy.keys.ksk.postpublish = seconds{0};
}

TEST(WaitLeftOut, NothingIsBogusWhenNoneIs) {
  EXPECT_EQ(first_bogus([](Policy&) {}), "");
}

TEST(WaitLeftOut, RemovingAZskBeforeItsSignaturesAreForgotten) {
  EXPECT_THAT(first_bogus([](Policy& policy) {
                policy.zone.max_zone_ttl = policy.keys.zsk.postpublish = seconds{0};
              }),
              HasSubstr("ZSK"));
}

TEST(WaitLeftOut, SubmittingADsBeforeTheDnskeyIsKnown) {
  EXPECT_THAT(first_bogus([](Policy& policy) {
                policy.signed_keys.dnskey_ttl = policy.keys.publish_safety = seconds{0};
                policy.zone.cache_ttl = policy.zone.zone_propagation_delay = seconds{0};
                policy.keys.ksk.prepublish = policy.keys.zsk.prepublish = seconds{0};
              }),
              HasSubstr("DS"));
}

TEST(WaitLeftOut, RemovingAKskWhoseDsIsRemembered) {
  EXPECT_THAT(first_bogus([](Policy& policy) { forget_ds(policy); }), HasSubstr("DS"));
}

// The highest TTL that was seen counts, not only the policy's.
TEST(WaitLeftOut, ParentsHigherTtlIsHeeded) {
  Policy real = policy_with(hsm::Algorithm::ecdsap256sha256);
  real.parent.ds_ttl = days{9};
  real.keys.ksk.postpublish = days{14};
  World world = own_zone(real, 5);
  forget_ds(world.policy());
  world.add_key(true, 13);
  world.run_until(start + days{120}, true);
  EXPECT_TRUE(world.done.contains("KSK roll"));
  for (const base::Time time : world.events()) EXPECT_EQ(world.bogus(time), "");
}

// --- the property: no sequence of allowed steps is bogus ---

constexpr Kind kinds[] = {Kind::published,    Kind::activated,    Kind::retired,    Kind::removed,
                          Kind::ds_submitted, Kind::ds_withdrawn, Kind::compromised};

Policy without_margins() {
  Policy policy = policy_with(hsm::Algorithm::ecdsap256sha256);
  policy.keys.publish_safety = policy.keys.retire_safety = seconds{0};
  policy.parent.propagation_delay = seconds{0};
  policy.keys.zsk.prepublish = policy.keys.zsk.postpublish = seconds{0};
  policy.keys.ksk.prepublish = policy.keys.ksk.postpublish = seconds{0};
  return policy;
}

struct Walk {
  World world;
  std::mt19937 random;
  int accepted = 0, refused_by_rule = 0;

  explicit Walk(std::uint32_t seed) : world(own_zone(without_margins(), seed)), random(seed) {}

  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  }
  KeySteps some_steps() {
    KeySteps steps;
    const std::size_t count = 1 + pick(3);
    for (std::size_t i = 0; i < count; ++i) {
      steps.push_back({pick(world.keys().size()), kinds[pick(std::size(kinds))]});
    }
    return steps;
  }
  void try_some() {
    const KeySteps steps = some_steps();
    const auto status = check_steps(world.policy(), world.keys(), steps, world.now());
    if (status) {
      world.carry_out(steps);
      ++accepted;
    } else if (status.error().message.starts_with("KEY-RULE")) {
      ++refused_by_rule;
    }
  }
  // Never more than a few keys that are not over, or a pick would seldom hit one.
  void supply() {
    int usable = 0;
    for (const ManagedKey& key : world.keys()) {
      usable += !key.has(Kind::activated) && !key.has(Kind::removed) && !key.has(Kind::compromised);
    }
    if (usable < 4) world.add_key(pick(2) == 0, pick(3) == 0 ? 8 : 13);
  }
  void go(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      supply();
      for (int i = 0; i < 30; ++i) try_some();
      world.run_until(world.now() + seconds{static_cast<int>(pick(60 * 3600))}, false);
    }
  }
};

TEST(RandomWalk, AllowedStepsAreNeverBogus) {
  int accepted = 0, refused = 0;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    Walk walk(seed);
    const base::Time begin = walk.world.now();
    walk.go(60);
    accepted += walk.accepted;
    refused += walk.refused_by_rule;
    for (const base::Time time : walk.world.events()) {
      ASSERT_EQ(walk.world.bogus(time), "") << "seed " << seed;
      ASSERT_TRUE(time < begin || walk.world.secure_only(time)) << "seed " << seed;
    }
  }
  RecordProperty("accepted", accepted);
  EXPECT_GT(accepted, 500);
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace tld::keys
