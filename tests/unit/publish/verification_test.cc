// SPDX-License-Identifier: GPL-2.0-only
//
// Versions judged by programs. Real validators judge in tests/system/test_verification.py; here the
// programs are shell scripts that refuse what a test wants refused.
#include <fstream>
#include <sstream>

#include "publish/continuous_verification.h"
#include "publish/verifiers.h"
#include "publish/zone_verifier.h"
#include "tests/unit/publish/follower_fixture.h"
#include "tests/unit/zones/sqlite.h"

namespace tld::publish {
namespace {

class VerificationTest : public FollowerTest {
 protected:
  ~VerificationTest() override {
    verification.reset();
    follower.reset();
  }
  // A verifier that refuses a zone with `word` in its file, after `commands` of the shell.
  std::string refuses(const std::string& word, const std::string& commands = ":") {
    const auto script = folder / ("refuses-" + word);
    std::ofstream(script) << "if grep -q " << word << " \"$1\"; then " << commands
                          << "; echo found " << word << "; exit 1; fi\n";
    return "sh " + script.string() + " {file}";
  }
  void judge_by(std::vector<std::string> commands) {
    verifier.emplace(
        ZoneVerifier::Options{folder, std::move(commands)},
        [](const signer::SignedZone&) { return std::vector<PrecomputedRRset>(); }, clock);
  }
  void verify_continuously() {
    verification.emplace(
        ContinuousVerification::Options{milliseconds{20}, milliseconds{5}}, setup.apex, live,
        *verifier, log, [this](const ContinuousVerification::Mismatch& mismatch) {
          follower->retreat(*mismatch.refused, mismatch.accepted, mismatch.complaint);
        });
  }
  void verify_first() {
    options.verify = [this](const signer::SignedZone& zone) {
      return verifier->complaint_about(zone, stop);
    };
  }
  base::Result<std::string> complaint() {
    return verifier->complaint_about(*live.current()->signed_zone, stop);
  }
  std::uint32_t serial() const { return live.current()->signed_zone->zone().serial(); }
  bool has(const std::string& owner) {
    return live.current()->signed_zone->zone().find(name(owner)).has_value();
  }
  void start_signed(const std::string& text) {
    create_store();
    import(text);
    start();
    ASSERT_TRUE(lives(1));
    sign_all_of_live();
  }

  std::optional<ZoneVerifier> verifier;
  std::optional<ContinuousVerification> verification;
};

const std::string bad = "bad.example. NS ns.elsewhere.test.\n";

TEST_F(VerificationTest, FileHasEachRRsetAndItsSignature) {
  start_signed(tests::example_zone());
  const signer::SignedZone& zone = *live.current()->signed_zone;
  dns::RRset cds{setup.apex,
                 dns::RRType::CDS,
                 60,
                 {std::string("\x04\xd2\x0d\x02", 4) + std::string(32, 'x')}};
  std::ostringstream out;
  ASSERT_TRUE(write_signed_zone(zone, {{cds, {}}}, clock->now(), out));
  const auto read = zones::read_zone_text(out.str(), "written", setup.apex);
  ASSERT_TRUE(read) << read.error().message;
  const auto& dropped = read.value().dropped;
  EXPECT_EQ(dropped.at(dns::RRType::RRSIG), zone.zone().signature_count());
  EXPECT_EQ(dropped.at(dns::RRType::NSEC3), zone.zone().ring_size());
  EXPECT_EQ(dropped.at(dns::RRType::NSEC3PARAM), 1u);
  EXPECT_EQ(dropped.at(dns::RRType::CDS), 1u);
  EXPECT_EQ(read.value().duplicates, 0u);
  std::ostringstream again, wanted;
  zones::write_zone_file(read.value().content, again);
  const auto original = zones::read_zone_text(tests::example_zone(), "test", setup.apex);
  zones::write_zone_file(original.value().content, wanted);
  EXPECT_EQ(again.str(), wanted.str());
}

TEST_F(VerificationTest, WhatIsNotSignedCannotBeWritten) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  std::ostringstream out;
  const auto written = write_signed_zone(*live.current()->signed_zone, {}, clock->now(), out);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, base::ErrorKind::unavailable);
}

// Catches: a verifier that is missing or crashed taken for one that refuses, which would freeze a
// zone without fault, or for one that accepts.
TEST_F(VerificationTest, OneThatCannotJudgeSaysNothing) {
  start_signed(tests::example_zone());
  for (const std::string command : {"/nonexistent/verifier {file}", "sh -c kill${IFS}-9${IFS}$$"}) {
    judge_by({command});
    const auto said = complaint();
    ASSERT_FALSE(said) << command;
    EXPECT_EQ(said.error().kind, base::ErrorKind::unavailable);
    EXPECT_EQ(verifier->counters().failed, 1u);
  }
  judge_by({"true", "grep -q no-such-word {file}"});
  EXPECT_NE(complaint().value(), "");
  judge_by({"true", "grep -q RRSIG {file}"});
  EXPECT_EQ(complaint().value(), "");
  EXPECT_EQ(verifier->last_accepted()->serial, serial());
}

