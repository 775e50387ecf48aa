// SPDX-License-Identifier: GPL-2.0-only
#include "keys/key_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "keys/time_text.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = KeyEventKind;

const base::Time start = time_from_text("20260101000000").value();

ManagedKey key(int number, bool ksk = false, std::uint8_t algorithm = 13) {
  ManagedKey made;
  made.dnskey.flags = ksk ? 257 : 256;
  made.dnskey.algorithm = algorithm;
  made.dnskey.public_key = std::string(64, static_cast<char>(number));
  made.events = {{Kind::generated, start - days{100}, {}}};
  return made;
}

void happened(ManagedKey& to, Kind kind, base::Time when) {
  to.events.push_back({kind, when, {}});
}

// The first is active since `start`, the second its published spare, the others unused.
Keys zone_of(int zsks) {
  Keys keys;
  for (int i = 0; i < zsks; ++i) keys.push_back(key(i + 1));
  happened(keys[0], Kind::published, start - days{20});
  happened(keys[0], Kind::activated, start);
  happened(keys[1], Kind::published, start - days{10});
  keys.push_back(key(99, true));
  return keys;
}

std::vector<KeyBundle> bundles(const Policy& policy, const Keys& keys, base::Time from,
                               int length) {
  auto made = schedule(policy, keys, from, from + days{length});
  EXPECT_TRUE(made) << made.error().message;
  return made ? made.value() : std::vector<KeyBundle>();
}

// The numbers of the keys of each slot.
std::vector<std::vector<int>> numbers(const std::vector<KeyBundle>& all) {
  std::vector<std::vector<int>> out;
  for (const KeyBundle& bundle : all) {
    out.emplace_back();
    for (const dns::Dnskey& each : bundle.dnskeys) out.back().push_back(each.public_key[0]);
  }
  return out;
}

// Active from day 0, 30, 60; the next one listed 7 days before that, the old one 7 days after.
TEST(KeySchedule, ListsEachKeyNearItsUse) {
  const auto all = bundles(Policy{}, zone_of(5), start, 90);
  EXPECT_THAT(numbers(all),
              ElementsAre(ElementsAre(1, 2), ElementsAre(1, 2), ElementsAre(1, 2, 3),
                          ElementsAre(1, 2, 3), ElementsAre(2, 3), ElementsAre(2, 3, 4),
                          ElementsAre(2, 3, 4), ElementsAre(3, 4), ElementsAre(3, 4, 5)));
  EXPECT_EQ(all[0].start, start);
  EXPECT_EQ(all[8].start, start + days{80});
}

TEST(KeySchedule, SaysHowManyKeysAreMissing) {
  const auto few = schedule(Policy{}, zone_of(3), start, start + days{90});
  ASSERT_FALSE(few);
  EXPECT_THAT(few.error().message,
              HasSubstr("SCHEDULE-KEYS: 2 more unused ZSKs of ECDSAP256SHA256"));
  EXPECT_TRUE(schedule(Policy{}, zone_of(5), start, start + days{90}));
  const auto none = schedule(Policy{}, {key(1, true)}, start, start + days{90});
  EXPECT_THAT(none.error().message, HasSubstr("SCHEDULE-KEYS: 1 more"));
}

// Catches: a key in future DNSKEY RRsets that is gone with its token. What is published stays.
TEST(KeySchedule, KeysWithoutProvedBackupAreNotListed) {
  Policy careful;
  careful.keys.backup_required = true;
  Keys keys = zone_of(5);
  const auto refused = schedule(careful, keys, start, start + days{90});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("SCHEDULE-KEYS: 3 more"));
  EXPECT_THAT(refused.error().message, HasSubstr("KEY-BACKUP: ZSK"));
  EXPECT_THAT(refused.error().message, HasSubstr("tldctl key prove-backup"));
  happened(keys[3], Kind::backup_proved, start);
  EXPECT_THAT(numbers(bundles(careful, keys, start, 40)),
              ElementsAre(ElementsAre(1, 2), ElementsAre(1, 2), ElementsAre(1, 2, 4),
                          ElementsAre(1, 2, 4)));
}

TEST(KeySchedule, RemovedForeignAndRetiredKeys) {
  Keys keys = zone_of(5);
  keys.push_back(key(50));
  keys.back().foreign = true;
  keys.push_back(key(51, true));
  keys.back().foreign = true;
  keys.push_back(key(60));  // was before the first
  happened(keys.back(), Kind::published, start - days{60});
  happened(keys.back(), Kind::activated, start - days{30});
  happened(keys.back(), Kind::retired, start);
  auto first = numbers(bundles(Policy{}, keys, start, 20));
  EXPECT_THAT(first, ElementsAre(ElementsAre(1, 2, 50, 60), ElementsAre(1, 2, 50)));
  happened(keys.back(), Kind::signatures_gone, start);
  happened(keys[6], Kind::removed, start);
  first = numbers(bundles(Policy{}, keys, start + days{7}, 10));
  EXPECT_THAT(first, ElementsAre(ElementsAre(1, 2)));
}

