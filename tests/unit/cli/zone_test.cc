// SPDX-License-Identifier: GPL-2.0-only
//
// init, zone import, export, check.
#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::is_one_complaint;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

const std::string head =
    "$TTL 3600\n"
    "@ IN SOA ns.nic hostmaster.nic 7 3600 900 604800 3600\n"
    "@ IN NS ns.nic\n"
    "ns.nic IN A 192.0.2.1\n";
const std::string good = head + "secure IN NS ns.example.\nsecure IN DS 1 13 2 " +
                         std::string(64, 'a') + "\nopen IN NS ns.example.\n";

class ZoneTest : public testing::TldctlTest {
 protected:
  Outcome import(const std::string& content, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {
        "zone", "import", "--store", path("store"), "--zone", "kz.", write("kz.zone", content)};
    words.insert(words.end(), more.begin(), more.end());
    return tldctl(words);
  }
  Outcome exported() {
    return tldctl({"zone", "export", "--store", path("store"), "--zone", "kz."});
  }
};

TEST_F(ZoneTest, InitMakesAStoreOnce) {
  const Outcome made = tldctl({"store", "init", "--store", path("store"), "--json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(made.json().at("store"), path("store"));
  const std::string before = read("store");
  const Outcome again = tldctl({"store", "init", "--store", path("store")});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(again.err));
  EXPECT_EQ(read("store"), before);
}

TEST_F(ZoneTest, InitNeverTouchesAnotherFile) {
  write("precious", "data");
  EXPECT_EQ(tldctl({"store", "init", "--store", path("precious")}).exit_code, 1);
  EXPECT_EQ(read("precious"), "data");
}

TEST_F(ZoneTest, ImportedZoneComesOutAgain) {
  make_store();
  const Outcome imported = import(good);
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.out, AllOf(HasSubstr("serial 7"), HasSubstr("records read      6")));
  EXPECT_THAT(imported.err, Not(HasSubstr("tldctl:")));
  const std::string first = exported().out;
  EXPECT_THAT(first, StartsWith("kz.\t3600\tIN\tSOA\t"));
  EXPECT_EQ(import(first).exit_code, 0);
  EXPECT_EQ(exported().out, first);
}

TEST_F(ZoneTest, ImportCountsWhatItDrops) {
  make_store();
  const std::string rrsig = "open IN RRSIG NS 13 2 3600 20260104000000 20260101000000 7 kz. AAAA\n";
  const Outcome imported =
      import(good + rrsig + "@ IN NSEC3PARAM 1 0 0 -\nopen IN NS ns.example.\n", {"--json"});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  const auto json = imported.json();
  EXPECT_EQ(json.at("zone"), "kz.");
  EXPECT_EQ(json.at("serial"), 7);
  EXPECT_EQ(json.at("dropped"), nlohmann::json({{"RRSIG", 1}, {"NSEC3PARAM", 1}}));
  EXPECT_EQ(json.at("duplicates"), 1);
  EXPECT_EQ(json.at("passed"), true);
  EXPECT_THAT(import(good + rrsig).out, HasSubstr("1 RRSIG"));
}

// All or nothing: what was there before is there after a refused import.
TEST_F(ZoneTest, RefusedImportChangesNothing) {
  make_store();
  ASSERT_EQ(import(good).exit_code, 0);
  const std::string before = exported().out;
  const Outcome syntax = import(good + "x IN A 1.2.3\ny IN BOGUS z\n");
  EXPECT_EQ(syntax.exit_code, 1);
  EXPECT_THAT(syntax.err, AllOf(HasSubstr("kz.zone:8: "), HasSubstr("kz.zone:9: "),
                                HasSubstr("\ntldctl: zone import: ")));
  EXPECT_THAT(syntax.out, IsEmpty());
  const Outcome named = import(good + "open IN CNAME x.\n");
  EXPECT_EQ(named.exit_code, 1);
  EXPECT_THAT(named.err,
              AllOf(HasSubstr("kz.zone:8: cname-alone"), HasSubstr("nothing was imported")));
  EXPECT_THAT(named.out, IsEmpty());
  EXPECT_EQ(exported().out, before);
}

