// SPDX-License-Identifier: GPL-2.0-only
//
// The states of a ZSK and a KSK along their lives, and each refusal of a step.
#include "keys/key_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "keys/key_states.h"
#include "keys/key_timing.h"
#include "keys/next_steps.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Kind = KeyEventKind;
using enum RecordState;

const base::Time start = time_from_text("20260101000000").value();
constexpr seconds known = hours{1} + minutes{5} + seconds{20} + hours{1};     // DNSKEYs
constexpr seconds forgotten = days{1} + minutes{5} + seconds{20} + hours{1};  // signatures
constexpr seconds ds_forgotten = days{1} + hours{1} + hours{1};

ManagedKey key(int number, bool ksk, std::vector<std::pair<Kind, base::Time>> events) {
  ManagedKey made;
  made.dnskey.flags = ksk ? 257 : 256;
  made.dnskey.algorithm = 13;
  made.dnskey.public_key = std::string(64, static_cast<char>(number));
  made.events = {{Kind::generated, start - days{100}, {}}};
  for (const auto& [kind, time] : events) made.events.push_back({kind, time, {}});
  return made;
}

constexpr std::size_t zsk = 0, ksk = 1, spare = 2, next_ksk = 3;

// A zone in service since long ago, with a spare ZSK and an unused KSK.
Keys in_service() {
  const base::Time then = start - days{90};
  return {
      key(1, false, {{Kind::published, then}, {Kind::activated, then}, {Kind::signed_all, then}}),
      key(2, true,
          {{Kind::published, then},
           {Kind::activated, then},
           {Kind::ds_submitted, then + days{10}},
           {Kind::ds_seen, then + days{12}}}),
      key(3, false, {{Kind::published, start}}), key(4, true, {})};
}

std::string refusal(const Keys& keys, const KeySteps& steps, base::Time now,
                    const Policy& policy = {}) {
  const auto status = check_steps(policy, keys, steps, now);
  return status ? "" : status.error().message;
}

KeyState state(const Keys& keys, std::size_t place, base::Time now) {
  return key_states(Policy{}, keys, now).at(place);
}

TEST(KeyStates, OfAZskAlongItsLife) {
  Keys keys = in_service();
  EXPECT_EQ(state(keys, spare, start - seconds{1}), KeyState{});
  EXPECT_EQ(state(keys, spare, start), (KeyState{rumoured, hidden, hidden, hidden}));
  EXPECT_EQ(state(keys, spare, start + known - seconds{1}).dnskey, rumoured);
  EXPECT_EQ(state(keys, spare, start + known).dnskey, omnipresent);
  const base::Time roll = start + days{7};
  keys = with_steps(keys, {{spare, Kind::activated}, {zsk, Kind::retired}}, roll);
  EXPECT_EQ(state(keys, spare, roll), (KeyState{omnipresent, rumoured, hidden, hidden}));
  EXPECT_EQ(state(keys, zsk, roll + days{30}),
            (KeyState{omnipresent, unretentive, hidden, hidden}));
  const base::Time gone = roll + hours{6};
  keys = with_steps(keys, {{zsk, Kind::signatures_gone}}, gone);
  EXPECT_EQ(state(keys, zsk, gone + forgotten - seconds{1}).zrrsig, unretentive);
  EXPECT_EQ(state(keys, zsk, gone + forgotten), (KeyState{omnipresent, hidden, hidden, hidden}));
  EXPECT_EQ(state(keys, spare, gone + forgotten).zrrsig, omnipresent);
  keys = with_steps(keys, {{zsk, Kind::removed}}, roll + days{7});
  EXPECT_EQ(state(keys, zsk, roll + days{7}).dnskey, unretentive);
  EXPECT_EQ(state(keys, zsk, roll + days{7} + known), KeyState{});
}

