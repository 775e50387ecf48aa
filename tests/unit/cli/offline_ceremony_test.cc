// SPDX-License-Identifier: GPL-2.0-only
//
// From the request to the file that the server reads: ksr create, ceremony run, skr import, with
// tokens of SoftHSM.
#include <cstdlib>
#include <filesystem>

#include "keys/dnskey_file.h"
#include "keys/key_register.h"
#include "keys/key_signing_request.h"
#include "keys/signed_keys.h"
#include "keys/time_text.h"
#include "tests/unit/cli/offline_ceremony.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::OfflineCeremony;
using testing::Outcome;
using testing::plus;
using testing::Words;
TEST_F(OfflineCeremony, FromTheRequestToTheServer) {
  const Outcome asked = request({"--zsk", path("zsk.dnskey"), "--json"});
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_EQ(asked.json().at("sha256"), sum("kz.ksr"));
  EXPECT_EQ(asked.json().at("bundles"), 9);
  const Outcome signed_ = sign({"--first", "--trust-anchor", path("anchor"), "--json"});
  ASSERT_EQ(signed_.exit_code, 0) << signed_.err;
  EXPECT_EQ(signed_.json().at("made").at(0).at("sha256"), sum("new.skr"));
  EXPECT_EQ(signed_.json().at("keys").size(), 2U);
  EXPECT_EQ(key("anchor"), key("ksk.dnskey"));
  const Outcome imported = import({"--first", "--json"});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(imported.json().at("days_left").get<int>() / 2, 99 / 2);  // 99, or 100 at midnight
  EXPECT_EQ(read("kz.skr"), read("new.skr"));
  const std::vector<dns::Dnskey> zsks = {key("zsk.dnskey")};
  EXPECT_TRUE(installed().check(zsks, base::SystemClock().now()));
}

// Catches: the KSK's public key in an entry with flags 256.
TEST_F(OfflineCeremony, ARequestIsNotSignedByWhatTheRegisterHasAsKsk) {
  const Words add = {"keys",       "add",           "--zone", "kz.",
                     "--register", path("kz.keys"), "--id",   ksk_id_};
  std::string record = read("ksk.dnskey");
  write("as-zsk.dnskey", record.replace(record.find(" 257 "), 5, " 256 "));
  for (const char* file : {"ksk.dnskey", "as-zsk.dnskey"}) {
    const Outcome added = tldctl(plus(add, {"--dnskey", path(file)}));
    ASSERT_EQ(added.exit_code, 0) << added.err;
  }
  const Outcome refused = tldctl({"ksr", "create", "--zone", "kz.", "--token", ksk_token_,
                                  "--output", path("kz.ksr"), "--register", path("kz.keys")});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("KSR-KSK"));
  EXPECT_FALSE(exists("kz.ksr"));
}

// People compare the sums first: nothing is signed before they say that they did.
TEST_F(OfflineCeremony, NothingIsSignedBeforeTheSumsAreCompared) {
  ASSERT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
  const Outcome shown = run({"--first"});
  EXPECT_EQ(shown.exit_code, 1);
  EXPECT_THAT(shown.out, HasSubstr(sum("kz.ksr")));
  EXPECT_THAT(shown.err, HasSubstr("nothing is signed yet"));
  EXPECT_FALSE(exists("new.skr"));
  const Outcome wrong = run({"--first", "--request-sha256", std::string(64, '0')});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("KSR-SHA256"));
  EXPECT_FALSE(exists("new.skr"));
}

