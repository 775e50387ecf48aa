// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony_script.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "keys/ceremony_script_size.h"
#include "keys/chained_lines.h"
#include "tests/unit/keys/people_for_tests.h"

namespace tld::keys {
namespace {

using testing::approval_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::people_from;
using testing::people_time;
using testing::six_people;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

using Names = std::vector<std::string>;

std::string script_yaml() {
  return "zone: kz.\ntitle: KSK ceremony 1\nnot-before: 2027-01-01T00:00:00Z\n"
         "not-after: 2027-02-01T00:00:00Z\nsteps:\n"
         "  - {step: people, people: [ann, bob, wit]}\n"
         "  - {step: input, file: kz.ksr, sha256: " +
         sha256_hex("ksr") +
         "}\n"
         "  - {step: key-generate, role: ksk, algorithm: ECDSAP256SHA256, output: ksk.dnskey, "
         "token: tld-ksk}\n"
         "  - {step: sign-ksr, file: kz.ksr, output: kz.skr, token: tld-ksk, ksks: [{dnskey: "
         "ksk.dnskey}]}\n"
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

// --- what sign-ksr and key-generate use ---

std::string input(const std::string& name) {
  return "  - {step: input, file: " + name + ", sha256: " + sha256_hex(name) + "}\n";
}

// `more` is of the step sign-ksr; the files of `inputs` are brought before it.
std::string signing(const std::string& more, const std::vector<std::string>& inputs = {}) {
  std::string brought;
  for (const std::string& name : inputs) brought += input(name);
  const std::string text =
      with(script_yaml(), "[{dnskey: ksk.dnskey}]", "[{dnskey: ksk.dnskey}]" + more);
  return with(text, "  - {step: key-generate", brought + "  - {step: key-generate");
}

ScriptStep step_of(const std::string& yaml, std::size_t index) {
  const auto script = CeremonyScript::parse(yaml, "s.yaml");
  EXPECT_TRUE(script) << (script ? "" : script.error().message);
  return script ? script.value().steps[index] : ScriptStep{};
}

TEST(CeremonyScript, SigningNamesAllThatItUses) {
  const ScriptStep plain = step_of(script_yaml(), 3);
  ASSERT_EQ(plain.ksks.size(), 1U);
  EXPECT_EQ(plain.ksks[0].from, base::Time::min());
  EXPECT_EQ(plain.ksks[0].until, base::Time::max());
  EXPECT_TRUE(plain.ksks[0].announced);
  EXPECT_EQ(plain.dialect, "ours");
  EXPECT_FALSE(plain.ds_at_parent);
  const Names files = {"policy.yaml", "old.skr", "keys", "signers", "kz.ksr.sig", "f", "e"};
  std::string whole = signing(
      ", policy: policy.yaml, previous: old.skr, register: keys, signers: signers, foreign: [f], "
      "emergency-for: [e], horizon: P9D, dialect: knot, ds-at-parent: yes, trust-anchor: a",
      files);
  whole = with(whole, "dnskey: ksk.dnskey}",
               "dnskey: ksk.dnskey, from: 2027-03-01T00:00:00Z, until: 2027-04-01T00:00:00Z, "
               "announce: no}");
  const ScriptStep step = step_of(whole, 3 + files.size());
  EXPECT_THAT(files_read(step),
              UnorderedElementsAre("kz.ksr", "policy.yaml", "old.skr", "keys", "signers",
                                   "kz.ksr.sig", "ksk.dnskey", "f", "e"));
  EXPECT_THAT(files_made(step), ElementsAre("kz.skr", "a"));
  EXPECT_EQ(step.ksks[0].until - step.ksks[0].from, std::chrono::days{31});
  EXPECT_FALSE(step.ksks[0].announced);
  EXPECT_EQ(step.horizon, "P9D");
  EXPECT_EQ(step.dialect, "knot");
  EXPECT_TRUE(step.ds_at_parent);
}

TEST(CeremonyScript, EachFileIsBroughtOrMadeBefore) {
  for (const char* more : {", policy: x", ", previous: x", ", register: x", ", signers: x",
                           ", foreign: [x]", ", emergency-for: [x]"}) {
    EXPECT_THAT(fault(signing(more)), HasSubstr("SCRIPT-ORDER: sign-ksr needs x")) << more;
  }
  EXPECT_THAT(fault(signing(", signers: x", {"x"})),
              HasSubstr("SCRIPT-ORDER: sign-ksr needs kz.ksr.sig"));
  EXPECT_THAT(fault(with(script_yaml(), "dnskey: ksk.dnskey", "dnskey: x")),
              HasSubstr("SCRIPT-ORDER"));
  EXPECT_THAT(fault(with(script_yaml(), "output: ksk.dnskey", "output: ksk.dnskey, policy: x")),
              HasSubstr("SCRIPT-ORDER: key-generate needs x"));
  EXPECT_THAT(fault(with(script_yaml(), "output: ksk.dnskey", "output: ksk.dnskey, register: x")),
              HasSubstr("SCRIPT-ORDER: key-generate needs x"));
  EXPECT_THAT(fault(signing(", trust-anchor: kz.ksr")), HasSubstr("SCRIPT-FILE"));
  EXPECT_THAT(fault(signing(", trust-anchor: ../a")), HasSubstr("SCRIPT-FILE"));
}

TEST(CeremonyScript, EmergencyFilesAreMadeByTheStepThatSaysSo) {
  const auto carried = [](const std::string& name,
                          const std::string& more = ", emergency-for: [e]") {
    return with(signing(more, {"e"}), "output, file: kz.skr", "output, file: " + name);
  };
  EXPECT_EQ(fault(carried("kz.skr.emergency-12345")), "");
  EXPECT_THAT(fault(carried("kz.skr.emergency-12345", "")), HasSubstr("SCRIPT-ORDER"));
  for (const char* none : {"kz.skr.emergency-", "kz.skr.emergency-123456", "kz.skr.emergency-x"}) {
    EXPECT_THAT(fault(carried(none)), HasSubstr("SCRIPT-ORDER")) << none;
  }
  EXPECT_THAT(fault(signing(", emergency-for: [e]", {"e", "kz.skr.emergency-1"})),
              HasSubstr("SCRIPT-FILE"));
  EXPECT_THAT(fault(signing(", emergency-for: [e]", {"e"}) + input("kz.skr.emergency-1")),
              HasSubstr("SCRIPT-FILE"));
}

// Catches: two names of a script that are one file on a disk with FAT.
TEST(CeremonyScript, NamesThatADiskMayTakeForOneAreOne) {
  for (const char* anchor : {"KZ.SKR", "kz.skr.", "Kz.Ksr..", "KSK.dnskey", "kz.skr"}) {
    EXPECT_THAT(fault(signing(std::string(", trust-anchor: ") + anchor)),
                HasSubstr("SCRIPT-FILE: " + std::string(anchor) + " is brought or made twice"));
  }
  EXPECT_EQ(fault(signing(", trust-anchor: .kz.skr")).find("twice"), std::string::npos);
  EXPECT_EQ(fault(signing(", trust-anchor: kz.skr.x")), "");
  for (const char* name : {"KZ.skr.emergency-1", "kz.skr.Emergency-12.", "kz.skr.EMERGENCY-1"}) {
    EXPECT_THAT(fault(signing(", emergency-for: [e]", {"e", name})), HasSubstr("SCRIPT-FILE"));
    EXPECT_THAT(fault(signing(", emergency-for: [e]", {"e"}) + input(name)),
                HasSubstr("SCRIPT-FILE"));
  }
}

TEST(CeremonyScript, ANameIsNotTooLong) {
  EXPECT_EQ(fault(signing(", trust-anchor: " + std::string(100, 'a'))), "");
  EXPECT_THAT(fault(signing(", trust-anchor: " + std::string(101, 'a'))),
              HasSubstr("must be a name of at most 100"));
}

TEST(CeremonyScript, ItsTokenIsNamed) {
  for (const char* output : {"output: ksk.dnskey", "output: kz.skr"}) {
    const std::string text = with(script_yaml(), std::string(output) + ", token: tld-ksk", output);
    EXPECT_THAT(fault(text), HasSubstr("token: is missing"));
  }
  ScriptStep step = step_of(script_yaml(), 3);
  EXPECT_EQ(step.token, "tld-ksk");
  EXPECT_TRUE(check_token_of(step, "tld-ksk", "17"));
  EXPECT_THAT(check_token_of(step, "mine", "17").error().message,
              StartsWith("SCRIPT-TOKEN: sign-ksr is for the token 'tld-ksk'; this is 'mine'"));
  step = step_of(with(script_yaml(), "tld-ksk}", "tld-ksk, token-serial: 0017}"), 2);
  EXPECT_EQ(step.token_serial, "0017");
  EXPECT_TRUE(check_token_of(step, "tld-ksk", "0017"));
  EXPECT_THAT(check_token_of(step, "tld-ksk", "17").error().message, StartsWith("SCRIPT-TOKEN"));
  EXPECT_FALSE(check_token_of(step, "tld-ksk.", "0017"));
}

TEST(CeremonyScript, FaultsOfTheirFieldsAreNamed) {
  const std::string all = script_yaml();
  EXPECT_THAT(fault(with(all, ", ksks: [{dnskey: ksk.dnskey}]", "")),
              HasSubstr("ksks: is missing"));
  EXPECT_THAT(fault(with(all, "[{dnskey: ksk.dnskey}]", "[]")),
              HasSubstr("must be a list, not empty"));
  for (const char* wrong : {"from: 2027", "until: tomorrow", "announce: maybe", "id: x",
                            "from: 2027-03-01T00:00:00Z, until: 2027-03-01T00:00:00Z"}) {
    const std::string ksk = std::string("dnskey: ksk.dnskey, ") + wrong + "}";
    EXPECT_THAT(fault(with(all, "dnskey: ksk.dnskey}", ksk)),
                HasSubstr("s.yaml:9: steps[3].ksks[0]"))
        << wrong;
  }
  for (const char* wrong : {", horizon: 9", ", dialect: bind", ", ds-at-parent: 1"}) {
    EXPECT_THAT(fault(signing(wrong)), HasSubstr("s.yaml:9: steps[3].")) << wrong;
  }
  EXPECT_THAT(fault(with(all, "output: ksk.dnskey", "output: ksk.dnskey, wrappable: 1")),
              HasSubstr("wrappable: must be yes or no"));
  EXPECT_EQ(
      step_of(with(all, "output: ksk.dnskey", "output: ksk.dnskey, wrappable: no"), 2).wrappable,
      std::optional(false));
  EXPECT_EQ(step_of(all, 2).wrappable, std::nullopt);
}

TEST(CeremonyScript, ItsActsAreThoseOfItsSteps) {
  const auto script = CeremonyScript::parse(script_yaml(), "s.yaml");
  EXPECT_THAT(script.value().acts(), ElementsAre("ceremony", "key-generate", "activation"));
}

TEST(CeremonyScript, ItsPeopleAreThereAndEnough) {
  CeremonyScript script = CeremonyScript::parse(script_yaml(), "s.yaml").value();
  const auto refusal = [&script](const People& people) {
    const auto status = check_people(script, people, people_time);
    return status ? "" : status.error().message;
  };
  People people = people_from(six_people());
  EXPECT_EQ(refusal(people), "");
  std::ranges::find(people.people, "ben", &Person::name)->expires = people_time;
  EXPECT_EQ(refusal(people), "") << "bob is an operator too";
  people.quorum["activation"].total = 4;
  EXPECT_THAT(refusal(people), HasSubstr("SCRIPT-PEOPLE: activation asks for 4 people"));
  people = people_from(six_people());
  people.quorum["ceremony"].observers = 2;
  EXPECT_EQ(refusal(people), "");
  std::ranges::find(people.people, "win", &Person::name)->expires = people_time;
  EXPECT_THAT(refusal(people), HasSubstr("2 observers; valid at"));
  people = people_from(six_people());
  std::ranges::find(people.people, "ben", &Person::name)->expires = people_time;
  script.steps[0].people = {"ann"};
  std::ranges::find(people.people, "bob", &Person::name)->expires = people_time;
  EXPECT_THAT(refusal(people), HasSubstr("SCRIPT-PEOPLE: ceremony asks for 2 people"));
  script.steps[0].people = {"ann", "bob"};
  EXPECT_THAT(refusal(people), HasSubstr("SCRIPT-PEOPLE: bob is crypto-operator from"));
  script.steps[0].people = {"ann", "eve"};
  EXPECT_THAT(refusal(people), HasSubstr("SCRIPT-PEOPLE: nobody is called eve"));
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

// Nothing that a step writes down may be too long for its line.
TEST(CeremonyScript, ItsSizeIsBounded) {
  const std::string all = script_yaml();
  const auto names = [](int count, std::size_t size) {
    std::string list;
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(100 + i);
      list += (list.empty() ? "" : ", ") + number + std::string(size - number.size(), 'x');
    }
    return "[" + list + "]";
  };
  std::string many = all;
  for (int i = 0; i < 500; ++i) many += "  - {step: read-aloud, text: more}\n";
  EXPECT_THAT(fault(many), HasSubstr("SCRIPT-SIZE: steps: 506, more than 500"));
  EXPECT_THAT(fault(with(all, "KSK ceremony 1", std::string(2001, 'x'))),
              HasSubstr("SCRIPT-SIZE: octets of the title"));
  EXPECT_EQ(fault(with(all, "the sums", std::string(2000, 'x'))), "");
  EXPECT_THAT(fault(with(all, "the sums", std::string(2001, 'x'))), HasSubstr("SCRIPT-SIZE"));
  EXPECT_THAT(fault(with(all, "[ann, bob, wit]", names(101, 3))), HasSubstr("SCRIPT-SIZE: people"));
  EXPECT_THAT(fault(all + std::string((256 << 10) + 1, '#')), HasSubstr("SCRIPT-SIZE"));
  CeremonyScript script;
  script.steps.resize(1);
  script.steps[0].foreign.assign(100, "x");
  EXPECT_TRUE(check_size(script));
  script.steps[0].foreign.emplace_back("x");
  EXPECT_THAT(check_size(script).error().message, HasSubstr("files of a step: 101"));
  script.steps[0].foreign.assign(90, std::string(200, 'x'));
  EXPECT_THAT(check_size(script).error().message, HasSubstr("a step's files"));
  script.steps[0].foreign.clear();
  script.steps[0].emergency_for.assign(50, "x");
  EXPECT_TRUE(check_size(script));
  const ScriptStep step = script.steps[0];
  script.steps.resize(5, step);
  EXPECT_THAT(check_size(script).error().message, HasSubstr("all that is made"));
}

}  // namespace
}  // namespace tld::keys