// A hold beyond the plan: what still has signatures out there stays.
TEST(KeySchedule, RetiredKeyStaysWhileItsSignaturesAreServed) {
  Keys keys = zone_of(5);
  keys.push_back(key(60));
  happened(keys.back(), Kind::published, start - days{90});
  happened(keys.back(), Kind::activated, start - days{80});
  happened(keys.back(), Kind::retired, start - days{40});
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 10)), ElementsAre(ElementsAre(1, 2, 60)));
  happened(keys.back(), Kind::signatures_gone, start - days{2});
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 10)), ElementsAre(ElementsAre(1, 2)));
}

TEST(KeySchedule, CompromisedKeysGoAsEarlyAsTheyCan) {
  Keys keys = zone_of(6);
  happened(keys[0], Kind::compromised, start + days{1});
  // 2 takes over at once, 1 goes after its signatures; 3 is the spare.
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start + days{1}, 20)),
              ElementsAre(ElementsAre(1, 2, 3), ElementsAre(2, 3)));
  Keys retired = zone_of(6);  // 1 goes when its signatures are forgotten, not 7 days after
  happened(retired[1], Kind::activated, start + days{1});
  happened(retired[0], Kind::retired, start + days{1});
  happened(retired[0], Kind::signatures_gone, start + days{1});
  EXPECT_THAT(numbers(bundles(Policy{}, retired, start + days{3}, 10)),
              ElementsAre(ElementsAre(1, 2, 3)));
  happened(retired[0], Kind::compromised, start + days{1});
  EXPECT_THAT(numbers(bundles(Policy{}, retired, start + days{3}, 10)),
              ElementsAre(ElementsAre(2, 3)));
  Keys spare = zone_of(6);
  happened(spare[1], Kind::compromised, start + days{1});
  EXPECT_THAT(numbers(bundles(Policy{}, spare, start + days{1}, 10)),
              ElementsAre(ElementsAre(1, 3)));
}

// RFC 6781 §4.1.4: the new algorithm's DNSKEYs come after its signatures.
TEST(KeySchedule, NewAlgorithmWaitsForItsSignatures) {
  Keys keys = {key(1, false, 8), key(2), key(3)};
  happened(keys[0], Kind::published, start - days{50});
  happened(keys[0], Kind::activated, start - days{40});
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 20)),
              ElementsAre(ElementsAre(1), ElementsAre(1)));
  happened(keys[1], Kind::activated, start);
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 20)),
              ElementsAre(ElementsAre(1), ElementsAre(1, 2, 3)));
  Policy slow;
  slow.signatures.sign_delay = days{9};
  keys.push_back(key(4));
  EXPECT_THAT(numbers(bundles(slow, keys, start, 30)),
              ElementsAre(ElementsAre(1), ElementsAre(1), ElementsAre(1, 2, 3)));
}

// ... and the old one's stay until no DS of it is remembered.
TEST(KeySchedule, OldAlgorithmGoesAfterItsDs) {
  Keys keys = {key(1, false, 8), key(2), key(3), key(4, true, 8), key(5, true), key(6)};
  for (const std::size_t i : {0, 1, 3, 4}) {
    happened(keys[i], Kind::published, start - days{24});
    happened(keys[i], Kind::activated, start - days{25});
  }
  happened(keys[1], Kind::signed_all, start - days{25});
  happened(keys[3], Kind::ds_submitted, start - days{25});
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 10)), ElementsAre(ElementsAre(1, 2, 3)));
  happened(keys[4], Kind::ds_submitted, start - days{20});
  happened(keys[3], Kind::ds_withdrawn, start - days{20});
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 10)), ElementsAre(ElementsAre(1, 2, 3)));
  happened(keys[4], Kind::ds_seen, start - days{15});
  happened(keys[3], Kind::ds_gone, start - days{15});
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 10)), ElementsAre(ElementsAre(2, 3)));
}

// ... and no ZSK of either rolls meanwhile, so none may be missing from a slot of the quarter: what
// is active and its spare are in all, though their lifetime is a third of it.
TEST(KeySchedule, NoZskIsPlannedToRollInAnAlgorithmRoll) {
  Keys keys = {key(1, false, 8), key(2), key(3), key(4)};
  happened(keys[0], Kind::published, start - days{50});
  happened(keys[0], Kind::activated, start - days{40});
  happened(keys[1], Kind::activated, start - days{3});
  happened(keys[1], Kind::signed_all, start - days{3});
  EXPECT_THAT(numbers(bundles(Policy{}, keys, start, 90)),
              AllOf(SizeIs(9), Each(ElementsAre(1, 2, 3))));
  keys.resize(2);
  const auto without_spare = schedule(Policy{}, keys, start, start + days{90});
  ASSERT_FALSE(without_spare);
  EXPECT_THAT(without_spare.error().message, HasSubstr("SCHEDULE-KEYS: 1 more"));
}

TEST(KeySchedule, FirstZskOfAZone) {
  EXPECT_THAT(numbers(bundles(Policy{}, {key(1), key(2), key(3)}, start, 10)),
              ElementsAre(ElementsAre(1, 2)));
  EXPECT_THAT(numbers(bundles(Policy{}, {key(1), key(2)}, start, 0)), IsEmpty());
}

}  // namespace
}  // namespace tld::keys