// The next quarter with a ZSK roll, carried over weeks before it starts.
TEST_F(OfflineCeremony, TheNextQuarterIsJoinedToTheFileInUse) {
  first_quarter();
  const std::string first = read("kz.skr");
  const base::Time end = installed().slots().back().start + std::chrono::days{10};
  const auto at = [&](int days) { return keys::time_text(end + std::chrono::days{days}); };
  const std::string next = next_zsk("next.dnskey"), now = path("zsk.dnskey");
  const Outcome asked =
      request({"--after", path("kz.skr"), "--bundle", at(0) + ":" + now, "--bundle",
               at(10) + ":" + now + "," + next, "--bundle", at(30) + ":" + next});
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  const Outcome signed_ = sign({"--previous", path("kz.skr")});
  ASSERT_EQ(signed_.exit_code, 0) << signed_.err;
  const Outcome imported = import({"--json"});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(imported.json().at("slots"), 18);
  const keys::SignedKeys keys = installed();
  EXPECT_EQ(keys.covered_until(), end + std::chrono::days{100});
  const std::vector<dns::Dnskey> zsks = {key("zsk.dnskey")};
  EXPECT_TRUE(keys.check(zsks, base::SystemClock().now()));
  EXPECT_EQ(imported.json().at("zsks_listed_until"), at(40));
  // What was in use is kept.
  std::string kept;
  for (const std::string& file : files()) {
    if (file.starts_with("kz.skr.until-")) kept = file;
  }
  ASSERT_THAT(kept, Not(IsEmpty()));
  EXPECT_EQ(read(kept), first);
}

// What the slots list follows from the policy and from what has happened to the keys.
TEST_F(OfflineCeremony, TheRegisterSaysWhatIsListed) {
  const base::Time today = std::chrono::floor<std::chrono::days>(base::SystemClock().now());
  keys::KeyRegister held(apex_);
  for (int i = 0; i < 5; ++i) {
    const std::string name = "zsk" + std::to_string(i) + ".dnskey";
    next_zsk(name);
    ASSERT_TRUE(held.add_key(key(name), false, "00", today - std::chrono::days{100}));
  }
  using Kind = keys::KeyEventKind;
  ASSERT_TRUE(held.add_event({0, Kind::published, {}}, today - std::chrono::days{20}));
  ASSERT_TRUE(held.add_event({1, Kind::published, {}}, today - std::chrono::days{10}));
  ASSERT_TRUE(held.add_event({0, Kind::activated, {}}, today));
  ASSERT_TRUE(held.replace_file(path("register")));
  const Outcome asked = request({"--register", path("register")});
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  const auto made = keys::KeySigningRequest::read_file(path("kz.ksr"), apex_).value();
  ASSERT_EQ(made.bundles().size(), 9U);
  EXPECT_EQ(made.bundles()[0].dnskeys.size(), 2U);
  EXPECT_EQ(made.bundles()[2].dnskeys.size(), 3U);
  EXPECT_EQ(made.keys().size(), 5U);
  EXPECT_EQ(request({"--register", path("register"), "--zsk", path("zsk.dnskey")}).exit_code, 2);
}

// Catches: a key that signs again after its end, or before it is known to be in two tokens.
TEST_F(OfflineCeremony, TheRegisterSaysWhatMaySign) {
  using Kind = keys::KeyEventKind;
  const base::Time then = std::chrono::floor<std::chrono::days>(base::SystemClock().now());
  ASSERT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
  const std::string policy = write("policy.yaml", "keys: {backup: required}\n");
  const auto says = [&](const keys::KeyRegister& held, const Words& more = {}) {
    EXPECT_TRUE(held.replace_file(path("register")));
    Words all = {"--first", "--register", path("register")};
    const Outcome outcome = sign(plus(all, more));
    std::filesystem::remove(path("register"));
    EXPECT_EQ(outcome.exit_code == 0, exists("new.skr")) << outcome.err;
    return outcome.err;
  };
  keys::KeyRegister held(apex_);
  EXPECT_THAT(says(held), HasSubstr("KEY-UNKNOWN"));
  ASSERT_TRUE(held.add_key(key("ksk.dnskey"), false, "00", then));
  ASSERT_TRUE(held.add_key(key("zsk.dnskey"), false, "01", then));
  EXPECT_THAT(says(held, {"--policy", policy}), HasSubstr("KEY-BACKUP: KSK"));
  ASSERT_TRUE(held.add_event({0, Kind::backup_proved}, then));
  EXPECT_THAT(says(held, {"--policy", policy}), HasSubstr("KEY-BACKUP: ZSK"));
  keys::KeyRegister over = held;
  for (const Kind kind : {Kind::published, Kind::activated, Kind::retired}) {
    ASSERT_TRUE(over.add_event({0, kind}, then));
  }
  EXPECT_THAT(says(over), HasSubstr("KEY-RETIRED: KSK"));
  over = held;
  for (const Kind kind : {Kind::published, Kind::removed}) {
    ASSERT_TRUE(over.add_event({1, kind}, then));
  }
  EXPECT_THAT(says(over), HasSubstr("KEY-RETIRED: ZSK"));
  EXPECT_THAT(says(held), IsEmpty());
}

