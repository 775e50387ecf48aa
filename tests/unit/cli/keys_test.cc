// SPDX-License-Identifier: GPL-2.0-only
//
// keys add, record, next, plan.
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using testing::is_one_complaint;
using testing::Outcome;

class KeysTest : public testing::TldctlTest {
 protected:
  KeysTest() {
    make_key(token_, "zsk");
    make_key(token_, "ksk");
    zsk_ = add("zsk.dnskey", "20260101000000");
    ksk_ = add("ksk.dnskey", "20260101000000");
  }

  std::vector<std::string> command(const char* name, std::vector<std::string> more) const {
    std::vector<std::string> all = {"keys", name, "--zone", "kz.", "--register", path("kz.keys")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string add(const char* file, const char* time) const {
    const Outcome added =
        tldctl(command("add", {"--dnskey", path(file), "--time", time, "--json"}));
    EXPECT_EQ(added.exit_code, 0) << added.err;
    return added.json().at("key");
  }
  Outcome record(const std::string& time, const std::vector<std::string>& events) const {
    std::vector<std::string> more = {"--time", time};
    for (const std::string& event : events) more.insert(more.end(), {"--event", event});
    return tldctl(command("record", more));
  }
  // The zone in service from 2026-01-08 on.
  void take_into_service() const {
    const auto done = [this](const char* time, const std::vector<std::string>& events) {
      const Outcome outcome = record(time, events);
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    };
    done("20260101000000",
         {zsk_ + "=published", zsk_ + "=activated", ksk_ + "=published", ksk_ + "=activated"});
    done("20260102000000", {zsk_ + "=signed-all"});
    done("20260105000000", {ksk_ + "=ds-submitted"});
    done("20260108000000", {ksk_ + "=ds-seen"});
  }

  const std::string token_ = make_token("keys");
  std::string zsk_, ksk_;
};

TEST_F(KeysTest, RegisterIsBegunAndOnlyAddedTo) {
  const std::string before = read("kz.keys");
  EXPECT_THAT(before,
              ::testing::StartsWith("{\"register\":\"pdns-tld keys 1\",\"zone\":\"kz.\"}\n"));
  take_into_service();
  EXPECT_THAT(read("kz.keys"), ::testing::StartsWith(before));
  const Outcome again = tldctl(command("add", {"--dnskey", path("zsk.dnskey")}));
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(again.err));
  EXPECT_THAT(again.err, HasSubstr("REGISTER-KEY"));
}

TEST_F(KeysTest, WhatWouldBeBogusIsNotRecorded) {
  take_into_service();
  const std::string before = read("kz.keys");
  const Outcome wrong = record("20260201000000", {zsk_.substr(0, 12) + "=retired"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(wrong.err));
  EXPECT_THAT(wrong.err, HasSubstr("KEY-RULE-RRSIG"));
  EXPECT_THAT(record("20260201000000", {ksk_ + "=ds-withdrawn"}).err, HasSubstr("KEY-PREPUBLISH"));
  EXPECT_THAT(record("20260201000000", {zsk_ + "=burnt"}).err, HasSubstr("known event"));
  EXPECT_THAT(record("20260201000000", {"00=retired"}).err, HasSubstr("8 or more"));
  EXPECT_THAT(record("20260201000000", {"00000000=retired"}).err, HasSubstr("0 keys"));
  EXPECT_EQ(read("kz.keys"), before);
}

// Catches: an event that acts at once although its time has not come.
TEST_F(KeysTest, WhatHasNotHappenedIsNotEntered) {
  const std::string before = read("kz.keys");
  const Outcome early = record("20980101000000", {zsk_ + "=published"});
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(early.err));
  EXPECT_THAT(early.err, HasSubstr("has not happened yet"));
  make_key(token_, "zsk");
  const Outcome added =
      tldctl(command("add", {"--dnskey", path("zsk.dnskey"), "--time", "20980101000000"}));
  EXPECT_EQ(added.exit_code, 1);
  EXPECT_THAT(added.err, HasSubstr("has not happened yet"));
  EXPECT_EQ(read("kz.keys"), before);
}

TEST_F(KeysTest, NextSaysWhatAndWhen) {
  take_into_service();
  make_key(token_, "zsk");
  add("zsk.dnskey", "20260109000000");
  const Outcome next = tldctl(command("next", {"--time", "20260110000000", "--json"}));
  ASSERT_EQ(next.exit_code, 0) << next.err;
  const auto steps = next.json().at("next");
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].at("what"), "spare ZSK");
  EXPECT_EQ(steps[0].at("time"), "20260110000000");
  EXPECT_THAT(tldctl(command("next", {"--time", "20260110000000"})).out, HasSubstr("published"));
}

