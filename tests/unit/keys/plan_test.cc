// SPDX-License-Identifier: GPL-2.0-only
#include "keys/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "keys/time_text.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = KeyEventKind;

const base::Time now = time_from_text("20260101000000").value();

ManagedKey key(int number, bool ksk, std::vector<KeyEvent> events, std::uint8_t algorithm = 13) {
  ManagedKey made;
  made.dnskey.flags = ksk ? 257 : 256;
  made.dnskey.algorithm = algorithm;
  made.dnskey.public_key = std::string(64, static_cast<char>(number));
  made.events = {{Kind::generated, now - days{100}, {}}};
  made.events.insert(made.events.end(), events.begin(), events.end());
  return made;
}

// In service, with one spare and nothing else.
PlanInput input_of(int length = 730) {
  const base::Time then = now - days{90};
  PlanInput input;
  input.apex = dns::Name::from_text("kz.").value();
  input.now = now;
  input.until = now + days{length};
  input.keys = {key(1, false,
                    {{Kind::published, then},
                     {Kind::activated, now - days{10}},
                     {Kind::signed_all, now - days{9}}}),
                key(2, true,
                    {{Kind::published, then},
                     {Kind::activated, then},
                     {Kind::ds_submitted, then + days{10}},
                     {Kind::ds_seen, then + days{12}, days{1}}}),
                key(3, false, {{Kind::published, now - days{20}}})};
  return input;
}

auto what(const char* text) {
  return Contains(Field(&PlanEvent::what, HasSubstr(text)));
}

std::size_t count(const std::vector<PlanEvent>& events, const char* start) {
  return static_cast<std::size_t>(std::ranges::count_if(
      events, [start](const PlanEvent& event) { return event.what.starts_with(start); }));
}

TEST(Plan, RollsAZskEveryThirtyDays) {
  const Plan plan = make_plan(input_of());
  EXPECT_EQ(count(plan.events, "ZSK roll"), 24U);  // first after 20 days, last after 710
  const auto first = std::ranges::find_if(
      plan.events, [](const PlanEvent& event) { return event.what.starts_with("ZSK roll"); });
  EXPECT_EQ(first->time, now + days{20});
  EXPECT_THAT(plan.warnings, what("PLAN-KEY: ZSK to be made, 1"));
  EXPECT_THAT(plan.warnings, Not(what("PLAN-WAITS")));
  EXPECT_TRUE(std::ranges::is_sorted(plan.events, {}, &PlanEvent::time));
}

TEST(Plan, StatesHaveNoGapsAndEndWithThePlan) {
  const Plan plan = make_plan(input_of());
  for (const PlannedKey& each : plan.keys) {
    ASSERT_FALSE(each.states.empty());
    EXPECT_EQ(each.states.front().from, now);
    EXPECT_EQ(each.states.back().until, plan.until);
    for (std::size_t i = 1; i < each.states.size(); ++i) {
      EXPECT_EQ(each.states[i].from, each.states[i - 1].until);
      EXPECT_NE(each.states[i].state, each.states[i - 1].state);
    }
  }
}

TEST(Plan, WarnsOfTheEndOfSignedKeys) {
  PlanInput input = input_of();
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-COVERAGE")));
  input.covered_until = now + days{100};
  EXPECT_THAT(make_plan(input).warnings,
              Contains(AllOf(Field(&PlanEvent::time, now + days{100}),
                             Field(&PlanEvent::what, StartsWith("PLAN-COVERAGE")))));
  input.covered_until = input.until;
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-COVERAGE")));
}

TEST(Plan, WarnsOfTtlsAboveThePolicys) {
  PlanInput input = input_of(10);
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-TTL")));
  input.signed_dnskey_ttl = hours{2};
  input.keys[1].events.back().ds_ttl = days{2};
  EXPECT_EQ(count(make_plan(input).warnings, "PLAN-TTL"), 2U);
}

// Catches: a register that was begun without the parent's DS, by which no KSK step is ever refused.
TEST(Plan, WarnsOfARegisterWithoutDs) {
  PlanInput input = input_of(10);
  const std::vector<KeyEvent> whole = input.keys[1].events;
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-DS")));
  input.keys[1].events.resize(3);
  EXPECT_THAT(make_plan(input).warnings, what("PLAN-DS"));
  input.keys[1].foreign = true;
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-DS"))) << "moving in";
  input.keys[1].foreign = false;
  input.keys.push_back(key(4, true, {}));
  input.keys.back().events = whole;
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-DS"))) << "another KSK's is known";
}