TEST_F(OfflineCeremony, OnlySoManyFilesAreKept) {
  first_quarter();
  for (const char* when : {"20200101000000", "20210101000000", "20220101000000"}) {
    write(std::string("kz.skr.until-") + when, "old");
  }
  write("kz.skr.until-then", "not ours");
  ASSERT_EQ(import({"--keep", "2"}).exit_code, 0);
  EXPECT_FALSE(exists("kz.skr.until-20200101000000"));
  EXPECT_FALSE(exists("kz.skr.until-20210101000000"));
  EXPECT_TRUE(exists("kz.skr.until-20220101000000"));
  EXPECT_TRUE(exists("kz.skr.until-then"));
}

TEST_F(OfflineCeremony, EmergencyFilesOfTheSameSitting) {
  const std::string spare = next_zsk("spare.dnskey");
  ASSERT_EQ(request({"--zsk", path("zsk.dnskey"), "--zsk", spare}).exit_code, 0);
  const Outcome signed_ = sign({"--first", "--emergency-for", path("zsk.dnskey"), "--json"});
  ASSERT_EQ(signed_.exit_code, 0) << signed_.err;
  ASSERT_EQ(import({"--first"}).exit_code, 0);
  const auto made = signed_.json().at("made").at(1);
  EXPECT_EQ(made.at("without_key_tag"), key("zsk.dnskey").key_tag());
  const std::string emergency = made.at("file");
  const Words words = {"skr",   "import", "--zone",    "kz.",          "--install", path("kz.skr"),
                       "--zsk", spare,    "--request", path("kz.ksr"), emergency};
  const Outcome unsaid = tldctl(words);
  EXPECT_EQ(unsaid.exit_code, 1);
  EXPECT_THAT(unsaid.err, HasSubstr("SKR-PAIR"));
  const Outcome imported = tldctl(plus(words, {"--without", path("zsk.dnskey")}));
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  const keys::SignedKeys keys = installed();
  for (const keys::Slot& slot : keys.slots()) {
    EXPECT_EQ(slot.keys(false), std::vector<dns::Dnskey>{key("spare.dnskey")});
  }
}

TEST_F(OfflineCeremony, NoEmergencyFileWithoutASpare) {
  ASSERT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
  const Outcome refused = sign({"--first", "--emergency-for", path("zsk.dnskey")});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("CEREMONY-SPARE"));
  EXPECT_FALSE(exists("new.skr"));
}

TEST_F(OfflineCeremony, AKskRoll) {
  first_quarter();
  const std::string old_id = ksk_id_;
  const std::string new_id = make_key(ksk_token_, "ksk");
  const base::Time end = installed().slots().back().start + std::chrono::days{10};
  const auto at = [&](int days) { return keys::time_text(end + std::chrono::days{days}); };
  ASSERT_EQ(request({"--after", path("kz.skr"), "--zsk", path("zsk.dnskey")}).exit_code, 0);
  const Words roll = {"--previous", path("kz.skr"),        "--ksk-id",    new_id,
                      "--ksk-from", new_id + "=" + at(20), "--ksk-until", old_id + "=" + at(20)};
  EXPECT_THAT(sign(roll).err, HasSubstr("CEREMONY-KSK-CHAIN"));
  Words double_signed = roll;
  double_signed.back() = old_id + "=" + at(50);
  const Outcome signed_ = sign(double_signed);
  ASSERT_EQ(signed_.exit_code, 0) << signed_.err;
  ASSERT_EQ(import({}).exit_code, 0);
  const auto ksks_at = [keys = installed(), end](int days) {
    return keys.at(end + std::chrono::days{days})->keys(true).size();
  };
  EXPECT_EQ(ksks_at(19), 1U);
  EXPECT_EQ(ksks_at(20), 2U);
  EXPECT_EQ(ksks_at(50), 1U);
}

