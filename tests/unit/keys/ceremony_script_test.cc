// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony_script.h"

#include <gmock/gmock.h>

#include "keys/chained_lines.h"
#include "tests/unit/keys/people_for_tests.h"

namespace tld::keys {
namespace {

using testing::approval_of;
using ::testing::HasSubstr;
using testing::people_from;
using testing::people_time;
using testing::six_people;
using ::testing::StartsWith;

std::string script_yaml() {
  return "zone: kz.\ntitle: KSK ceremony 1\nnot-before: 2027-01-01T00:00:00Z\n"
         "not-after: 2027-02-01T00:00:00Z\nsteps:\n"
         "  - {step: people, people: [ann, bob, wit]}\n"
         "  - {step: input, file: kz.ksr, sha256: " +
         sha256_hex("ksr") +
         "}\n"
         "  - {step: key-generate, role: ksk, algorithm: ECDSAP256SHA256, output: ksk.dnskey}\n"
         "  - {step: sign-ksr, file: kz.ksr, output: kz.skr}\n"
         "  - {step: output, file: kz.skr}\n"
         "  - {step: read-aloud, text: the sums}\n";
}

std::string fault(const std::string& yaml) {
  const auto script = CeremonyScript::parse(yaml, "s.yaml");
  return script ? "" : script.error().message;
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(CeremonyScript, IsRead) {
  const auto script = CeremonyScript::parse(script_yaml(), "s.yaml");
  ASSERT_TRUE(script) << script.error().message;
  ASSERT_EQ(script.value().steps.size(), 6U);
  EXPECT_EQ(script.value().sha256, sha256_hex(script_yaml()));
  EXPECT_EQ(script.value().steps[3].output, "kz.skr");
  EXPECT_EQ(act_before(ScriptStep::Kind::sign_ksr), "activation");
  EXPECT_TRUE(check_input(script.value().steps[1], "ksr"));
  EXPECT_THAT(check_input(script.value().steps[1], "ksR").error().message,
              StartsWith("SCRIPT-SHA256"));
}

TEST(CeremonyScript, FaultsAreNamed) {
  const std::string all = script_yaml();
  EXPECT_THAT(fault(with(all, "2027-02-01", "2027-01-01")), HasSubstr("SCRIPT-DATES"));
  EXPECT_THAT(fault(with(all, "  - {step: people, people: [ann, bob, wit]}\n", "")),
              HasSubstr("SCRIPT-PEOPLE"));
  EXPECT_THAT(fault(all + "  - {step: people, people: [ann]}\n"), HasSubstr("SCRIPT-PEOPLE"));
  EXPECT_THAT(fault(with(all, "people: [ann, bob, wit]", "people: []")), HasSubstr("nobody"));
  EXPECT_THAT(fault(with(all, sha256_hex("ksr"), "abc")), HasSubstr("SCRIPT-SHA256"));
  EXPECT_THAT(fault(with(all, "sign-ksr, file: kz.ksr", "sign-ksr, file: other.ksr")),
              HasSubstr("SCRIPT-ORDER"));
  EXPECT_THAT(fault(with(all, "step: output, file: kz.skr", "step: output, file: x")),
              HasSubstr("SCRIPT-ORDER"));
  for (const char* name : {"../kz.ksr", "a/b", ".hidden", "-option"}) {
    EXPECT_THAT(fault(with(all, "input, file: kz.ksr", std::string("input, file: ") + name)),
                HasSubstr("SCRIPT-FILE"));
  }
  EXPECT_THAT(fault(with(all, "output: kz.skr", "output: kz.ksr")), HasSubstr("SCRIPT-FILE"));
  EXPECT_THAT(fault(with(all, "step: read-aloud", "step: dance")), HasSubstr("is no step"));
  EXPECT_THAT(fault(with(all, "role: ksk", "role: csk")), HasSubstr("must be ksk or zsk"));
  EXPECT_THAT(fault(with(all, "ECDSAP256SHA256", "RSASHA1")), HasSubstr("algorithm"));
  EXPECT_THAT(fault(with(all, "text: the sums", "text: the sums, more: x")),
              HasSubstr("no such setting"));
}

class CeremonyScriptStep : public ::testing::Test {
 protected:
  std::string approve(const std::string& person, const std::string& act) const {
    return testing::approve(person, {"kz.", act, script_.sha256, people_time});
  }
  std::string refusal(std::size_t step, const std::vector<std::string>& texts,
                      base::Time now = people_time) const {
    std::vector<Approval> approvals;
    for (const std::string& text : texts) approvals.push_back(approval_of(text));
    const auto approvers = check_before_step(script_, script_.steps[step], people_, approvals, now);
    return approvers ? "" : approvers.error().message;
  }
  CeremonyScript script_ = CeremonyScript::parse(script_yaml(), "s.yaml").value();
  People people_ = people_from(six_people());
};

TEST_F(CeremonyScriptStep, PeopleAreThere) {
  const std::string ann = approve("ann", "ceremony"), bob = approve("bob", "ceremony"),
                    wit = approve("wit", "ceremony");
  EXPECT_EQ(refusal(0, {ann, bob, wit}), "");
  EXPECT_THAT(refusal(0, {ann, bob}), HasSubstr("SCRIPT-PEOPLE: wit"));
  EXPECT_THAT(refusal(0, {ann, wit}), HasSubstr("APPROVAL-QUORUM"));
}

TEST_F(CeremonyScriptStep, EachStepHasItsOwnAct) {
  const std::string ann = approve("ann", "ceremony"), bob = approve("bob", "ceremony");
  EXPECT_EQ(refusal(1, {}), "");
  EXPECT_THAT(refusal(3, {ann, bob}), HasSubstr("APPROVAL-QUORUM: activation"));
  EXPECT_EQ(refusal(3, {ann, bob, approve("amy", "activation"), approve("ben", "activation")}), "");
  EXPECT_THAT(refusal(2, {approve("amy", "activation")}), HasSubstr("APPROVAL-QUORUM"));
}

TEST_F(CeremonyScriptStep, AnotherScriptIsNotApproved) {
  const std::string ann = approve("ann", "ceremony"), bob = approve("bob", "ceremony");
  script_ = CeremonyScript::parse(with(script_yaml(), "ceremony 1", "ceremony 2"), "s").value();
  script_.steps[0].people = {"ann", "bob"};
  EXPECT_THAT(refusal(0, {ann, bob}), HasSubstr("APPROVAL-OTHER-OBJECT"));
}

TEST_F(CeremonyScriptStep, OnlyAtItsTime) {
  EXPECT_THAT(refusal(1, {}, script_.not_after), StartsWith("SCRIPT-DATES"));
  EXPECT_THAT(refusal(1, {}, script_.not_before - std::chrono::seconds{1}),
              StartsWith("SCRIPT-DATES"));
  EXPECT_EQ(refusal(1, {}, script_.not_before), "");
}

}  // namespace
}  // namespace tld::keys
