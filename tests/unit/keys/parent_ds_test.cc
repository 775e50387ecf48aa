// SPDX-License-Identifier: GPL-2.0-only
#include "keys/parent_ds.h"

#include "keys/key_register.h"
#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::first_start;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_key;
using testing::name;
using Kind = KeyEventKind;

constexpr std::size_t zsk = 0, old_ksk = 1, new_ksk = 2, foreign = 3;

// In a KSK roll: the new DS was submitted and the old one withdrawn, nothing has been seen of it.
struct Roll {
  dns::Name apex = name("kz.");
  Keys keys;

  Roll() {
    const base::Time then = first_start() - std::chrono::days{90};
    for (const bool ksk : {false, true, true, true}) {
      const auto key = make_key();
      keys.push_back({ksk ? key.ksk() : key.zsk(), false, "", {{Kind::generated, then}}});
    }
    keys[foreign].foreign = true;
    for (const Kind kind : {Kind::published, Kind::activated}) {
      for (const std::size_t key : {zsk, old_ksk, new_ksk}) happened(key, kind);
    }
    happened(old_ksk, Kind::ds_submitted);
    happened(old_ksk, Kind::ds_seen, hours{1});
    happened(new_ksk, Kind::ds_submitted);
    happened(old_ksk, Kind::ds_withdrawn);
  }
  void happened(std::size_t key, Kind kind, seconds ttl = {}) {
    keys[key].events.push_back({kind, first_start() - hours{1}, ttl});
  }
  std::string ds(std::size_t key, std::uint8_t digest_type = dns::digest_sha256) const {
    return dns::make_ds(apex, keys[key].dnskey, digest_type).value().wire();
  }
  ParentAnswer answer(const char* server, std::set<std::string> ds, seconds ttl = hours{1}) const {
    return {server, "", std::move(ds), ttl};
  }
  ParentVerdict judge(const std::vector<ParentAnswer>& answers) const {
    return judge_parent(apex, keys, answers);
  }
};

TEST(ParentDs, WhatAllServersShowHasHappened) {
  const Roll roll;
  const auto verdict =
      roll.judge({roll.answer("a", {roll.ds(new_ksk)}), roll.answer("b", {roll.ds(new_ksk)})});
  EXPECT_THAT(verdict.faults, IsEmpty());
  EXPECT_THAT(verdict.events, ElementsAre(KeyStep{old_ksk, Kind::ds_gone},
                                          KeyStep{new_ksk, Kind::ds_seen, hours{1}}));
  EXPECT_THAT(verdict.ttls, IsEmpty());
}

TEST(ParentDs, OneThatLagsBehindHoldsAllBack) {
  const Roll roll;
  const auto verdict =
      roll.judge({roll.answer("a", {roll.ds(new_ksk)}), roll.answer("b", {roll.ds(old_ksk)})});
  EXPECT_THAT(verdict.faults,
              ElementsAre(HasSubstr("PARENT-KEEPS-DS: b: "), HasSubstr("PARENT-LACKS-DS: b: ")));
  EXPECT_THAT(verdict.events, IsEmpty());
}

TEST(ParentDs, OneThatDoesNotAnswerHoldsAllBack) {
  const Roll roll;
  const auto verdict =
      roll.judge({roll.answer("a", {roll.ds(new_ksk)}), {"b", "no answer in time", {}, {}}});
  EXPECT_THAT(verdict.faults, ElementsAre("PARENT-NO-ANSWER: b: no answer in time"));
  EXPECT_THAT(verdict.events, IsEmpty());
}

// A forged answer's set must not count for the agreement, whatever it is.
TEST(ParentDs, WhatDidNotValidateSaysNothing) {
  const Roll roll;
  const auto verdict = roll.judge({{"a", "BOGUS", {roll.ds(new_ksk)}, hours{48}}});
  EXPECT_THAT(verdict.events, IsEmpty());
  EXPECT_THAT(verdict.ttls, IsEmpty());
}

TEST(ParentDs, NobodyAskedIsNobodyWhoAgrees) {
  EXPECT_THAT(Roll().judge({}).faults, ElementsAre(HasSubstr("PARENT-NO-SERVERS")));
  EXPECT_THAT(Roll().judge({}).events, IsEmpty());
}

TEST(ParentDs, WhatAllHaveAlreadyHappensThoughTheOldOneStays) {
  const Roll roll;
  const auto both = roll.answer("a", {roll.ds(old_ksk), roll.ds(new_ksk)});
  const auto verdict = roll.judge({both});
  EXPECT_THAT(verdict.faults, ElementsAre(HasSubstr("PARENT-KEEPS-DS")));
  EXPECT_THAT(verdict.events, ElementsAre(KeyStep{new_ksk, Kind::ds_seen, hours{1}}));
}