TEST_F(ZoneTest, RefusedImportIsJsonToo) {
  make_store();
  const Outcome syntax = import("nonsense\n", {"--json"});
  EXPECT_EQ(syntax.exit_code, 1);
  EXPECT_EQ(syntax.json().at("error").at("kind"), "invalid-input");
  const Outcome named = import(good + "open IN CNAME x.\n", {"--json"});
  EXPECT_EQ(named.exit_code, 1);
  const auto json = named.json();
  EXPECT_EQ(json.at("passed"), false);
  const auto& faults = json.at("faults");
  const auto fault = std::find_if(faults.begin(), faults.end(), [](const auto& each) {
    return each.at("check") == "cname-alone";
  });
  ASSERT_NE(fault, faults.end());
  EXPECT_EQ(fault->at("owner"), "open.kz.");
  EXPECT_EQ(fault->at("line"), 8);
}

TEST_F(ZoneTest, CheckTellsGoodFromBad) {
  make_store();
  ASSERT_EQ(import(good).exit_code, 0);
  const Outcome stored = tldctl({"zone", "check", "--store", path("store"), "--zone", "kz"});
  EXPECT_EQ(stored.exit_code, 0) << stored.err;
  EXPECT_THAT(stored.out, HasSubstr("passes every check"));
  const std::string bad = write("bad.zone", head + "@ IN CNAME x.\n");
  const Outcome file = tldctl({"zone", "check", "--file", bad, "--zone", "kz.", "--json"});
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_EQ(file.json().at("passed"), false);
  EXPECT_THAT(file.err, HasSubstr("bad.zone:5: "));
}

TEST_F(ZoneTest, MissingThingsHaveTheirExitCodes) {
  const std::string file = write("kz.zone", good);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"zone", "import", "--store", path("none"), "--zone", "kz.", file},
        {"zone", "export", "--store", path("none"), "--zone", "kz."},
        {"zone", "check", "--store", path("none"), "--zone", "kz."},
        {"zone", "export", "--store", file, "--zone", "kz."}}) {
    const Outcome outcome = tldctl(words);
    EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
    EXPECT_TRUE(is_one_complaint(outcome.err));
  }
  EXPECT_FALSE(exists("none"));
  make_store();
  EXPECT_EQ(exported().exit_code, 1) << "no such zone in the store";
  EXPECT_EQ(tldctl({"zone", "check", "--file", path("none"), "--zone", "kz."}).exit_code, 1);
}

TEST_F(ZoneTest, ExportWritesAFileWhole) {
  make_store();
  ASSERT_EQ(import(good).exit_code, 0);
  const Outcome outcome = tldctl({"zone", "export", "--store", path("store"), "--zone", "kz.",
                                  "--output", path("out.zone"), "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("records"), 6);
  EXPECT_EQ(read("out.zone"), exported().out);
}

// Killed by the kernel, or told that the disk is full, in the middle: the old file is still whole.
TEST_F(ZoneTest, ExportInterruptedLeavesTheOldFile) {
  make_store();
  std::string large = head;
  for (int i = 0; i < 20000; ++i) large += "d" + std::to_string(i) + " IN NS ns.example.\n";
  ASSERT_EQ(import(large).exit_code, 0);
  write("out.zone", "old");
  const std::vector<std::string> words = {"zone",   "export", "--store",  path("store"),
                                          "--zone", "kz.",    "--output", path("out.zone")};
  EXPECT_GT(tldctl(words, "ulimit -c 0; ulimit -f 64;").exit_code, 128) << "killed by SIGXFSZ";
  EXPECT_EQ(read("out.zone"), "old");
  const Outcome full = tldctl(words, "trap '' XFSZ; ulimit -f 64;");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_TRUE(is_one_complaint(full.err));
  EXPECT_EQ(read("out.zone"), "old");
  EXPECT_EQ(tldctl({"zone", "export", "--store", path("none"), "--zone", "kz.", "--output",
                    path("out.zone")})
                .exit_code,
            3);
  EXPECT_EQ(read("out.zone"), "old");
}

TEST_F(ZoneTest, StandardOutputThatIsFullIsAnError) {
  make_store();
  ASSERT_EQ(import(good).exit_code, 0);
  const Outcome outcome =
      tldctl({"zone", "export", "--store", path("store"), "--zone", "kz."}, "", ">/dev/full");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("standard output"));
}

}  // namespace
}  // namespace tld::cli
