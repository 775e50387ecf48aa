// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony as its script says it: all of it, or nothing, and a transcript of what was done.
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "tests/unit/cli/held_ceremony.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::HeldCeremony;
using ::testing::Not;
using testing::Outcome;
using testing::plus;
using testing::Words;

class CeremonyHold : public HeldCeremony {
 protected:
  // Each file with what is in it but the audit log, and the token's keys.
  std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(path(""))) {
      const std::string name = fs::relative(entry.path(), path("")).string();
      const bool is_ours = name.starts_with(".fixture") || name.starts_with("log");
      if (!is_ours) all[name] = entry.is_regular_file() ? read(name) : "";
    }
    all["token"] = tldctl({"key", "list", "--token", ksk_token_}).out;
    return all;
  }
  void nothing_by(const Words& approvals, const char* why) const {
    const auto before = everything();
    const Outcome outcome = hold(approvals);
    EXPECT_EQ(outcome.exit_code, 1) << why;
    EXPECT_THAT(outcome.err, HasSubstr(why));
    EXPECT_TRUE(everything() == before) << why;
    EXPECT_EQ(last_entry().at("type"), "ceremony");
    EXPECT_EQ(last_entry().at("result"), "refused");
    EXPECT_THAT(last_entry().at("detail").at("reason"), HasSubstr(why));
  }
};

// From the KSK's making to the file that the server takes.
TEST_F(CeremonyHold, TheWholeCeremony) {
  const std::string emergency = fmt::format("kz.skr.emergency-{}", key("zsk.dnskey").key_tag());
  write("room/policy.yaml", "algorithm: ECDSAP256SHA256\n");
  write("room/signers", "operators namespaces=\"tld-ksr\" " + read("ben.pub"));
  const std::string sign = "ssh-keygen -q -Y sign -n tld-ksr -f " + path("ben") + " ";
  ASSERT_EQ(std::system((sign + path("room/kz.ksr") + " 2>/dev/null").c_str()), 0);
  std::string steps = generating("ksk");
  for (const char* file : {"kz.ksr", "kz.ksr.sig", "signers", "policy.yaml", "zsk.dnskey"}) {
    steps += step_input(file);
  }
  write(
      "script.yaml",
      script(steps +
             "  - {step: sign-ksr, file: kz.ksr, output: kz.skr, token: ksk, policy: policy.yaml, "
             "signers: signers, emergency-for: [zsk.dnskey], trust-anchor: anchor, "
             "ksks: [{dnskey: new.dnskey}]}\n"
             "  - {step: output, file: " +
             emergency +
             "}\n  - {step: output, file: kz.skr}\n"
             "  - {step: read-aloud, text: the sums}\n"));
  const Outcome held =
      hold(approvals({"ceremony", "key-generate", "activation"}),
           "\nnote: " + std::string(1001, 'x') + "\nno\nnote: all agree \x1b[31m\n");
  ASSERT_EQ(held.exit_code, 0) << held.err;
  EXPECT_THAT(held.err, HasSubstr("ann, bob"));
  EXPECT_THAT(held.err, HasSubstr("not understood, nothing is done"));
  EXPECT_THAT(held.err, HasSubstr("    kz.skr  SHA-256 " + sum("room/kz.skr")));
  const auto entry = last_entry();
  EXPECT_EQ(entry.at("result"), "done");
  EXPECT_EQ(entry.at("approvals").size(), 6U);
  for (const char* file : {"new.dnskey", "kz.skr", "anchor"}) {
    EXPECT_EQ(entry.at("detail").at(std::string("sha256-of-") + file),
              sum(std::string("room/") + file));
  }
  const std::string told = transcript();
  EXPECT_THAT(held.out, HasSubstr(told));
  EXPECT_THAT(held.out, HasSubstr(entry.at("detail").at("transcript-head").get<std::string>()));
  EXPECT_THAT(told, HasSubstr("read-aloud: done: all agree ?[31m\n"));
  EXPECT_THAT(told, HasSubstr("in   kz.ksr  SHA-256 " + sum("kz.ksr")));
  EXPECT_THAT(told, HasSubstr("out  " + emergency + "  SHA-256 " + sum("room/" + emergency)));
  EXPECT_THAT(told, HasSubstr("key-generate: done: token 'ksk', serial "));
  EXPECT_THAT(told, HasSubstr("sign-ksr: done: token 'ksk', serial "));
  EXPECT_THAT(told, HasSubstr(", module /usr/lib/softhsm/libsofthsm2.so; KSK "));
  EXPECT_THAT(told, HasSubstr(", wrappable: no, id "));
  EXPECT_THAT(held.err, HasSubstr("    previous:      none: this is the first ceremony\n"));
  EXPECT_THAT(held.err, HasSubstr("\n  token 'ksk', serial "));
  EXPECT_THAT(told, HasSubstr("; the request is signed by operators\n"));
  EXPECT_THAT(told, HasSubstr("ended: done\n"));
  EXPECT_THAT(read("log/audit-000001.jsonl"), HasSubstr("\"script\":\"" + sum("script.yaml")));
  EXPECT_THAT(read("log/audit-000001.jsonl"), HasSubstr("\"token\":\"ksk\""));
  write("new.skr", read("room/kz.skr"));
  EXPECT_EQ(import({"--first"}).exit_code, 0);
  EXPECT_EQ(installed().slots().front().dnskeys.size(), 3U);
  EXPECT_EQ(key("room/anchor"), key("room/new.dnskey"));
}