TEST(ParentDs, DsThatNobodySubmittedHoldsAllBack) {
  Roll roll;
  for (const std::string& stranger :
       {roll.ds(foreign), dns::Ds{1, 13, 2, std::string(32, 'x')}.wire(), roll.ds(zsk)}) {
    const auto verdict = roll.judge({roll.answer("a", {roll.ds(new_ksk), stranger})});
    EXPECT_THAT(verdict.faults, ElementsAre(HasSubstr("PARENT-UNEXPECTED-DS: a: ")));
    EXPECT_THAT(verdict.events, IsEmpty());
  }
  roll.happened(old_ksk, Kind::ds_gone);  // and is back
  EXPECT_THAT(roll.judge({roll.answer("a", {roll.ds(new_ksk), roll.ds(old_ksk)})}).faults,
              ElementsAre(HasSubstr("PARENT-UNEXPECTED-DS")));
  roll.happened(foreign, Kind::ds_submitted);
  EXPECT_THAT(roll.judge({roll.answer("a", {roll.ds(new_ksk), roll.ds(foreign)})}).faults,
              IsEmpty());
}

// Nobody should rely on a SHA-1 digest; but its DS is there.
TEST(ParentDs, Sha1AloneIsNoDsAndIsNotGoneEither) {
  const Roll roll;
  const auto verdict = roll.judge(
      {roll.answer("a", {roll.ds(new_ksk, dns::digest_sha1), roll.ds(old_ksk, dns::digest_sha1)})});
  EXPECT_THAT(verdict.faults,
              ElementsAre(HasSubstr("PARENT-KEEPS-DS"), HasSubstr("PARENT-LACKS-DS")));
  EXPECT_THAT(verdict.events, IsEmpty());
}

TEST(ParentDs, NoDsAtAllIsNotWhatIsWanted) {
  const auto verdict = Roll().judge({Roll().answer("a", {})});
  EXPECT_THAT(verdict.faults, ElementsAre(HasSubstr("PARENT-LACKS-DS")));
}

// Caches may have it for so long, however few servers showed it.
TEST(ParentDs, HighestTtlCountsFromTheFirstLook) {
  const Roll roll;
  const auto verdict = roll.judge({roll.answer("a", {roll.ds(new_ksk)}, hours{2}),
                                   roll.answer("b", {roll.ds(old_ksk)}, hours{48}),
                                   {"c", "no answer in time", {}, {}}});
  EXPECT_THAT(verdict.ttls, ElementsAre(KeyStep{old_ksk, Kind::ds_ttl_seen, hours{48}},
                                        KeyStep{new_ksk, Kind::ds_ttl_seen, hours{2}}));
  Roll later;
  later.keys = with_steps(later.keys, verdict.ttls, first_start());
  EXPECT_EQ(later.keys[old_ksk].highest_ds_ttl(), hours{48});
  EXPECT_THAT(later.judge({later.answer("b", {later.ds(old_ksk)}, hours{48})}).ttls, IsEmpty());
}

TEST(ParentDs, TtlThatWasSeenStandsInTheRegister) {
  KeyRegister keys{name("kz.")};
  const base::Time now = first_start();
  ASSERT_TRUE(keys.add_key(make_key().ksk(), false, "\x01", now));
  EXPECT_FALSE(keys.add_event({0, Kind::ds_ttl_seen, hours{1}}, now)) << "before it was submitted";
  ASSERT_TRUE(keys.add_event({0, Kind::ds_submitted}, now));
  for (const seconds ttl : {hours{48}, hours{1}}) {
    ASSERT_TRUE(keys.add_event({0, Kind::ds_ttl_seen, ttl}, now));
  }
  EXPECT_THAT(keys.text(), HasSubstr("\"event\":\"ds-ttl-seen\""));
  EXPECT_THAT(keys.text(), HasSubstr("\"ds-ttl\":172800"));
  const auto again = KeyRegister::parse(keys.text(), name("kz."));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again.value().keys()[0].highest_ds_ttl(), hours{48});
}

TEST(ParentDs, NextRequestIsWhatThePolicyWants) {
  Roll roll;
  roll.keys.resize(2);
  roll.keys[old_ksk].events.resize(3);  // no DS yet
  const auto request = next_ds_request(Policy{}, roll.keys, first_start());
  ASSERT_TRUE(request);
  EXPECT_THAT(request->submit, ElementsAre(old_ksk));
  EXPECT_THAT(request->withdraw, IsEmpty());
  roll.keys.resize(1);
  EXPECT_FALSE(next_ds_request(Policy{}, roll.keys, first_start()));
}

TEST(ParentDs, AttestationSaysEachFactOnce) {
  const Roll roll;
  const KeySteps steps = {{new_ksk, Kind::ds_seen, hours{1}}, {old_ksk, Kind::ds_gone}};
  const std::string text = ds_attestation(roll.apex, roll.keys, steps, first_start());
  EXPECT_THAT(text, HasSubstr("tld-ds-attestation 1\nzone: kz.\nday: 2026-01-01\n"));
  EXPECT_THAT(text, HasSubstr(" ttl 3600\nds-gone: "));
  KeySteps other = steps;
  other[0].ds_ttl = hours{2};
  EXPECT_NE(ds_attestation(roll.apex, roll.keys, other, first_start()), text);
  EXPECT_NE(ds_attestation(roll.apex, roll.keys, steps, first_start() + hours{24}), text);
  EXPECT_EQ(ds_attestation(roll.apex, roll.keys, {{old_ksk, Kind::retired}}, first_start()), "");
}

}  // namespace
}  // namespace tld::keys
