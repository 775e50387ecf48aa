// SPDX-License-Identifier: GPL-2.0-only
//
// keys record of what people have seen at the parent: on their word, and that of how many.
#include "tests/unit/cli/records_fixture.h"

namespace tld::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using testing::RecordsTest;

struct ParentsDs : RecordsTest {
  ParentsDs() {
    const std::string token = make_token("one");
    for (const char* role : {"zsk", "ksk"}) {
      make_key(token, role);
      const Outcome added = keys("add", "20260101000000",
                                 {"--dnskey", path(std::string(role) + ".dnskey"), "--json"});
      EXPECT_EQ(added.exit_code, 0) << added.err;
      (role == std::string("ksk") ? ksk : zsk) = added.json().at("key");
    }
    const auto done = [this](const char* time, const std::vector<std::string>& events) {
      const Outcome recorded = record(time, events);
      EXPECT_EQ(recorded.exit_code, 0) << recorded.err;
    };
    done("20260101000000",
         {zsk + "=published", zsk + "=activated", ksk + "=published", ksk + "=activated"});
    done("20260102000000", {zsk + "=signed-all"});
    done("20260105000000", {ksk + "=ds-submitted"});
  }
  Outcome keys(const char* name, const char* time, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"keys",          name,     "--zone", "kz.", "--register",
                                      path("kz.keys"), "--time", time};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Outcome record(const char* time, const std::vector<std::string>& events,
                 std::vector<std::string> more = {}) const {
    for (const std::string& event : events) more.insert(more.end(), {"--event", event});
    return keys("record", time, more);
  }
  // ds-seen of the KSK with that TTL.
  Outcome seen(const char* time, const char* ttl, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--ds-ttl", ttl});
    return record(time, {ksk + "=ds-seen"}, more);
  }
  void expect_refused(const Outcome& outcome, const char* rule) const {
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(rule));
    EXPECT_THAT(read("kz.keys"), Not(HasSubstr("ds-seen")));
  }
  std::string zsk, ksk;
};

TEST_F(ParentsDs, OneWordIsEnoughWhereNobodyWasAdopted) {
  expect_refused(seen("20260108000000", "3600", {"--approval", write("a", "x\n")}),
                 "has adopted nobody");
  EXPECT_EQ(seen("20260108000000", "3600").exit_code, 0);
  EXPECT_THAT(read("kz.keys"), HasSubstr("\"ds-ttl\":3600"));
}

TEST_F(ParentsDs, TwoHaveSeenItWhereSomebodyWas) {
  ASSERT_EQ(adopt(write("people.yaml", six_people()), {"ann", "bob"}).exit_code, 0);
  expect_refused(seen("20260108000000", "3600"), "APPROVAL-QUORUM");
  EXPECT_EQ(entries().back(), "ds-attestation refused");
  const std::string statement = path("statement");
  EXPECT_THAT(seen("20260108000000", "0", {"--statement-file", statement}).err,
              HasSubstr("--ds-ttl"));
  EXPECT_FALSE(exists("statement"));
  const Outcome shown = seen("20260108000000", "3600", {"--statement-file", statement});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  expect_refused(seen("20260108000000", "3600"), "APPROVAL-");
  EXPECT_EQ(read("statement"),
            "tld-ds-attestation 1\nzone: kz.\nday: 2026-01-08\nat: all servers of the parent\n"
            "ds-seen: " +
                ksk + " ttl 3600\n");
  const std::string ann = approve("ds-attestation", statement, "ann", "kz.");
  const std::string amy = approve("ds-attestation", statement, "amy", "kz.");
  const std::string bob = approve("ds-attestation", statement, "bob", "kz.");
  expect_refused(seen("20260108000000", "3600", {"--approval", ann}), "APPROVAL-QUORUM");
  expect_refused(seen("20260108000000", "3600", {"--approval", ann, amy}), "APPROVAL-ROLE");
  expect_refused(seen("20260108000000", "7200", {"--approval", ann, bob}), "APPROVAL-OTHER-OBJECT");
  expect_refused(seen("20260109000000", "3600", {"--approval", ann, bob}), "APPROVAL-OTHER-OBJECT");
  const Outcome recorded = seen("20260108235959", "3600", {"--approval", ann, bob});
  EXPECT_EQ(recorded.exit_code, 0) << recorded.err;
  EXPECT_EQ(entries().back(), "ds-attestation done");
  EXPECT_EQ(last_entry().at("approvals").size(), 2U);
  EXPECT_THAT(last_entry().at("detail").at("statement").get<std::string>(),
              HasSubstr("day: 2026-01-08; at: all servers of the parent; ds-seen: " + ksk));
  const std::string once = read("kz.keys");
  EXPECT_THAT(seen("20260108235959", "3600", {"--approval", ann, bob}).err,
              HasSubstr("APPROVAL-REPLAYED"));
  EXPECT_EQ(read("kz.keys"), once);
}

// Catches: keys that come into the register, and events of theirs, without a line in the audit log.
TEST_F(ParentsDs, WhatIsEnteredIsOnRecord) {
  EXPECT_THAT(entries(), ElementsAre("audit-init done", "keys-add begun", "keys-add done",
                                     "keys-add begun", "keys-add done", "keys-record begun",
                                     "keys-record done", "keys-record begun", "keys-record done",
                                     "keys-record begun", "keys-record done"));
  EXPECT_EQ(last_entry().at("detail").at("events"), ksk + "=ds-submitted");
  EXPECT_EQ(last_entry().at("detail").at("time"), "20260105000000");
  EXPECT_EQ(record("20260108000000", {zsk + "=activated"}).exit_code, 1);
  EXPECT_EQ(entries().back(), "keys-record refused");
}

TEST_F(ParentsDs, OnlyWhatIsAttestedNeedsPeople) {
  ASSERT_EQ(adopt(write("people.yaml", six_people()), {"ann", "bob"}).exit_code, 0);
  EXPECT_EQ(record("20260108000000", {ksk + "=ds-ttl-seen"}, {"--ds-ttl", "7200"}).exit_code, 0);
  EXPECT_EQ(record("20260108000000", {ksk + "=compromised"}).exit_code, 0);
  EXPECT_THAT(record("20260108000000", {zsk + "=retired"}, {"--statement-file", path("s")}).err,
              Not(IsEmpty()));
  EXPECT_FALSE(exists("s"));
}

}  // namespace
}  // namespace tld::cli