TEST_F(KeysTest, DsShowsWhatToAskOfTheParent) {
  ASSERT_EQ(record("20260101000000", {zsk_ + "=published", zsk_ + "=activated", ksk_ + "=published",
                                      ksk_ + "=activated"})
                .exit_code,
            0);
  ASSERT_EQ(record("20260102000000", {zsk_ + "=signed-all"}).exit_code, 0);
  const auto shown = [this](const char* time) {
    const Outcome outcome = tldctl(command("ds", {"--time", time, "--json"}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json();
  };
  const auto before = shown("20260105000000");
  ASSERT_EQ(before.at("keys").size(), 1U) << "ZSKs have no DS";
  EXPECT_EQ(before.at("keys")[0].at("state"), "not submitted");
  EXPECT_EQ(before.at("keys")[0].at("wanted_now"), false);
  EXPECT_EQ(before.at("keys")[0].at("wanted_next"), true);
  EXPECT_EQ(before.at("next").at("submit")[0], ksk_);
  const Outcome text = tldctl(command("ds", {"--time", "20260105000000"}));
  const std::string record_line = before.at("keys")[0].at("ds")[0].at("record");
  EXPECT_THAT(record_line, HasSubstr("kz. 86400 IN DS "));
  EXPECT_THAT(text.out, HasSubstr("    Digest type  2\n"));
  EXPECT_THAT(text.out, HasSubstr("    " + record_line + "\n"));
  EXPECT_THAT(text.out, HasSubstr("  submit    KSK "));
  ASSERT_EQ(record("20260105000000", {ksk_ + "=ds-submitted"}).exit_code, 0);
  const auto after = shown("20260106000000");
  EXPECT_EQ(after.at("keys")[0].at("state"), "submitted, not seen yet");
  EXPECT_EQ(after.at("keys")[0].at("wanted_now"), true);
  EXPECT_TRUE(after.at("next").is_null());
}

TEST_F(KeysTest, NewKeysAreHeldAgainstTheRegister) {
  const std::vector<std::string> generate = {"key",         "generate",        "--token", token_,
                                             "--algorithm", "ECDSAP256SHA256", "--zone",  "kz.",
                                             "--register",  path("kz.keys"),   "--json"};
  const Outcome made = tldctl(generate);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_GE(made.json().at("destroyed").get<int>(), 0);
  auto nowhere = generate;
  nowhere[9] = path("no.keys");
  EXPECT_EQ(tldctl(nowhere).exit_code, 1);
  EXPECT_EQ(tldctl({"key", "list", "--token", token_, "--json"}).json().at("keys").size(), 3U);
}

TEST_F(KeysTest, LookAtParentIsNotDoneWithWrongInputs) {
  const auto look = [this](std::vector<std::string> more) {
    more.insert(more.end(), {"--trust-anchor", path("anchor"), "--parent-server", "127.0.0.1:1"});
    return tldctl(command("look-at-parent", more));
  };
  EXPECT_THAT(look({}).err, HasSubstr("anchor"));
  write("anchor", "no anchor at all\n");
  EXPECT_EQ(look({}).exit_code, 1);
  EXPECT_THAT(look({"--parent", "com."}).err, HasSubstr("kz. is not below com."));
  EXPECT_EQ(look({"--timeout", "PT0S"}).exit_code, 2);
  EXPECT_EQ(look({"--timeout", "PT1H"}).exit_code, 2);
}

TEST_F(KeysTest, PlanIsDrawnAsTextAndAsAPage) {
  take_into_service();
  const Outcome plan = tldctl(
      command("plan", {"--from", "20260110000000", "--days", "100", "--page", path("plan.html")}));
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("ZSK roll: ZSK to be made, 1 activated; ZSK"));
  EXPECT_THAT(read("plan.html"), HasSubstr("<svg"));
  const Outcome json = tldctl(command("plan", {"--from", "20260110000000", "--json"}));
  EXPECT_GT(json.json().at("events").size(), 24U);
  const Outcome early = tldctl(command("plan", {"--from", "20260107000000"}));
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_THAT(early.err, HasSubstr("ds-seen"));
  EXPECT_EQ(tldctl({"keys", "plan", "--zone", "kg.", "--register", path("kz.keys")}).exit_code, 1);
  EXPECT_EQ(tldctl(command("plan", {"--days", "0"})).exit_code, 2);
}

}  // namespace
}  // namespace tld::cli