// Catches: a clock that was set, or signatures that ran out while there was no token, taken for a
// fault of the zone: it would go back to an older version, and the registry's changes with it.
TEST_F(VerificationTest, BogusForTimeAloneCannotBeJudged) {
  const auto manual = std::make_shared<base::ManualClock>(base::SystemClock().now());
  clock = manual;
  start_signed(tests::example_zone());
  judge_by({"false"});
  ASSERT_NE(complaint().value(), "");
  manual->set_trusted(false);
  const auto said = complaint();
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().kind, base::ErrorKind::unavailable);
  EXPECT_NE(said.error().message.find("clock"), std::string::npos);
  manual->set_trusted(true);
  manual->advance(setup.policy.validity);
  const auto later = complaint();
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind, base::ErrorKind::unavailable);
  EXPECT_NE(later.error().message.find("may be served"), std::string::npos);
  EXPECT_EQ(verifier->counters().failed, 2u);
  EXPECT_EQ(verifier->counters().rejected, 1u);
}

// Catches: an incident made of a clock that was set; one that is overlooked when it is right again.
TEST_F(VerificationTest, NoIncidentWhileTheClockIsNotTrusted) {
  const auto manual = std::make_shared<base::ManualClock>(base::SystemClock().now());
  clock = manual;
  start_signed(tests::example_zone());
  manual->set_trusted(false);
  judge_by({"false"});
  verify_continuously();
  ASSERT_TRUE(comes_true([&] { return verifier->counters().failed > 3; }));
  EXPECT_TRUE(log->has("could not be judged: the clock is not trusted"));
  EXPECT_EQ(verifier->counters().rejected, 0u);
  EXPECT_FALSE(open_store()->frozen(setup.apex).value());
  manual->set_trusted(true);
  EXPECT_TRUE(comes_true([&] { return open_store()->frozen(setup.apex).value().has_value(); }));
}

TEST_F(VerificationTest, NoFileIsLeftBehind) {
  start_signed(tests::example_zone());
  judge_by({"true"});
  ASSERT_EQ(complaint().value(), "");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(entry.path().filename().string().find("signed-zone"), std::string::npos);
  }
}

// Catches: a mismatch that stays live; a serial that goes back for good; a zone that is published
// on.
TEST_F(VerificationTest, MismatchGoesBackToWhatWasAccepted) {
  start_signed(tests::example_zone());
  judge_by({refuses("bad")});
  verify_continuously();
  ASSERT_TRUE(comes_true([&] { return verifier->last_accepted().has_value(); }));
  import(tests::example_zone() + bad);
  ASSERT_TRUE(comes_true([&] { return log->has("incident: a verifier refuses serial 2"); }));
  ASSERT_TRUE(comes_true([&] { return serial() > 2 && !has("bad.example."); }));
  const auto frozen = open_store()->frozen(setup.apex).value();
  ASSERT_TRUE(frozen);
  EXPECT_NE(frozen->reason.find("verification"), std::string::npos);
  EXPECT_NE(frozen->reason.find("found bad"), std::string::npos);
  EXPECT_EQ(live.current()->signed_zone->signatures(0),
            live.current()->signed_zone->zone().signature_count());
  import(tests::example_zone() + "good.example. NS ns.elsewhere.test.\n");
  std::this_thread::sleep_for(milliseconds{100});
  EXPECT_FALSE(has("good.example."));
  ASSERT_TRUE(open_store()->thaw(setup.apex, clock->now()));
  EXPECT_TRUE(comes_true([&] { return has("good.example.") && !has("bad.example."); }));
}

// Catches: a verifier that is late and freezes a zone that has gone back and was mended.
TEST_F(VerificationTest, ALateVerdictChangesNothing) {
  start_signed(tests::example_zone());
  const auto accepted = live.current();
  import(tests::example_zone() + bad);
  ASSERT_TRUE(comes_true([&] { return has("bad.example."); }));
  const auto refused = live.current();
  follower->retreat(*refused, accepted, "bad");
  ASSERT_TRUE(comes_true([&] { return serial() > 2 && !has("bad.example."); }));
  import(tests::example_zone() + "good.example. NS ns.elsewhere.test.\n");
  ASSERT_TRUE(open_store()->thaw(setup.apex, clock->now()));
  ASSERT_TRUE(comes_true([&] { return has("good.example."); }));
  follower->retreat(*refused, accepted, "bad");
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_TRUE(has("good.example."));
  EXPECT_FALSE(open_store()->frozen(setup.apex).value());
}

// The token is away as well: what was accepted is served again with the signatures that it has.
TEST_F(VerificationTest, MismatchNeedsNoToken) {
  start_signed(tests::example_zone());
  const auto goes_on = folder / "goes-on";
  judge_by({refuses("bad", "n=0; until [ -e " + goes_on.string() +
                               " ] || [ $n -gt 1000 ]; do sleep 0.01; n=$((n+1)); done")});
  verify_continuously();
  ASSERT_TRUE(comes_true([&] { return verifier->last_accepted().has_value(); }));
  import(tests::example_zone() + bad);
  ASSERT_TRUE(comes_true([&] { return has("bad.example."); }));
  door->faults().away = true;
  std::ofstream(goes_on).close();
  ASSERT_TRUE(comes_true([&] { return !has("bad.example."); }));
  const auto zone = live.current()->signed_zone;
  EXPECT_EQ(zone->signatures(0), zone->zone().signature_count());
}