TEST_F(CeremonyHold, NothingIsDoneWithoutItsPeople) {
  write("script.yaml", script(signing_steps()));
  const Words all = approvals();
  const Words without_one = {all[0], all[1], all[2]};
  nothing_by({}, "APPROVAL-QUORUM: ceremony");
  nothing_by(without_one, "APPROVAL-QUORUM: activation");
  nothing_by(plus(without_one, {approved("old", "script.yaml", "activation")}),
             "APPROVAL-PERSON-EXPIRED");
  nothing_by(plus(without_one, {approved("ben", "script.yaml", "activation", "eve")}),
             "APPROVAL-SIGNATURE");
  nothing_by(plus(all, {approved("ann", "script.yaml", "key-generate")}), "APPROVAL-OTHER-ACT");
  nothing_by({approved("amy", "script.yaml"), all[1], all[2], all[3]}, "SCRIPT-PEOPLE: ann");
  write("script.yaml", script(signing_steps() + "  - {step: read-aloud, text: more}\n"));
  nothing_by(all, "APPROVAL-OTHER-OBJECT");
}

// Catches: approvals of one act that serve twice because those of another are fresh.
TEST_F(CeremonyHold, NothingIsDoneByAReplayedApproval) {
  write("script.yaml", script(signing_steps()));
  const Words first = approvals();
  ASSERT_EQ(hold(first).exit_code, 0);
  fs::remove(path("room/kz.skr"));
  fs::remove(path("transcript"));
  const Words fresh = approvals({"ceremony"});
  nothing_by({fresh[0], fresh[1], first[2], first[3]}, "APPROVAL-REPLAYED");
}

TEST_F(CeremonyHold, NothingIsDoneWithOtherFilesOrAtAnotherTime) {
  write("script.yaml", script(signing_steps()));
  const Words all = approvals();
  write("room/kz.ksr", read("kz.ksr") + "\n");
  nothing_by(all, "SCRIPT-SHA256: kz.ksr");
  fs::remove(path("room/kz.ksr"));
  nothing_by(all, "room/kz.ksr");
  write("room/kz.ksr", read("kz.ksr"));
  fs::create_symlink("nowhere", path("room/kz.skr"));
  nothing_by(all, "SCRIPT-FILE");
  fs::remove(path("room/kz.skr"));
  write("transcript", "");
  nothing_by(all, "transcript is there already");
  fs::remove(path("transcript"));
  write("script.yaml", script(signing_steps(), "2098-01-01T00:00:00Z"));
  nothing_by(approvals(), "SCRIPT-DATES");
  write("script.yaml", script(signing_steps(), "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"));
  nothing_by(approvals(), "SCRIPT-DATES");
  write(
      "script.yaml",
      script("  - {step: key-generate, role: zsk, algorithm: RSASHA256, output: z, token: zsk}\n"));
  nothing_by(approvals({"ceremony", "key-generate"}), "--zsk-token");
}

TEST_F(CeremonyHold, NobodyWasAdoptedOrThereIsNoLog) {
  write("script.yaml", script(signing_steps()));
  const Words all = {"ceremony",          "hold",         "--script",
                     path("script.yaml"), "--transcript", path("transcript")};
  const Outcome alone = tldctl(plus(all, {"--audit-log", path("none")}));
  EXPECT_EQ(alone.exit_code, 3);
  EXPECT_EQ(tldctl({"audit", "init", "--audit-log", path("second")}).exit_code, 0);
  const Outcome unknown = tldctl(plus(all, {"--audit-log", path("second")}));
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("has adopted nobody"));
  EXPECT_FALSE(exists("transcript"));
}

