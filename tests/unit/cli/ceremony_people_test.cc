// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony does nothing without the people whom its machine has adopted.
#include <filesystem>

#include "tests/unit/cli/offline_ceremony.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using testing::OfflineCeremony;
using testing::Outcome;
using testing::plus;
using testing::Words;

class CeremonyPeople : public OfflineCeremony {
 protected:
  CeremonyPeople() {
    people_ = "people:\n" + person("ann", "SO") + person("amy", "SO") + person("bob", "SA") +
              person("ben", "SA") + person("wit", "WI") + person("win", "WI") +
              person("old", "SA", "2021-01-01");
    make_ssh_key("eve");
    write("people.yaml", people_);
    EXPECT_EQ(tldctl(plus({"audit", "init"}, log_)).exit_code, 0);
    const Outcome adopted = adopt("people.yaml");
    EXPECT_EQ(adopted.exit_code, 0) << adopted.err;
    EXPECT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
    ann_ = approved("ann");
  }

  void make_ssh_key(const std::string& name) const {
    const std::string make = "ssh-keygen -q -t ed25519 -N '' -C '' -f " + path(name);
    EXPECT_EQ(std::system(make.c_str()), 0);
  }
  std::string person(const std::string& name, const std::string& role,
                     const std::string& expires = "2099-01-01") const {
    make_ssh_key(name);
    const std::string key = read(name + ".pub");
    return "  - {name: " + name + ", role: " + role + ", keys: [" + key.substr(0, key.find('\n')) +
           "], valid-from: 2020-01-01, expires: " + expires + ", observer-since: 2019-01-01}\n";
  }
  // `person` says that it approves; the signature is by the key of `signer`.
  std::string approved(const std::string& person, const std::string& file = "kz.ksr",
                       const std::string& act = "ceremony", const std::string& signer = "") const {
    const std::string output = path(file + "." + person);
    Words words = {"approve",
                   act,
                   path(file),
                   "--person",
                   person,
                   "--key",
                   path(signer.empty() ? person : signer),
                   "--output",
                   output};
    if (act != "people-adopt") words.insert(words.end(), {"--zone", "kz."});
    const Outcome made = tldctl(words);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return output;
  }
  Outcome adopt(const std::string& file) const {
    return tldctl(
        plus({"people", "adopt", path(file), "--approval", approved("ann", file, "people-adopt"),
              approved("bob", file, "people-adopt")},
             log_));
  }
  // What the ceremony says; it must have done nothing.
  std::string refusal(const Words& approvals) const {
    const Outcome outcome = ceremony(approvals);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_FALSE(exists("new.skr"));
    return outcome.err;
  }
  Outcome ceremony(Words approvals) const {
    if (!approvals.empty()) approvals.insert(approvals.begin(), "--approval");
    return sign(plus(plus({"--first"}, log_), approvals));
  }

  const Words log_ = {"--audit-log", path("log")};
  std::string people_, ann_;
};

TEST_F(CeremonyPeople, OneIsMissing) {
  EXPECT_THAT(refusal({}), HasSubstr("APPROVAL-QUORUM"));
  EXPECT_THAT(refusal({ann_}), HasSubstr("APPROVAL-QUORUM"));
  EXPECT_THAT(refusal({ann_, approved("amy")}), HasSubstr("APPROVAL-ROLE"));
  EXPECT_THAT(refusal({ann_, approved("wit")}), HasSubstr("APPROVAL-QUORUM"));
  EXPECT_THAT(refusal({ann_, approved("eve")}), HasSubstr("APPROVAL-PERSON"));
}

TEST_F(CeremonyPeople, OneIsExpired) {
  EXPECT_THAT(refusal({ann_, approved("old")}), HasSubstr("APPROVAL-PERSON-EXPIRED"));
}

