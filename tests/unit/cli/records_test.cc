// SPDX-License-Identifier: GPL-2.0-only
//
// audit, people, approve; and zone approve with signatures, as people call them.
#include <fmt/format.h>

#include <filesystem>

#include "keys/transcript.h"
#include "tests/unit/cli/records_fixture.h"

namespace tld::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::is_one_complaint;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using testing::RecordsTest;

TEST_F(RecordsTest, EachActHasItsTwoLines) {
  const std::string store = path("store");
  EXPECT_EQ(run({"store", "init", "--store", store}).exit_code, 0);
  EXPECT_EQ(run({"store", "init", "--store", store}).exit_code, 1);
  EXPECT_EQ(last_entry().at("level"), "warning");
  EXPECT_THAT(last_entry().at("detail").at("reason").get<std::string>(), Not(HasSubstr("\n")));
  EXPECT_EQ(run({"zone", "freeze", "--store", store, "--zone", "kz.", "--reason", "x"}).exit_code,
            1);
  EXPECT_EQ(run({"zone", "waiting", "--store", store, "--zone", "kz."}).exit_code, 1);
  EXPECT_THAT(entries(), ElementsAre("audit-init done", "store-init begun", "store-init done",
                                     "store-init begun", "store-init failed", "zone-freeze begun",
                                     "zone-freeze failed"));
}

TEST_F(RecordsTest, KeyIsNamedByItsDigest) {
  const std::string token = make_token("one");
  ASSERT_EQ(run({"key", "generate", "--token", token, "--algorithm", "ECDSAP256SHA256"}).exit_code,
            0);
  EXPECT_THAT(entries(), Contains("key-generate done"));
  EXPECT_EQ(last_entry().at("detail").at("dnskey-sha256").get<std::string>().size(), 64U);
}

// C 4.2.2: a key archive is carried by one person and a witness.
TEST_F(RecordsTest, KeysLeaveATokenWithApprovalsOnly) {
  const std::string token = make_token("one");
  const std::string so_pin = write("so.pin", "5678\n", 0600);
  const std::vector<std::string> wrapping = {"key", "wrapping-key", "generate", "--so-token",
                                             token_uri("one", so_pin)};
  ASSERT_EQ(run(wrapping).exit_code, 0);
  EXPECT_THAT(last_entry().at("detail").at("wrapping-key").get<std::string>(), Not(IsEmpty()));
  ASSERT_EQ(run({"key", "generate", "--token", token, "--algorithm", "ECDSAP256SHA256", "--zone",
                 "kz.", "--dnskey", path("zsk.dnskey"), "--wrappable"})
                .exit_code,
            0);
  ASSERT_EQ(adopt(write("people.yaml", six_people()), {"ann", "bob"}).exit_code, 0);
  std::vector<std::string> words = {
      "key", "export",   "--token",          token,      "--zone",
      "kz.", "--dnskey", path("zsk.dnskey"), "--output", path("zsk.wrapped")};
  EXPECT_THAT(run(words).err, HasSubstr("APPROVAL-"));
  EXPECT_EQ(entries().back(), "key-transfer refused");
  EXPECT_FALSE(exists("zsk.wrapped"));
  for (const char* name : {"bob", "wit"}) {
    words.insert(words.end(),
                 {"--approval", approve("key-transfer", path("zsk.dnskey"), name, "kz.")});
  }
  const Outcome exported = run(words);
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_TRUE(exists("zsk.wrapped"));
  EXPECT_EQ(entries().back(), "key-transfer done");
  EXPECT_NE(run(words).exit_code, 0);  // each approval serves once
}

