// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony whose records cannot be written as they should: what was done is said all the same.
#include <fmt/format.h>

#include <filesystem>

#include "tests/unit/cli/ceremony_people.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::PeoplesCeremony;
using testing::plus;
using testing::Words;

class CeremonyFaults : public PeoplesCeremony {
 protected:
  CeremonyFaults() {
    fs::create_directory(path("room"));
    fs::create_directory(path("folder"));
    EXPECT_EQ(request({"--zsk", path("zsk.dnskey")}).exit_code, 0);
    for (const char* file : {"kz.ksr", "ksk.dnskey"}) {
      write(std::string("room/") + file, read(file));
    }
  }
  std::string input(const std::string& name) const {
    return fmt::format("  - {{step: input, file: {}, sha256: {}}}\n", name, sum("room/" + name));
  }
  // The room is asked before the KSK signs and after it.
  std::string script(const std::string& title = "KSK ceremony 1") const {
    return "zone: kz.\ntitle: " + title +
           "\nnot-before: 2020-01-01T00:00:00Z\nnot-after: 2099-01-01T00:00:00Z\nsteps:\n"
           "  - {step: people, people: [ann, bob]}\n" +
           input("kz.ksr") + input("ksk.dnskey") +
           "  - {step: read-aloud, text: before}\n"
           "  - {step: sign-ksr, file: kz.ksr, output: kz.skr, token: ksk, ksks: [{dnskey: "
           "ksk.dnskey}]}\n"
           "  - {step: read-aloud, text: after}\n";
  }
  Words words(const std::string& transcript) const {
    Words all = {"ceremony",    "hold",       "--script",     path("script.yaml"),
                 "--directory", path("room"), "--transcript", path(transcript),
                 "--ksk-token", ksk_token_,   "--approval"};
    for (const char* act : {"ceremony", "activation"}) {
      for (const char* name : {"ann", "bob"}) all.push_back(approved(name, "script.yaml", act));
    }
    return plus(all, log_);
  }
  // `commands` of the shell, in the test's directory, run when the transcript has both inputs; then
  // all questions are answered by Enter.
  Outcome hold_while(const std::string& commands) const {
    write("script.yaml", script());
    const std::string writer =
        "exec 3>room.fifo; echo >&3; " + wait_for("ksk.dnskey") + commands + "; echo >&3; echo >&3";
    return tldctl(words("folder/t"), "mkfifo room.fifo; ( " + writer + " ) &", "<room.fifo");
  }
  static std::string wait_for(const std::string& text) {
    return fmt::format(
        "n=0; until grep -qs '{}' folder/t || [ $n -gt 30000 ]; do sleep 0.01; n=$((n+1)); done; ",
        text);
  }
  std::string head_of(const std::string& name) const {
    const std::string text = read(name);
    const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
    write(".fixture/line", text.substr(last, text.size() - last - 1));
    return sum(".fixture/line");
  }
};

TEST_F(CeremonyFaults, ATranscriptThatIsMovedAwayEndsItBeforeTheNextStep) {
  const Outcome moved = hold_while("mv folder/t folder/u");
  EXPECT_EQ(moved.exit_code, 1);
  EXPECT_THAT(moved.err, HasSubstr("TRANSCRIPT-MOVED"));
  EXPECT_FALSE(exists("room/kz.skr"));
  EXPECT_FALSE(exists("folder/t"));
  // It is whole where it is, and its head is on the screen and in the log.
  EXPECT_THAT(moved.out, HasSubstr("  head  " + head_of("folder/u")));
  EXPECT_EQ(last_entry().at("type"), "ceremony");
  EXPECT_EQ(last_entry().at("result"), "failed");
  EXPECT_EQ(last_entry().at("detail").at("transcript-head"), head_of("folder/u"));
  const Outcome shown =
      tldctl({"audit", "transcript", path("folder/u"), "--head", head_of("folder/u")});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("failed: TRANSCRIPT-MOVED"));
}

// Catches: a call of std::filesystem that throws, and an act that stays begun.
TEST_F(CeremonyFaults, AFolderThatBecomesALoopEndsItToo) {
  const Outcome looped = hold_while("mv folder away; ln -s folder folder");
  EXPECT_EQ(looped.exit_code, 1);
  EXPECT_THAT(looped.err, HasSubstr("TRANSCRIPT-MOVED"));
  EXPECT_FALSE(exists("room/kz.skr"));
  EXPECT_THAT(looped.out, HasSubstr("  head  " + head_of("away/t")));
  EXPECT_EQ(last_entry().at("type"), "ceremony");
  EXPECT_EQ(last_entry().at("result"), "failed");
}

TEST_F(CeremonyFaults, AnEndThatTheLogDoesNotTakeIsSaid) {
  const Outcome done = hold_while("echo >&3; " + wait_for("signed by") + "mv log/head head");
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.err, HasSubstr("it was done, and is not in the audit log"));
  EXPECT_THAT(done.out, HasSubstr("  head  " + head_of("folder/t")));
  EXPECT_TRUE(exists("room/kz.skr"));
}

TEST_F(CeremonyFaults, AStoppedOneThatTheLogDoesNotTakeIsSaidToo) {
  const Outcome stopped = hold_while("echo >&3; " + wait_for("signed by") +
                                     "mv log/head head; echo stop: the sums differ >&3");
  EXPECT_EQ(stopped.exit_code, 3);
  EXPECT_THAT(stopped.err, HasSubstr("stopped: the sums differ"));
  EXPECT_THAT(stopped.err, HasSubstr("made before, and there: kz.skr"));
  EXPECT_THAT(stopped.err, HasSubstr("and this is not in the audit log"));
  EXPECT_THAT(stopped.out, HasSubstr("  head  " + head_of("folder/t")));
}

TEST_F(CeremonyFaults, NoTranscriptBecomesALine) {
  write("script.yaml", script());
  const Outcome refused = tldctl(words("log/audit-000002.jsonl"));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("AUDIT-PLACE"));
  EXPECT_FALSE(exists("log/audit-000002.jsonl"));
  EXPECT_EQ(last_entry().at("result"), "refused");
  EXPECT_EQ(tldctl(plus({"audit", "verify"}, log_)).exit_code, 0);
}

TEST_F(CeremonyFaults, NothingThatATerminalObeysIsInAComplaint) {
  std::string text = script();
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