TEST(KeyStates, OfAKskAlongItsLife) {
  Keys keys = in_service();
  EXPECT_EQ(state(keys, ksk, start), (KeyState{omnipresent, hidden, omnipresent, omnipresent}));
  keys = with_steps(keys, {{next_ksk, Kind::published}, {next_ksk, Kind::activated}}, start);
  EXPECT_EQ(state(keys, next_ksk, start), (KeyState{rumoured, hidden, rumoured, hidden}));
  const base::Time change = start + days{14};
  keys = with_steps(keys, {{next_ksk, Kind::ds_submitted}, {ksk, Kind::ds_withdrawn}}, change);
  EXPECT_EQ(state(keys, next_ksk, change), (KeyState{omnipresent, hidden, omnipresent, rumoured}));
  EXPECT_EQ(state(keys, ksk, change + days{9}).ds, unretentive);  // nobody has looked at the parent
  // Beside the new one the old one may be there still.
  keys = with_steps(keys, {{next_ksk, Kind::ds_seen}}, change + days{1});
  EXPECT_EQ(state(keys, ksk, change + days{9}).ds, unretentive);
  keys = with_steps(keys, {{ksk, Kind::ds_gone}}, change + days{2});
  EXPECT_EQ(state(keys, ksk, change + days{2} + ds_forgotten - seconds{1}).ds, unretentive);
  EXPECT_EQ(state(keys, ksk, change + days{2} + ds_forgotten).ds, hidden);
}

TEST(KeySteps, ZskRollWaitsAsLongAsItMust) {
  Keys keys = in_service();
  const KeySteps roll = {{spare, Kind::activated}, {zsk, Kind::retired}};
  EXPECT_THAT(refusal(keys, roll, start + days{7} - seconds{1}), HasSubstr("KEY-PREPUBLISH"));
  EXPECT_EQ(refusal(keys, roll, start + days{7}), "");
  EXPECT_EQ(earliest({}, keys, roll, start).value(), start + days{7});
  // Without the policy's wait the model's own stays.
  Policy hasty;
  hasty.keys.zsk.prepublish = hasty.keys.zsk.postpublish = seconds{0};
  EXPECT_THAT(refusal(keys, roll, start + known - seconds{1}, hasty), HasSubstr("KEY-RULE-RRSIG"));
  EXPECT_EQ(earliest(hasty, keys, roll, start).value(), start + known);
  keys = with_steps(keys, roll, start + days{7});
  const KeySteps removal = {{zsk, Kind::removed}};
  const auto never = earliest(hasty, keys, removal, start + days{7});
  ASSERT_FALSE(never);  // before the signer has said that it is done
  EXPECT_THAT(never.error().message, HasSubstr("KEY-RULE-RRSIG"));
  keys = with_steps(keys, {{zsk, Kind::signatures_gone}}, start + days{8});
  EXPECT_EQ(earliest(hasty, keys, removal, start + days{8}).value(), start + days{8} + forgotten);
  EXPECT_EQ(earliest({}, keys, removal, start + days{8}).value(), start + days{14});
  EXPECT_THAT(refusal(keys, removal, start + days{14} - seconds{1}), HasSubstr("KEY-POSTPUBLISH"));
}

// Retiring alone would leave nothing that signs; the spare alone is another matter.
TEST(KeySteps, RulesAreNamedAndSayWhy) {
  const Keys keys = in_service();
  const base::Time now = start + days{8};
  EXPECT_THAT(refusal(keys, {{zsk, Kind::retired}}, now), HasSubstr("KEY-RULE-RRSIG"));
  EXPECT_THAT(refusal(keys, {{zsk, Kind::removed}}, now), HasSubstr("KEY-RULE-RRSIG"));
  EXPECT_EQ(refusal(keys, {{spare, Kind::removed}}, now), "");
  Keys two = with_steps(keys, {{next_ksk, Kind::published}, {next_ksk, Kind::activated}}, start);
  EXPECT_THAT(refusal(two, {{ksk, Kind::ds_withdrawn}}, start + days{14}),
              HasSubstr("KEY-RULE-DS"));
  Policy hasty;
  hasty.keys.ksk.prepublish = seconds{0};
  const KeySteps change = {{next_ksk, Kind::ds_submitted}, {ksk, Kind::ds_withdrawn}};
  EXPECT_THAT(refusal(two, change, start + known - seconds{1}, hasty),
              HasSubstr("KEY-RULE-DNSKEY"));
  EXPECT_EQ(refusal(two, change, start + known, hasty), "");
  EXPECT_THAT(refusal(two, change, start + days{14} - seconds{1}), HasSubstr("KEY-PREPUBLISH"));
  EXPECT_EQ(refusal(two, change, start + days{14}), "");
}