// Catches: keys and verdicts that wait until something may be published again.
TEST_F(VerificationTest, ALongIntervalHoldsUpNeitherKeysNorARetreat) {
  create_store();
  import(tests::example_zone());
  start(std::chrono::hours{1});
  ASSERT_TRUE(comes_true([&] { return !follower->waiting(); }));
  auto keys = setup.keys;
  keys.push_back({make_key(), signer::KeyUse::warming});
  follower->use_keys(keys);
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->keys() == keys; }));
  ASSERT_TRUE(comes_true([&] { return !follower->waiting(); }));
  follower->retreat(*live.current(), nullptr, "bad");
  EXPECT_TRUE(comes_true([&] { return log->has("incident"); }));
}

// Catches: what is refused, or old keys, served for as long as the store is away; what is served
// being changed again at each look.
TEST_F(VerificationTest, RetreatAndKeysNeedNoStore) {
  start_signed(tests::example_zone());
  const auto accepted = live.current();
  import(tests::example_zone() + bad);
  ASSERT_TRUE(comes_true([&] { return has("bad.example.") && !follower->waiting(); }));
  const auto copy = folder / "copy";
  zones::Sqlite(store_path()).run("VACUUM INTO '" + copy.string() + "'");
  for (const char* end : {"", "-wal", "-shm"}) {
    std::filesystem::remove(store_path().string() + end);
  }
  ASSERT_TRUE(comes_true([&] { return follower->waiting().has_value(); }));
  follower->retreat(*live.current(), accepted, "bad");
  EXPECT_TRUE(comes_true([&] { return !has("bad.example."); }));
  auto keys = setup.keys;
  keys.push_back({make_key(), signer::KeyUse::warming});
  follower->use_keys(keys);
  EXPECT_TRUE(comes_true([&] { return live.current()->signed_zone->keys() == keys; }));
  const std::uint64_t generation = live.generation();
  std::this_thread::sleep_for(milliseconds{100});
  EXPECT_EQ(live.generation(), generation);
  std::filesystem::rename(copy, store_path());
  EXPECT_TRUE(comes_true([&] { return serial() > 2 && !has("bad.example."); }));
  EXPECT_TRUE(open_store()->frozen(setup.apex).value());
}

TEST_F(VerificationTest, WithNothingAcceptedBeforeTheZoneIsFrozenAndServed) {
  start_signed(tests::example_zone() + bad);
  judge_by({refuses("bad")});
  verify_continuously();
  ASSERT_TRUE(comes_true([&] { return open_store()->frozen(setup.apex).value().has_value(); }));
  EXPECT_TRUE(has("bad.example."));
  EXPECT_TRUE(log->has("it is served on"));
}

// Catches: `publish: verified` that serves first and looks later.
TEST_F(VerificationTest, VerifiedFirstServesNothingUnjudged) {
  judge_by({refuses("bad")});
  verify_first();
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  EXPECT_EQ(verifier->counters().accepted, 1u);
  EXPECT_EQ(live.current()->signed_zone->signatures(0),
            live.current()->signed_zone->zone().signature_count());
  import(tests::example_zone() + bad);
  ASSERT_TRUE(comes_true([&] { return open_store()->frozen(setup.apex).value().has_value(); }));
  EXPECT_EQ(verifier->counters().rejected, 1u);
  EXPECT_FALSE(has("bad.example."));
  import(tests::example_zone() + "good.example. NS ns.elsewhere.test.\n");
  ASSERT_TRUE(open_store()->thaw(setup.apex, clock->now()));
  ASSERT_TRUE(comes_true([&] { return has("good.example."); }));
  EXPECT_GT(serial(), 2u);
}

TEST_F(VerificationTest, VerifiedFirstWithNothingAcceptedServesNothing) {
  judge_by({refuses("bad")});
  verify_first();
  create_store();
  import(tests::example_zone() + bad);
  start();
  ASSERT_TRUE(comes_true([&] { return open_store()->frozen(setup.apex).value().has_value(); }));
  EXPECT_EQ(live.current(), nullptr);
  import(tests::example_zone());
  ASSERT_TRUE(open_store()->thaw(setup.apex, clock->now()));
  EXPECT_TRUE(lives(1));
}

// Catches: a verifier that is away taken for an acceptance, or for a refusal.
TEST_F(VerificationTest, VerifiedFirstWaitsForItsVerifier) {
  const auto script = folder / "verifier";
  judge_by({script.string()});
  verify_first();
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(comes_true([&] {
    return follower->waiting() &&
           follower->waiting()->why.find("could not judge") != std::string::npos;
  }));
  EXPECT_EQ(live.current(), nullptr);
  EXPECT_FALSE(open_store()->frozen(setup.apex).value());
  std::filesystem::create_symlink("/bin/true", script);
  EXPECT_TRUE(lives(1));
}

}  // namespace
}  // namespace tld::publish
