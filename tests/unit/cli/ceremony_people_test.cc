// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony does nothing without the people whom its machine has adopted.
#include <filesystem>

#include "tests/unit/cli/ceremony_people.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;
using testing::PeoplesCeremony;
using testing::plus;
using testing::Words;

class CeremonyPeople : public PeoplesCeremony {
 protected:
  CeremonyPeople() {
    EXPECT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
    ann_ = approved("ann");
    ksk_use_ = {approved("amy", "kz.ksr", "activation"), approved("ben", "kz.ksr", "activation")};
  }

  // What the ceremony says; it must have done nothing.
  std::string refusal(const Words& approvals) const {
    const Outcome outcome = ceremony(approvals);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_FALSE(exists("new.skr"));
    return outcome.err;
  }
  // With what the use of the KSK needs.
  Outcome ceremony(const Words& approvals) const { return signed_with(plus(approvals, ksk_use_)); }
  Outcome signed_with(Words approvals) const {
    approvals.insert(approvals.begin(), "--approval");
    return sign(plus(plus({"--first"}, log_), approvals));
  }

  std::string ann_;
  Words ksk_use_;
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
  std::string text = read("kz.ksr.ceremony.bob");
  const std::size_t at = text.find('\n', text.find("-----BEGIN")) + 40;
  text[at] = text[at] == 'A' ? 'B' : 'A';
  write("kz.ksr.ceremony.bob", text);
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
  EXPECT_THAT(refused.err, HasSubstr("ceremony hold"));
  EXPECT_FALSE(exists("demo.skr"));
  EXPECT_THAT(read("log/audit-000001.jsonl"), HasSubstr("\"result\":\"refused\""));
}

// Catches: a KSK that signs by the approvals of the ceremony alone.
TEST_F(CeremonyPeople, TheUseOfTheKskIsApprovedToo) {
  const std::string bob = approved("bob");
  const auto not_signed = [this](const Words& approvals) {
    const Outcome outcome = signed_with(approvals);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_FALSE(exists("new.skr"));
    return outcome.err;
  };
  EXPECT_THAT(not_signed({ann_, bob}), HasSubstr("APPROVAL-QUORUM: activation"));
  EXPECT_THAT(not_signed({ann_, bob, ksk_use_[0]}), HasSubstr("APPROVAL-QUORUM: activation"));
  EXPECT_THAT(not_signed(plus({ann_, bob, approved("wit", "kz.ksr", "key-generate")}, ksk_use_)),
              HasSubstr("APPROVAL-OTHER-ACT"));
  EXPECT_EQ(signed_with(plus({ann_, bob}, ksk_use_)).exit_code, 0);
  EXPECT_EQ(last_entry().at("approvals").size(), 4U);
  std::filesystem::remove(path("new.skr"));
  EXPECT_THAT(not_signed(plus({approved("ann"), approved("bob")}, ksk_use_)),
              HasSubstr("APPROVAL-REPLAYED"));
  EXPECT_EQ(last_entry().at("result"), "refused");
}

// Catches: a key that nobody approved.
TEST_F(CeremonyPeople, AKeyIsMadeByAScriptOnly) {
  const Words list = {"key", "list", "--token", ksk_token_};
  const std::string before = tldctl(list).out;
  const Outcome refused =
      tldctl(plus({"key", "generate", "--token", ksk_token_, "--algorithm", "ECDSAP256SHA256",
                   "--zone", "kz.", "--dnskey", path("another.dnskey")},
                  log_));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("tldctl ceremony hold"));
  EXPECT_FALSE(exists("another.dnskey"));
  EXPECT_EQ(tldctl(list).out, before);
  EXPECT_EQ(last_entry().at("type"), "key-generate");
  EXPECT_EQ(last_entry().at("result"), "refused");
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