TEST(Plan, WarnsWhenTheTokenIsTooSlow) {
  PlanInput input = input_of(25);
  input.policy.signatures.count = 216000;  // 10 a second within sign-delay, 0.1 for refreshing
  input.policy.signatures.rate = 12;
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-LOAD")));
  EXPECT_THAT(make_plan(input).events, what("token: 216000 signatures within PT6H, 12 a second"));
  input.policy.signatures.rate = 11;
  EXPECT_THAT(make_plan(input).warnings, what("PLAN-LOAD: "));
}

TEST(Plan, EmergencyAndItsLateness) {
  PlanInput input = input_of(30);
  input.policy.keys.on_compromise = OnCompromise::retire_now;
  input.keys[0].events.push_back({Kind::compromised, now, {}});
  EXPECT_EQ(make_plan(input).events.at(0).what.substr(0, 18), "spare ZSK: ZSK to ");
  EXPECT_THAT(make_plan(input).events, what("emergency ZSK roll"));
  EXPECT_THAT(make_plan(input).warnings, Not(what("PLAN-LATE")));
  input.policy.keys.zsk.emergency_postpublish = hours{1};
  EXPECT_THAT(make_plan(input).warnings, what("PLAN-LATE: old ZSK"));
}

TEST(Plan, SaysWhatWillNotHappenByItself) {
  PlanInput input = input_of(30);
  input.policy.keys.backup_required = true;
  EXPECT_THAT(make_plan(input).warnings, what("PLAN-WAITS: ZSK roll"));
  EXPECT_THAT(make_plan(input).warnings, what("KEY-BACKUP"));
  PlanInput move = input_of(30);
  move.keys[0].foreign = true;
  EXPECT_THAT(make_plan(move).warnings, what("PLAN-WAITS: another operator's key"));
  EXPECT_THAT(make_plan(move).events, ::testing::IsEmpty());
}

TEST(Plan, KskLifetimeAndAlgorithmRoll) {
  PlanInput input = input_of();
  input.policy.keys.ksk.lifetime = days{365};
  EXPECT_GE(count(make_plan(input).events, "KSK roll"), 3U);
  PlanInput other = input_of(120);
  for (ManagedKey& each : other.keys) each.dnskey.algorithm = 8;
  const Plan plan = make_plan(other);
  EXPECT_EQ(count(plan.events, "algorithm roll"), 5U);
  EXPECT_THAT(plan.events, what("KSK to be made, 1 ds-submitted; KSK"));
}

// A lifetime of a second would go on for ever.
TEST(Plan, IsCutOff) {
  PlanInput input = input_of();
  input.policy.keys.zsk = {seconds{60}, seconds{0}, seconds{0}, days{2}};
  input.most_made = 20;
  EXPECT_THAT(make_plan(input).warnings, what("PLAN-LENGTH"));
}

TEST(PlanDrawing, TextHasABarForEachKeyAndNamesEvents) {
  const std::string text = plan_text(make_plan(input_of(60)));
  EXPECT_THAT(text, HasSubstr("Keys of kz. from 2026-01-01 00:00 to 2026-03-02 00:00"));
  EXPECT_THAT(text,
              HasSubstr(" |" + std::string(20, '#') + std::string(8, '-')));  // 20 days, 7 more
  EXPECT_THAT(text, HasSubstr("2026-01-21 00:00  ZSK roll: ZSK"));
  EXPECT_THAT(text, HasSubstr("PLAN-KEY"));
}

TEST(PlanDrawing, PageIsSelfContainedAndWellFormed) {
  Plan plan = make_plan(input_of(60));
  plan.events.push_back({now, "<script>&\""});
  const std::string page = plan_page(plan);
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;&amp;&quot;"));
  for (const char* outside : {"<script", "src=", "href=", "url(", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
  for (const char* state : {"RUMOURED", "OMNIPRESENT", "UNRETENTIVE"}) {
    EXPECT_THAT(page, HasSubstr(std::string(state) + " from "));
  }
  EXPECT_EQ(std::ranges::count(page, '<'), std::ranges::count(page, '>'));
}

}  // namespace
}  // namespace tld::keys