TEST_F(OfflineCeremony, FilesThatDoNotFollowAreRefused) {
  first_quarter();
  const std::string in_use = read("kz.skr");
  // Another KSK, which nobody has published before.
  ksk_id_ = make_key(ksk_token_, "ksk");
  ASSERT_EQ(sign({"--first"}).exit_code, 0);
  EXPECT_THAT(import({}).err, HasSubstr("SKR-CHAIN"));
  EXPECT_EQ(import({"--ds-at-parent"}).exit_code, 0);
  write("kz.skr", in_use);
  // A file for other slots than were asked for.
  ASSERT_EQ(request({"--zsk", path("zsk.dnskey"), "--after", path("kz.skr")}).exit_code, 0);
  EXPECT_THAT(import({}).err, HasSubstr("SKR-MATCH"));
  EXPECT_EQ(read("kz.skr"), in_use);
}

// --- people's signatures ---

class SignedByPeople : public OfflineCeremony {
 protected:
  SignedByPeople() {
    shell("ssh-keygen -q -t ed25519 -N '' -C '' -f " + path("alice"));
    shell("ssh-keygen -q -t ed25519 -N '' -C '' -f " + path("mallory"));
    write("signers", "alice@kz namespaces=\"tld-ksr,tld-skr\" " + read("alice.pub"));
    EXPECT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
  }
  void shell(const std::string& command) const {
    EXPECT_EQ(std::system((command + " >" + path(".fixture/shell") + " 2>&1").c_str()), 0)
        << command << read(".fixture/shell");
  }
  void sign_file(const std::string& who, const std::string& name_space,
                 const std::string& file) const {
    shell("rm -f " + path(file) + ".sig; ssh-keygen -q -Y sign -n " + name_space + " -f " +
          path(who) + " " + path(file));
  }
  std::string refusal() const {
    const Outcome outcome = sign({"--first", "--signers", path("signers")});
    EXPECT_EQ(outcome.exit_code == 0, exists("new.skr"));
    return outcome.exit_code == 0 ? "" : outcome.err;
  }
};

TEST_F(SignedByPeople, OnlyWhatTheyHaveSigned) {
  EXPECT_THAT(refusal(), HasSubstr("KSR-SIGNATURE"));
  sign_file("mallory", "tld-ksr", "kz.ksr");
  EXPECT_THAT(refusal(), HasSubstr("KSR-SIGNATURE"));
  sign_file("alice", "tld-skr", "kz.ksr");
  EXPECT_THAT(refusal(), HasSubstr("KSR-SIGNATURE"));
  sign_file("alice", "tld-ksr", "kz.ksr");
  const std::string signature = read("kz.ksr.sig"), good = read("kz.ksr");
  write("kz.ksr", good.substr(0, good.find(" by pdns-tld ")) + " by pdns-tld 9\n");
  EXPECT_THAT(refusal(), HasSubstr("KSR-SIGNATURE"));
  write("kz.ksr", good);
  EXPECT_EQ(refusal(), "");
}

TEST_F(SignedByPeople, TheAnswerToo) {
  ASSERT_EQ(sign({"--first"}).exit_code, 0);
  const Words signers = {"--first", "--signers", path("signers")};
  EXPECT_THAT(import(signers).err, HasSubstr("SKR-SIGNATURE"));
  sign_file("alice", "tld-skr", "new.skr");
  const Outcome imported = import(signers);
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("signed by      alice@kz"));
}

}  // namespace
}  // namespace tld::cli
