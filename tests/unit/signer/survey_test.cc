// SPDX-License-Identifier: GPL-2.0-only
#include "signer/survey.h"

#include <algorithm>

#include "tests/unit/signer/signer_fixture.h"
#include "zones/update.h"

namespace tld::signer {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr seconds cache_ttl{20};

class SurveyTest : public SignerTest {
 protected:
  // Signatures that nobody verifies here: only their times matter.
  static void put(const SignedZone& zone, std::size_t key, zones::Slot slot, base::Time expiration,
                  base::Time inception = base::Time{seconds{1'700'000'000}}) {
    const auto stamp = [](base::Time t) {
      return static_cast<std::uint32_t>(t.time_since_epoch().count());
    };
    zone.table(key).put(slot, {stamp(inception), stamp(expiration)}, std::string(64, 'x'));
  }
  static void put_all(const SignedZone& zone, std::size_t key, base::Time expiration) {
    zone.zone().for_each_slot([&](zones::Slot slot) { put(zone, key, slot, expiration); });
  }
  static zones::Slot slot_of(const SignedZone& zone, dns::RRType type) {
    zones::Slot found = zones::no_slot;
    zone.zone().for_each_slot([&](zones::Slot slot) {
      if (zone.zone().signable(slot).type == type) found = slot;
    });
    return found;
  }

  static std::vector<std::size_t> signatures(const Survey& seen) {
    std::vector<std::size_t> out;
    for (const Survey::MadeBy& by : seen.keys) out.push_back(by.signatures);
    return out;
  }

  const base::Time now = clock->now();
};

TEST_F(SurveyTest, NothingIsSigned) {
  const auto zone = signed_zone();
  const Survey seen = survey(*zone, now, cache_ttl);
  EXPECT_EQ(seen.rrsets, zone->zone().signature_count());
  EXPECT_EQ(seen.unservable, seen.rrsets);
  EXPECT_EQ(signatures(seen), std::vector<std::size_t>{0});
  EXPECT_FALSE(seen.earliest_expiration);
  EXPECT_EQ(seen.safe_until, now);
}

// Catches: a time until which all is well although one RRset fails earlier.
TEST_F(SurveyTest, TheFirstToExpireCounts) {
  const auto zone = signed_zone();
  put_all(*zone, 0, now + hours{240});
  put(*zone, 0, slot_of(*zone, dns::RRType::DS), now + hours{48});
  const Survey seen = survey(*zone, now, cache_ttl);
  EXPECT_EQ(seen.unservable, 0u);
  EXPECT_EQ(signatures(seen), std::vector<std::size_t>{seen.rrsets});
  EXPECT_EQ(seen.earliest_expiration, now + hours{48});
  EXPECT_EQ(seen.safe_until, now + hours{48} - seconds{3600} - cache_ttl);  // the DS's TTL
}

// Catches: the TTL left out, so that an RRset with a long one is SERVFAIL before its time.
TEST_F(SurveyTest, EachRRsetHasItsOwnTtl) {
  const auto zone = signed_zone();
  put_all(*zone, 0, now + hours{48});
  put(*zone, 0, slot_of(*zone, dns::RRType::NSEC3), now + hours{48} - seconds{1000});
  const Survey seen = survey(*zone, now, cache_ttl);
  EXPECT_EQ(seen.earliest_expiration, now + hours{48} - seconds{1000});
  EXPECT_EQ(zone->zone().nsec3_ttl(), 1800u);
  EXPECT_EQ(seen.safe_until, now + hours{48} - seconds{3600} - cache_ttl);
}

// The survey and what answers ask of a signature must agree to the second.
TEST_F(SurveyTest, UnservableFromTheVerySecond) {
  const auto zone = signed_zone();
  put_all(*zone, 0, now + hours{240});
  put(*zone, 0, slot_of(*zone, dns::RRType::DS), now + hours{48});
  const base::Time until = survey(*zone, now, cache_ttl).safe_until;
  const Survey before = survey(*zone, until - seconds{1}, cache_ttl);
  EXPECT_EQ(before.unservable, 0u);
  EXPECT_EQ(before.safe_until, until);
  const Survey then = survey(*zone, until, cache_ttl);
  EXPECT_EQ(then.unservable, 1u);
  EXPECT_EQ(then.safe_until, until);
  EXPECT_EQ(then.earliest_expiration, now + hours{240});  // the other one is not served any more
}

TEST_F(SurveyTest, OneIsMissing) {
  const auto zone = signed_zone();
  bool first = true;
  zone->zone().for_each_slot([&](zones::Slot slot) {
    if (!first) put(*zone, 0, slot, now + hours{240});
    first = false;
  });
  const Survey seen = survey(*zone, now, cache_ttl);
  EXPECT_EQ(seen.unservable, 1u);
  EXPECT_EQ(seen.safe_until, now);
}

TEST_F(SurveyTest, NotYetValidIsNotServable) {
  const auto zone = signed_zone();
  put_all(*zone, 0, now + hours{240});
  put(*zone, 0, slot_of(*zone, dns::RRType::SOA), now + hours{240}, now + seconds{1});
  EXPECT_EQ(survey(*zone, now, cache_ttl).unservable, 1u);
}

// Catches: a leaving key's signatures counted for nothing, or a warming one's for something.
TEST_F(SurveyTest, LeavingKeysStandInAndWarmingOnesDoNot) {
  const auto other = make_key(hsm::Algorithm::ecdsap256sha256);
  const auto plain = signed_zone();
  for (const KeyUse use : {KeyUse::leaving, KeyUse::warming}) {
    const auto zone = SignedZone::with_keys(*plain, {{key, KeyUse::signing}, {other, use}});
    put_all(*zone, 1, now + hours{72});
    const Survey seen = survey(*zone, now, cache_ttl);
    EXPECT_EQ(signatures(seen), (std::vector<std::size_t>{0, seen.rrsets}));
    EXPECT_EQ(seen.unservable, use == KeyUse::leaving ? 0 : seen.rrsets) << to_string(use);
  }
}

// A signature of its own is taken first; when it runs out, the leaving key's goes on.
TEST_F(SurveyTest, SafeAsLongAsAnySignatureLasts) {
  const auto other = make_key(hsm::Algorithm::ecdsap256sha256);
  const auto plain = signed_zone();
  const auto zone =
      SignedZone::with_keys(*plain, {{key, KeyUse::signing}, {other, KeyUse::leaving}});
  put_all(*zone, 0, now + hours{48});
  put_all(*zone, 1, now + hours{72});
  const Survey seen = survey(*zone, now, cache_ttl);
  EXPECT_EQ(seen.earliest_expiration, now + hours{48});
  EXPECT_EQ(seen.safe_until, now + hours{72} - seconds{3600} - cache_ttl);
}

TEST_F(SurveyTest, EveryAlgorithmMustHaveSigned) {
  const auto rsa = make_key(hsm::Algorithm::rsasha256);
  const auto plain = signed_zone();
  const auto zone = SignedZone::with_keys(*plain, {{key}, {rsa}});
  put_all(*zone, 0, now + hours{240});
  EXPECT_EQ(survey(*zone, now, cache_ttl).unservable, plain->zone().signature_count());
}

TEST_F(SurveyTest, NoKeySigns) {
  const auto plain = signed_zone();
  put_all(*plain, 0, now + hours{240});
  const auto zone = SignedZone::with_keys(*plain, {{key, KeyUse::leaving}});
  const Survey seen = survey(*zone, now, cache_ttl);
  EXPECT_EQ(seen.unservable, seen.rrsets);
  EXPECT_EQ(seen.safe_until, now);
}

// Catches: an old signature of a name that is gone taken for the first to expire.
TEST_F(SurveyTest, WhatIsGoneFromTheZoneDoesNotCount) {
  const auto before = signed_zone();
  put_all(*before, 0, now + hours{240});
  put(*before, 0, slot_of(*before, dns::RRType::DS), now + hours{2});
  const std::vector<zones::NameData> gone{{dns::Name::from_text("secure.example.").value(), {}}};
  const auto update = zones::update(before->zone_pointer(), gone, {.serial = 2});
  ASSERT_TRUE(update) << update.error().message;
  const auto after = SignedZone::next(*before, update.value().zone);
  after->zone().for_each_slot([&](zones::Slot slot) { put(*after, 0, slot, now + hours{240}); });
  const Survey seen = survey(*after, now, cache_ttl);
  EXPECT_EQ(seen.serial, 2u);
  EXPECT_EQ(seen.unservable, 0u);
  EXPECT_EQ(signatures(seen), std::vector<std::size_t>{seen.rrsets});
  EXPECT_EQ(seen.earliest_expiration, now + hours{240});
}

}  // namespace
}  // namespace tld::signer