// An act that cannot be put on record is not done.
TEST_F(RecordsTest, NothingIsDoneWithoutTheLog) {
  std::string text = read("log/audit-000001.jsonl");
  write("log/audit-000001.jsonl", text.substr(0, text.size() - 2));
  const Outcome refused = run({"store", "init", "--store", path("store")});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("AUDIT-"));
  EXPECT_FALSE(exists("store"));
  const Outcome nowhere = tldctl({"store", "init", "--store", path("store"), "--audit-log", "/x"});
  EXPECT_EQ(nowhere.exit_code, 3);
  EXPECT_TRUE(is_one_complaint(nowhere.err));
  EXPECT_FALSE(exists("store"));
}

TEST_F(RecordsTest, VerifyComparesWithHeadsKeptElsewhere) {
  const std::string early = read("log/head");
  const std::string segment = read("log/audit-000001.jsonl");
  run({"store", "init", "--store", path("store")});
  const auto verified = run({"audit", "verify", "--json"}).json();
  const std::string head = fmt::format("{}:{}", verified.at("sequence").get<int>(),
                                       verified.at("hash").get<std::string>());
  const std::string syslog = write("auth.log", "Nov 22 host tldctl[7]: " + read("log/head"));
  for (const std::string& kept : {head, syslog}) {
    EXPECT_EQ(run({"audit", "verify", "--head", kept}).exit_code, 0);
  }
  write("log/audit-000001.jsonl", segment);
  write("log/head", early);
  EXPECT_EQ(run({"audit", "verify"}).exit_code, 0);
  for (const std::string& kept : {head, syslog}) {
    const Outcome cut = run({"audit", "verify", "--head", kept});
    EXPECT_EQ(cut.exit_code, 1);
    EXPECT_THAT(cut.err, HasSubstr("AUDIT-CUT"));
  }
}

TEST_F(RecordsTest, ExportIsTheLogOctetForOctet) {
  ASSERT_EQ(run({"audit", "export", "--output", path("all.jsonl")}).exit_code, 0);
  EXPECT_EQ(read("all.jsonl"), read("log/audit-000001.jsonl"));
  std::filesystem::create_directory(path("archive"));
  const Outcome archived = run({"audit", "archive", "--to", path("archive")});
  EXPECT_THAT(archived.out, HasSubstr("nothing is old enough"));
  const Outcome discarded =
      run({"audit", "archive", "--to", path("archive"), "--discard", "audit-000001.jsonl"});
  EXPECT_EQ(discarded.exit_code, 1);
  EXPECT_TRUE(exists("log/audit-000001.jsonl"));
}

TEST_F(RecordsTest, PeopleAreAdoptedByQuorum) {
  const std::string one = write("people.yaml", six_people());
  EXPECT_EQ(run({"people", "check"}).exit_code, 1);
  EXPECT_EQ(run({"people", "check", one}).exit_code, 0);
  const Outcome alone = adopt(one, {"ann"});
  EXPECT_EQ(alone.exit_code, 1);
  EXPECT_THAT(alone.err, HasSubstr("APPROVAL-QUORUM"));
  EXPECT_FALSE(exists("log/people.yaml"));
  EXPECT_THAT(entries(), ElementsAre("audit-init done", "people-adopt refused"));
  ASSERT_EQ(adopt(one, {"ann", "bob"}).exit_code, 0);
  EXPECT_EQ(read("log/people.yaml"), read("people.yaml"));
  const std::string sha = run({"people", "check", "--json"}).json().at("sha256");
  const std::string two =
      write("two.yaml", fmt::format("version: 2\nprevious: {}\n{}", sha, six_people()));
  EXPECT_THAT(adopt(two, {"ann", "wit"}).err, HasSubstr("APPROVAL-QUORUM"));
  ASSERT_EQ(adopt(two, {"amy", "ben"}).exit_code, 0);
  write("log/people.yaml", six_people());
  EXPECT_THAT(run({"people", "check"}).err, HasSubstr("PEOPLE-NOT-ADOPTED"));
}