TEST_F(CeremonyHold, TheRoomStopsIt) {
  write("script.yaml", script(asking("one") + signing_steps()));
  const Outcome stopped = hold(approvals(), "\nSTOP: the sums differ\n");
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("stopped: the sums differ"));
  EXPECT_THAT(transcript(), HasSubstr("read-aloud: stopped: stopped: the sums differ\n"));
  EXPECT_THAT(transcript(), HasSubstr("ended: stopped\n"));
  EXPECT_EQ(last_entry().at("result"), "failed");
  EXPECT_FALSE(exists("room/kz.skr"));
  fs::remove(path("transcript"));
  const Outcome ended = hold(approvals(), "");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(transcript(), HasSubstr("people: stopped: stopped: end of input\n"));
}

// --- its token ---

TEST_F(CeremonyHold, ATokenOfAnotherNameOrSerialDoesNothing) {
  const std::string ksk = ksk_token_;
  ksk_token_ = make_token("mine");
  write("script.yaml", script(signing_steps()));
  nothing_by(approvals(), "SCRIPT-TOKEN: sign-ksr is for the token 'ksk'; this is 'mine', serial ");
  write("script.yaml", script(generating("ksk")));
  nothing_by(approvals({"ceremony", "key-generate"}), "SCRIPT-TOKEN: key-generate is for");
  ksk_token_ = ksk;
  write("script.yaml", script(generating("ksk, token-serial: x")));
  nothing_by(approvals({"ceremony", "key-generate"}),
             "SCRIPT-TOKEN: key-generate is for the token 'ksk', serial x; this is 'ksk', serial ");
}

TEST_F(CeremonyHold, AStepThatFailsLeavesAWholeTranscript) {
  make_key(zsk_token_, "ksk");  // another token's
  write("room/other.dnskey", read("ksk.dnskey"));
  write("script.yaml",
        script("  - {step: key-generate, role: ksk, algorithm: ECDSAP256SHA256, output: "
               "new.dnskey, token: ksk}\n" +
               step_input("kz.ksr") + step_input("other.dnskey") +
               "  - {step: sign-ksr, file: kz.ksr, output: kz.skr, token: ksk, ksks: [{dnskey: "
               "other.dnskey}]}\n  - {step: output, file: kz.skr}\n"));
  const Outcome failed = hold(approvals({"ceremony", "key-generate", "activation"}));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("CEREMONY-KSK"));
  EXPECT_THAT(failed.err, HasSubstr("made before, and there: new.dnskey"));
  const std::string told = transcript();
  EXPECT_THAT(told, HasSubstr("sign-ksr: failed: CEREMONY-KSK"));
  EXPECT_THAT(told, HasSubstr("ended: failed\n"));
  EXPECT_THAT(told, Not(HasSubstr("output")));
  EXPECT_THAT(last_entry().at("detail").at("reason"), HasSubstr("CEREMONY-KSK"));
  EXPECT_EQ(last_entry().at("detail").at("sha256-of-new.dnskey"), sum("room/new.dnskey"));
  EXPECT_FALSE(exists("room/kz.skr"));
}

TEST_F(CeremonyHold, ARetiredKskSignsNothing) {
  const Words zone = {"--zone",        "kz.",      "--register",
                      path("kz.keys"), "--dnskey", path("ksk.dnskey")};
  ASSERT_EQ(tldctl(plus(plus({"keys", "add"}, zone), {"--id", ksk_id_})).exit_code, 0);
  const Outcome retired = tldctl(plus(plus({"key", "retire"}, zone), {"--token", ksk_token_}));
  ASSERT_EQ(retired.exit_code, 0) << retired.err;
  write("script.yaml", script(signing_steps()));
  EXPECT_EQ(hold(approvals()).exit_code, 1);
  EXPECT_THAT(transcript(), HasSubstr("sign-ksr: failed: KEY-RETIRED"));
  EXPECT_FALSE(exists("room/kz.skr"));
}

