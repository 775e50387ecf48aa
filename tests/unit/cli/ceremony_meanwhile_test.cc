// SPDX-License-Identifier: GPL-2.0-only
//
// What changes while the room is asked: what is signed is what was compared and approved, and what
// was done is said although its records cannot be written.
#include <fmt/format.h>

#include <filesystem>

#include "tests/unit/cli/held_ceremony.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::HeldCeremony;
using ::testing::Not;
using testing::Outcome;

class CeremonyMeanwhile : public HeldCeremony {};

// Catches: what was compared is not what is signed.
TEST_F(CeremonyMeanwhile, AFileThatChangesMeanwhileIsFound) {
  write("script.yaml", script(signing_steps(asking("the inputs"))));
  const Outcome changed =
      hold_while(approvals(), {{"begin", ":"}, {"ksk.dnskey", "echo >>room/ksk.dnskey"}});
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_THAT(transcript(), HasSubstr("sign-ksr: failed: SCRIPT-SHA256: ksk.dnskey"));
  EXPECT_FALSE(exists("room/kz.skr"));
  write("room/ksk.dnskey", read("ksk.dnskey"));
  fs::remove(path("transcript"));
  const Outcome placed =
      hold_while(approvals(), {{"begin", ":"}, {"ksk.dnskey", "echo x >room/kz.skr"}});
  EXPECT_EQ(placed.exit_code, 1);
  EXPECT_THAT(transcript(), HasSubstr("sign-ksr: failed: SCRIPT-FILE"));
  EXPECT_EQ(read("room/kz.skr"), "x\n");
}

// Catches: the token that was looked at before is not the one in which the key is made.
TEST_F(CeremonyMeanwhile, ATokenThatIsExchangedMeanwhileDoesNothing) {
  write("script.yaml", script(generating("ksk, token-serial: x")));
  const std::string why = hold(approvals({"ceremony", "key-generate"})).err;
  const std::size_t at = why.rfind("serial ");
  ASSERT_NE(at, std::string::npos) << why;
  const std::string serial = why.substr(at + 7, why.find_first_of("\n ", at + 7) - at - 7);
  write("script.yaml", script(asking("one") + generating("ksk, token-serial: '" + serial + "'")));
  const Outcome changed =
      hold_while(approvals({"ceremony", "key-generate"}),
                 {{"begin", ":"},
                  {"people",
                   "{ softhsm2-util --delete-token --token ksk; softhsm2-util --init-token --free "
                   "--label ksk --pin 1234 --so-pin 5678; } >/dev/null"}});
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_THAT(transcript(), HasSubstr("key-generate: failed: SCRIPT-TOKEN"));
  EXPECT_FALSE(exists("room/new.dnskey"));
  EXPECT_THAT(tldctl({"key", "list", "--token", ksk_token_, "--json"}).out,
              Not(HasSubstr("\"id\"")));
}

// Catches: a script that waits in the room for people who were replaced.
TEST_F(CeremonyMeanwhile, PeopleWhoAreReplacedMeanwhileHaveNotApproved) {
  std::string next = people_ + person("kim", "SO");
  next.erase(next.find("  - {name: ann"),
             next.find("  - {name: amy") - next.find("  - {name: ann"));
  write("next.yaml",
        fmt::format("version: 2\nprevious: {}\nobserver-first: no\n{}", sum("people.yaml"), next));
  const std::string adopt =
      fmt::format("{} people adopt next.yaml --audit-log log --approval {} {} >adopted 2>&1",
                  TLD_BINARY_DIR "/cli/tldctl", approved("amy", "next.yaml", "people-adopt"),
                  approved("ben", "next.yaml", "people-adopt"));
  write("script.yaml", script(asking("one") + signing_steps()));
  const Outcome changed = hold_while(approvals(), {{"begin", ":"}, {"people", adopt}});
  EXPECT_EQ(changed.exit_code, 1) << read("adopted");
  EXPECT_THAT(transcript(), HasSubstr("ceremony.ann: APPROVAL-PERSON: nobody is called ann"));
  EXPECT_FALSE(exists("room/kz.skr"));
}

// --- its records ---

class CeremonyRecords : public HeldCeremony {
 protected:
  CeremonyRecords() {
    fs::create_directory(path("folder"));
    transcript_ = "folder/t";
    write("script.yaml", script(signing_steps(asking("before")) + asking("after")));
  }
  // The shell's commands: `before` the KSK signs.
  Outcome hold_and(const std::string& before) const {
    return hold_while(approvals(), {{"", ":"}, {"ksk.dnskey", before}, {"", ":"}});
  }
  Outcome hold_and_sign_and(const std::string& after) const {
    return hold_while(approvals(), {{"", ":"}, {"", ":"}, {"signed by", after}});
  }
  // Of the transcript that lies there.
  std::string head_of(const std::string& name) const {
    const std::string text = read(name);
    const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
    write(".fixture/line", text.substr(last, text.size() - last - 1));
    return sum(".fixture/line");
  }
};

TEST_F(CeremonyRecords, ATranscriptThatIsMovedAwayEndsItBeforeTheNextStep) {
  const Outcome moved = hold_and("mv folder/t folder/u");
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
TEST_F(CeremonyRecords, AFolderThatBecomesALoopEndsItToo) {
  const Outcome looped = hold_and("mv folder away; ln -s folder folder");
  EXPECT_EQ(looped.exit_code, 1);
  EXPECT_THAT(looped.err, HasSubstr("TRANSCRIPT-MOVED"));
  EXPECT_FALSE(exists("room/kz.skr"));
  EXPECT_THAT(looped.out, HasSubstr("  head  " + head_of("away/t")));
  EXPECT_EQ(last_entry().at("type"), "ceremony");
  EXPECT_EQ(last_entry().at("result"), "failed");
}

TEST_F(CeremonyRecords, AnEndThatTheLogDoesNotTakeIsSaid) {
  const Outcome done = hold_and_sign_and("mv log/head head");
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.err, HasSubstr("it was done, and is not in the audit log"));
  EXPECT_THAT(done.out, HasSubstr("  head  " + head_of("folder/t")));
  EXPECT_TRUE(exists("room/kz.skr"));
}

TEST_F(CeremonyRecords, AStoppedOneThatTheLogDoesNotTakeIsSaidToo) {
  const Outcome stopped = hold_and_sign_and("mv log/head head; echo stop: the sums differ >&3");
  EXPECT_EQ(stopped.exit_code, 3);
  EXPECT_THAT(stopped.err, HasSubstr("stopped: the sums differ"));
  EXPECT_THAT(stopped.err, HasSubstr("made before, and there: kz.skr"));
  EXPECT_THAT(stopped.err, HasSubstr("and this is not in the audit log"));
  EXPECT_THAT(stopped.out, HasSubstr("  head  " + head_of("folder/t")));
}

}  // namespace
}  // namespace tld::cli