// .nz 2023: the old KSK was gone while its DS was remembered.
TEST(KeySteps, OldKskStaysWhileItsDsIsRemembered) {
  Keys keys =
      with_steps(in_service(), {{next_ksk, Kind::published}, {next_ksk, Kind::activated}}, start);
  const base::Time change = start + days{14};
  keys = with_steps(keys, {{next_ksk, Kind::ds_submitted}, {ksk, Kind::ds_withdrawn}}, change);
  const KeySteps leave = {{ksk, Kind::retired}, {ksk, Kind::removed}};
  EXPECT_THAT(refusal(keys, leave, change + days{13}), HasSubstr("KEY-POSTPUBLISH"));
  EXPECT_THAT(refusal(keys, leave, change + days{300}), HasSubstr("KEY-RULE-DNSKEY"));
  keys.at(next_ksk).events.push_back(
      {Kind::ds_seen, change + days{2}, days{20}});  // TTL of 20 days
  EXPECT_THAT(refusal(keys, leave, change + days{300}), HasSubstr("KEY-RULE-DNSKEY"));
  keys = with_steps(keys, {{ksk, Kind::ds_gone}}, change + days{2});
  EXPECT_EQ(earliest({}, keys, leave, change + days{2}).value(),
            change + days{2} + days{20} + hours{2});
}

TEST(KeySteps, OrderAndUseAreChecked) {
  Keys keys = in_service();
  const base::Time now = start + days{40};
  EXPECT_THAT(refusal(keys, {{zsk, Kind::published}}, now), HasSubstr("KEY-ORDER"));
  EXPECT_THAT(refusal(keys, {{spare, Kind::signed_all}}, now), HasSubstr("KEY-ORDER"));
  EXPECT_THAT(refusal(keys, {{zsk, Kind::ds_submitted}}, now), HasSubstr("for KSKs"));
  EXPECT_THAT(refusal(keys, {{spare, Kind::activated}}, start - days{1}), HasSubstr("KEY-ORDER"));
  EXPECT_THAT(refusal(keys, {{ksk, Kind::generated}}, now), HasSubstr("KEY-ORDER"));
  const KeySteps use = {{spare, Kind::activated}};
  Keys compromised = with_steps(keys, {{spare, Kind::compromised}}, now);
  EXPECT_THAT(refusal(compromised, use, now), HasSubstr("KEY-COMPROMISED"));
  Policy careful;
  careful.keys.backup_required = true;
  EXPECT_THAT(refusal(keys, use, now, careful), HasSubstr("KEY-BACKUP"));
  EXPECT_THAT(refusal(keys, {{next_ksk, Kind::published}}, now, careful), HasSubstr("KEY-BACKUP"));
  EXPECT_EQ(refusal(keys, {{next_ksk, Kind::published}}, now), "");
  keys = with_steps(keys, {{spare, Kind::backup_proved}}, now);
  EXPECT_EQ(refusal(keys, use, now, careful), "");
  keys = with_steps(keys, {{spare, Kind::removed}}, now);
  EXPECT_THAT(refusal(keys, use, now), HasSubstr("KEY-RETIRED"));
  keys.at(next_ksk).foreign = true;
  EXPECT_THAT(refusal(keys, {{next_ksk, Kind::backup_proved}}, now), HasSubstr("KEY-FOREIGN"));
}