TEST_F(CeremonyHold, NoTranscriptBecomesALine) {
  write("script.yaml", script(signing_steps()));
  transcript_ = "log/audit-000002.jsonl";
  const Outcome refused = hold(approvals());
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("AUDIT-PLACE"));
  EXPECT_FALSE(exists("log/audit-000002.jsonl"));
  EXPECT_EQ(last_entry().at("result"), "refused");
  EXPECT_EQ(tldctl(plus({"audit", "verify"}, log_)).exit_code, 0);
}

TEST_F(CeremonyHold, CheckShowsWhatItsPeopleApprove) {
  const Words check = {"ceremony", "check", path("script.yaml")};
  write("script.yaml", script(signing_steps()));
  const Outcome good = tldctl(plus(check, log_));
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("SHA-256  " + sum("script.yaml")));
  for (const char* act : {"ceremony", "activation"}) {
    EXPECT_THAT(good.out,
                HasSubstr(fmt::format("tldctl approve {0} {1} --zone kz. --output {1}.{0}.NAME",
                                      act, path("script.yaml"))));
  }
  EXPECT_THAT(good.out, HasSubstr("        ksks:          ksk.dnskey, in each slot, announced\n"));
  EXPECT_THAT(good.out, HasSubstr("the people adopted here can hold it"));
  EXPECT_EQ(tldctl(plus(plus(check, {"--json"}), log_)).json().at("acts"),
            nlohmann::json({"ceremony", "activation"}));
  const auto fields =
      tldctl(plus(plus(check, {"--json"}), log_)).json().at("steps").at(3).at("fields");
  EXPECT_TRUE(fields.at("previous").is_null());
  EXPECT_EQ(fields.at("dialect"), "ours");
  EXPECT_EQ(fields.at("ksks").at(0).at("dnskey"), "ksk.dnskey");
  std::string other = script(signing_steps());
  other.replace(other.find("bob"), 3, "old");
  write("script.yaml", other);
  const Outcome wrong = tldctl(plus(check, log_));
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("SCRIPT-PEOPLE: old"));
}

// Catches: a field that decides what is done and is not shown to who approves it.
TEST_F(CeremonyHold, CheckShowsEachField) {
  std::string steps = step_input("kz.ksr");
  for (const char* name : {"p", "r", "old", "who", "kz.ksr.sig", "f", "e"}) {
    write(std::string("room/") + name, name);
    steps += step_input(name);
  }
  steps += generating("ksk, token-serial: 12ab, wrappable: yes, policy: p, register: r");
  write("script.yaml",
        script(steps +
               "  - {step: sign-ksr, file: kz.ksr, output: kz.skr, token: ksk, ksks: [{dnskey: "
               "new.dnskey, from: 2027-01-01T00:00:00Z, until: 2028-01-01T00:00:00Z, announce: "
               "no}], policy: p, previous: old, register: r, signers: who, foreign: [f], "
               "emergency-for: [e], horizon: P3650D, dialect: knot, ds-at-parent: yes, "
               "trust-anchor: anchor}\n"));
  const Outcome shown = tldctl(plus({"ceremony", "check", path("script.yaml")}, log_));
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  for (const char* line :
       {"role:          ksk", "algorithm:     ECDSAP256SHA256", "token:         ksk",
        "token-serial:  12ab", "output:        new.dnskey", "wrappable:     yes: the key can leave",
        "file:          kz.ksr", "token-serial:  not given: any", "previous:      old",
        "register:      r", "policy:        p", "signers:       who", "foreign:       f",
        "emergency-for: e", "horizon:       P3650D", "dialect:       knot", "ds-at-parent:  yes",
        "trust-anchor:  anchor",
        "ksks:          new.dnskey from 2027-01-01T00:00:00Z until 2028-01-01T00:00:00Z, not "
        "ann"}) {
    EXPECT_THAT(shown.out, HasSubstr(std::string("        ") + line));
  }
}

TEST_F(CeremonyHold, NothingThatATerminalObeysIsInAComplaint) {
  std::string text = script(asking("one"));
  text.replace(text.find("read-aloud"), 10, "\"x\\e]0;evil\\a\\e[31m\\u202e\"");
  write("script.yaml", text);
  const Outcome wrong = tldctl({"ceremony", "check", path("script.yaml")});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("x?]0;evil??[31m?"));
  EXPECT_THAT(wrong.err, Not(HasSubstr("\x1b")));
  const Outcome usage = tldctl({"zone", "\x9b\x1b[31m"});
  EXPECT_EQ(usage.exit_code, 2);
  EXPECT_THAT(usage.err, HasSubstr("??[31m"));
}

}  // namespace
}  // namespace tld::cli