// Neither adopted nor put in the place of the adopted file is there one with somebody in two roles.
TEST_F(CeremonyPeople, OneIsInTwoRoles) {
  const std::string bob = approved("bob");
  for (const std::string& name : {std::string("bob"), std::string("eve")}) {
    std::string second = person("sam", "WI");
    const std::string key = read("sam.pub"), bobs = read("bob.pub");
    second.replace(second.find("sam"), 3, name);
    second.replace(second.find(key.substr(0, key.find('\n'))), key.find('\n'),
                   bobs.substr(0, bobs.find('\n')));
    std::filesystem::remove(path("sam"));
    write("two.yaml", people_ + second);
    EXPECT_THAT(adopt("two.yaml").err, HasSubstr("PEOPLE-TWO-ROLES")) << name;
    const std::string adopted = read("log/people.yaml");
    write("log/people.yaml", people_ + second);
    EXPECT_THAT(refusal({ann_, bob}), HasSubstr("PEOPLE-")) << name;
    write("log/people.yaml", adopted);
  }
  EXPECT_EQ(ceremony({ann_, bob}).exit_code, 0);
}

TEST_F(CeremonyPeople, OnesSignatureIsWrong) {
  EXPECT_THAT(refusal({ann_, approved("bob", "kz.ksr", "ceremony", "eve")}),
              HasSubstr("APPROVAL-SIGNATURE"));
  EXPECT_THAT(refusal({ann_, approved("bob", "zsk.dnskey")}), HasSubstr("APPROVAL-OTHER-OBJECT"));
  const std::string bob = approved("bob");
  std::string text = read("kz.ksr.bob");
  const std::size_t at = text.find('\n', text.find("-----BEGIN")) + 40;
  text[at] = text[at] == 'A' ? 'B' : 'A';
  write("kz.ksr.bob", text);
  EXPECT_THAT(refusal({ann_, bob}), HasSubstr("APPROVAL-"));
}

// Catches: a KSK that signs without its people, because the demonstration asks nobody.
TEST_F(CeremonyPeople, ADemonstrationIsNoWayAroundThem) {
  const Words demo = {"ceremony", "demo",          "--zone", "kz.",   "--ksk-token",
                      ksk_token_, "--ksk-id",      ksk_id_,  "--zsk", path("zsk.dnskey"),
                      "--output", path("demo.skr")};
  const Outcome refused = tldctl(plus(demo, log_));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("ceremony run"));
  EXPECT_FALSE(exists("demo.skr"));
  EXPECT_THAT(read("log/audit-000001.jsonl"), HasSubstr("\"result\":\"refused\""));
}

TEST_F(CeremonyPeople, ApprovalsServeOnce) {
  const Words both = {ann_, approved("bob")};
  const Outcome signed_ = ceremony(both);
  EXPECT_EQ(signed_.exit_code, 0) << signed_.err;
  std::filesystem::remove(path("new.skr"));
  EXPECT_THAT(refusal(both), HasSubstr("APPROVAL-REPLAYED"));
}

// Catches: a signed-key file that is put in place without people, by approvals of something else,
// or twice by the same ones.
TEST_F(CeremonyPeople, TheyApproveTheImportToo) {
  const std::string bob = approved("bob");
  ASSERT_EQ(ceremony({ann_, bob}).exit_code, 0);
  const auto not_imported = [this](const Words& more) {
    const Outcome outcome = import(plus(plus({"--first"}, log_), more));
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_FALSE(exists("kz.skr"));
    return outcome.err;
  };
  EXPECT_THAT(not_imported({}), HasSubstr("APPROVAL-QUORUM"));
  EXPECT_THAT(not_imported({"--approval", ann_, bob}), HasSubstr("APPROVAL-OTHER-ACT"));
  const Words both = {"--approval", approved("ann", "new.skr", "skr-import"),
                      approved("bob", "new.skr", "skr-import")};
  const Outcome imported = import(plus(plus({"--first"}, log_), both));
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(read("kz.skr"), read("new.skr"));
  std::filesystem::remove(path("kz.skr"));
  EXPECT_THAT(not_imported(both), HasSubstr("APPROVAL-REPLAYED"));
}

}  // namespace
}  // namespace tld::cli