TEST_F(RecordsTest, TranscriptIsCheckedAndShown) {
  auto transcript =
      keys::Transcript::create(path("t"), {"kz.", "KSK ceremony 1", "", "root"}, base::Time{});
  ASSERT_TRUE(transcript);
  ASSERT_TRUE(transcript.value().end("done", base::Time{}));
  const std::string head = transcript.value().head().hash;
  const Outcome shown = run({"audit", "transcript", path("t"), "--head", head});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("KSK ceremony 1"));
  const Outcome other = run({"audit", "transcript", path("t"), "--head", std::string(64, 'a')});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("TRANSCRIPT-HEAD"));
}

TEST_F(RecordsTest, PinIsSplitAndPutTogether) {
  const std::string pin = write("ksk.pin", "1234\n", 0600);
  ASSERT_EQ(run({"pin", "split", "--pin-file", pin, "--prefix", path("ksk")}).exit_code, 0);
  for (const char* file : {"ksk.1", "ksk.5"}) {
    EXPECT_EQ(std::filesystem::status(path(file)).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  const auto combine = [this](const std::string& one, const std::string& other) {
    return run({"pin", "combine", path(one), path(other), "--verifier", path("ksk.verifier"),
                "--output", path("again.pin")});
  };
  EXPECT_THAT(combine("ksk.2", "ksk.2").err, HasSubstr("PIN-FEW"));
  std::string wrong = read("ksk.2");
  wrong[wrong.size() - 2] = wrong[wrong.size() - 2] == '0' ? '1' : '0';
  write("bad", wrong);
  EXPECT_THAT(combine("bad", "ksk.4").err, HasSubstr("PIN-VERIFIER"));
  EXPECT_FALSE(exists("again.pin"));
  ASSERT_EQ(combine("ksk.2", "ksk.4").exit_code, 0);
  EXPECT_EQ(read("again.pin"), "1234");
  EXPECT_EQ(std::filesystem::status(path("again.pin")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(entries(), Contains("pin-split done"));
  EXPECT_THAT(entries(), Contains("pin-combine failed"));
}

// --- what the brake holds ---

class HeldZone : public RecordsTest {
 protected:
  HeldZone() {
    make_store();
    write("kz.zone",
          "kz. 3600 IN SOA ns.kz. h.kz. 1 7200 3600 86400 3600\nkz. 3600 IN NS ns.kz.\n"
          "ns.kz. 3600 IN A 192.0.2.1\n");
    EXPECT_EQ(tldctl({"zone", "import", "--store", path("store"), "--zone", "kz.", path("kz.zone")})
                  .exit_code,
              0);
    shell(
        "sqlite3 ../store \"INSERT INTO hold (zone_id, reason, names, secure_delegations, "
        "apex_digest, since) VALUES ((SELECT id FROM zone), '130 names', 130, 4, '', "
        "'2026-01-01T00:00:00Z')\"");
  }
  std::vector<std::string> store_words(const std::string& command) const {
    return {"zone", command, "--store", path("store"), "--zone", "kz."};
  }
  std::string hold_file(const std::string& name) const {
    std::vector<std::string> words = store_words("waiting");
    words.insert(words.end(), {"--hold-file", path(name)});
    EXPECT_EQ(run(words).exit_code, 0);
    return path(name);
  }
  Outcome approve_hold(const std::vector<std::string>& files, const std::string& who = "") const {
    std::vector<std::string> words = store_words("approve");
    words.insert(words.end(), {"--hold", "1"});
    for (const std::string& file : files) words.insert(words.end(), {"--approval", file});
    if (!who.empty()) words.insert(words.end(), {"--person", who});
    return run(words);
  }
  std::vector<std::string> approved_by() const {
    std::vector<std::string> words = store_words("waiting");
    words.emplace_back("--json");
    return run(words).json().at("hold").at("approved-by").get<std::vector<std::string>>();
  }
  void expect_refused(const Outcome& outcome, const char* rule) const {
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(rule));
    EXPECT_THAT(approved_by(), ElementsAre());
  }
};

TEST_F(HeldZone, NamesCountWhereNobodyWasAdopted) {
  expect_refused(approve_hold({approve("zone-approve", hold_file("h"), "ann", "kz.")}),
                 "has adopted nobody");
  EXPECT_EQ(approve_hold({}, "ann").exit_code, 0);
  EXPECT_THAT(approved_by(), ElementsAre("ann"));
  EXPECT_THAT(entries(), Contains("zone-approve done"));
}

TEST_F(HeldZone, SignaturesCountWhereSomebodyWas) {
  ASSERT_EQ(adopt(write("people.yaml", six_people()), {"ann", "bob"}).exit_code, 0);
  const std::string held = hold_file("hold.txt");
  EXPECT_THAT(read("hold.txt"), HasSubstr("names: 130\nsecure-delegations: 4\n"));
  const std::string ann = approve("zone-approve", held, "ann", "kz.");
  const std::string bob = approve("zone-approve", held, "bob", "kz.");
  expect_refused(approve_hold({}, "ann"), "has adopted people");
  expect_refused(approve_hold({ann}), "APPROVAL-QUORUM");
  expect_refused(approve_hold({ann, ann}), "APPROVAL-TWICE");
  expect_refused(approve_hold({ann, approve("zone-approve", held, "amy", "kz.")}), "APPROVAL-ROLE");
  const std::string other = write("other.txt", read("hold.txt") + "more\n");
  expect_refused(approve_hold({ann, approve("zone-approve", other, "bob", "kz.")}),
                 "APPROVAL-OTHER-OBJECT");
  EXPECT_EQ(approve_hold({ann, bob, approve("zone-approve", held, "wit", "kz.")}).exit_code, 0);
  EXPECT_THAT(approved_by(), ElementsAre("ann", "bob")) << "an observer does not decide";
  EXPECT_EQ(last_entry().at("approvals").size(), 3U);
  shell("sqlite3 ../store 'DELETE FROM hold_approval'");
  expect_refused(approve_hold({ann, bob}), "APPROVAL-REPLAYED");
}

// --- the report ---

TEST_F(RecordsTest, ReportSaysWhatTheLogShows) {
  run({"store", "init", "--store", path("store")});
  const std::string table =
      write("t.yaml",
            "policy: A <policy>\nsections:\n"
            "  - {section: '1', requires: a & b, met-by: c, evidence: "
            "[store-init, people-adopt]}\n"
            "  - {section: '2', requires: d, met-by: e, evidence: [ceremony]}\n"
            "  - {section: '3', requires: f, met-by: g}\n");
  const Outcome text = run({"audit", "report", "--sections", table, "--html", path("report.html")});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("last:   3 "));
  EXPECT_THAT(text.out, HasSubstr("store-init done: " + path("store")));
  EXPECT_THAT(text.out, HasSubstr("no event yet (ceremony)"));
  EXPECT_THAT(text.out, HasSubstr("not in the log"));
  const std::string page = read("report.html");
  EXPECT_THAT(page, HasSubstr("<h2>A &lt;policy&gt;</h2>"));
  EXPECT_THAT(page, HasSubstr("<td>a &amp; b</td>"));
  EXPECT_THAT(page, HasSubstr("class=\"none\""));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
  const auto json = run({"audit", "report", "--sections", table, "--json"}).json();
  EXPECT_EQ(json.at("policies").at(0).at("sections").at(0).at("last").at("sequence"), 3);
}

TEST_F(RecordsTest, BothPoliciesTablesAreRead) {
  const Outcome report =
      run({"audit", "report", "--sections", TLD_SOURCE_DIR "/docs/policies/kz.sections.yaml",
           "--sections", TLD_SOURCE_DIR "/docs/policies/centralnic.sections.yaml", "--json"});
  ASSERT_EQ(report.exit_code, 0) << report.err;
  EXPECT_EQ(report.json().at("policies").size(), 2U);
  const Outcome wrong = run({"audit", "report", "--sections", write("t.yaml", "policy: x\n")});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("t.yaml:1: sections"));
}

}  // namespace
}  // namespace tld::cli