TEST(KeySteps, CompromisedZskIsReplacedAtOnceAsThePolicySays) {
  const base::Time now = start + days{2};  // the spare is known, its prepublish has not passed
  const Keys keys = with_steps(in_service(), {{zsk, Kind::compromised}}, now);
  Policy policy;
  const auto replace = next_steps(policy, keys, now);
  ASSERT_FALSE(replace.empty());
  EXPECT_EQ(replace[0].what, "emergency ZSK roll");
  EXPECT_EQ(replace[0].time, now);
  EXPECT_EQ(replace[0].steps, (KeySteps{{spare, Kind::activated}}));
  policy.keys.on_compromise = OnCompromise::retire_now;
  EXPECT_EQ(next_steps(policy, keys, now)[0].steps,
            (KeySteps{{spare, Kind::activated}, {zsk, Kind::retired}}));
  const Keys rolled = with_steps(
      keys, {{spare, Kind::activated}, {zsk, Kind::retired}, {zsk, Kind::signatures_gone}}, now);
  const auto after = next_steps(policy, rolled, now);
  const auto removal = std::ranges::find(after, "old ZSK", &Proposal::what);
  ASSERT_NE(removal, after.end());
  EXPECT_EQ(removal->time, now + forgotten);
  EXPECT_EQ(removal->latest, now + minutes{5} + seconds{20} + days{2});
}

// One of two ZSKs that sign together makes the signatures: who has the DNSKEY RRset from before it
// was published finds them bogus, though the other one is in it.
TEST(KeySteps, AZskSignsBesideAnotherOnlyWhenItIsKnown) {
  const base::Time now = start + minutes{1};
  Keys keys = with_steps(in_service(), {{zsk, Kind::compromised}}, now);
  const KeySteps beside = {{spare, Kind::activated}};
  EXPECT_THAT(refusal(keys, beside, now), HasSubstr("KEY-RULE-RRSIG"));
  EXPECT_EQ(earliest({}, keys, beside, now).value(), start + known);
  EXPECT_EQ(next_steps({}, keys, now)[0].time, start + known);
  keys = with_steps(keys, beside, start + known);
  // While both sign, or may have, neither goes.
  EXPECT_THAT(refusal(keys, {{zsk, Kind::removed}}, start + days{9}), HasSubstr("KEY-RULE-RRSIG"));
  keys = with_steps(keys, {{spare, Kind::signed_all}, {zsk, Kind::retired}}, start + days{10});
  keys = with_steps(keys, {{zsk, Kind::signatures_gone}}, start + days{10});
  EXPECT_EQ(earliest({}, keys, {{zsk, Kind::removed}}, start + days{10}).value(),
            start + days{10} + forgotten);
}

// Signatures of an algorithm that the DNSKEY RRset does not have need no key in it.
TEST(KeySteps, AZskOfANewAlgorithmSignsBeforeItIsPublished) {
  Keys keys = in_service();
  keys.push_back(key(5, false, {}));
  keys.back().dnskey.algorithm = 8;
  EXPECT_EQ(refusal(keys, {{4, Kind::activated}}, start), "");
}

TEST(KeyTimes, AreThoseOfRfc7583) {
  const Keys keys =
      with_steps(in_service(), {{spare, Kind::activated}, {zsk, Kind::retired}}, start + days{7});
  const KeyTimes old = key_times({}, keys[zsk]), next = key_times({}, keys[spare]);
  EXPECT_EQ(next.ready, start + known);
  EXPECT_EQ(next.active, start + days{7});
  EXPECT_EQ(next.retired, start + days{37});
  EXPECT_EQ(old.dead, start + days{7} + hours{6} + forgotten);
  EXPECT_EQ(old.removed, start + days{14});
  EXPECT_EQ(key_times({}, keys[ksk]).retired, std::nullopt);
  EXPECT_EQ(key_times({}, keys[ksk]).ds_known, start - days{78} + ds_forgotten);
  EXPECT_EQ(key_times({}, keys[next_ksk]).published, std::nullopt);
}

}  // namespace
}  // namespace tld::keys
