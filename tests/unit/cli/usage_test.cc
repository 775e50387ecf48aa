// SPDX-License-Identifier: GPL-2.0-only
//
// --help, --version, wrong usage.
#include <regex>

#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Outcome;

using Words = std::vector<std::string>;
using UsageTest = testing::TldctlTest;

const std::vector<Words> commands = {
    {"store", "init"},     {"store", "migrate"}, {"store", "check"},  {"zone", "freeze"},
    {"zone", "thaw"},      {"zone", "rollback"}, {"zone", "approve"}, {"zone", "publications"},
    {"zone", "waiting"},   {"zone", "import"},   {"zone", "export"},  {"zone", "check"},
    {"key", "generate"},   {"key", "list"},      {"ksr", "create"},   {"ceremony", "run"},
    {"ceremony", "demo"},  {"skr", "import"},    {"status"},          {"epp", "apply"},
    {"audit", "init"},     {"audit", "verify"},  {"audit", "show"},   {"audit", "export"},
    {"audit", "archive"},  {"audit", "report"},  {"pin", "split"},    {"pin", "combine"},
    {"people", "check"},   {"people", "adopt"},  {"approve"},         {"audit", "transcript"},
    {"ceremony", "check"}, {"ceremony", "hold"}};

std::vector<std::string> flags_in(const std::string& text) {
  std::vector<std::string> flags;
  const std::regex flag("--[a-z][a-z-]*");
  for (std::sregex_iterator it(text.begin(), text.end(), flag), end; it != end; ++it) {
    flags.push_back(it->str());
  }
  return flags;
}

TEST_F(UsageTest, EveryCommandTeaches) {
  for (const Words& command : commands) {
    Words words = command;
    words.push_back("--help");
    const Outcome help = tldctl(words);
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.err, IsEmpty());
    for (const char* part : {"Usage: tldctl ", "--json", "Example:\n  tldctl ", "Exit codes:\n"}) {
      EXPECT_THAT(help.out, HasSubstr(part)) << command.back();
    }
  }
}

// An example with a flag that does not exist teaches nothing.
TEST_F(UsageTest, ExamplesUseFlagsThatExist) {
  for (const Words& command : commands) {
    Words words = command;
    words.push_back("--help");
    const std::string help = tldctl(words).out;
    const std::string options = help.substr(0, help.find("Example:"));
    for (const std::string& flag : flags_in(help.substr(options.size()))) {
      EXPECT_THAT(options, HasSubstr(flag)) << command.back();
    }
  }
}

TEST_F(UsageTest, TopLevelListsCommandsAndExitCodes) {
  const Outcome help = tldctl({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const Words& command : commands) EXPECT_THAT(help.out, HasSubstr("  " + command[0]));
  EXPECT_THAT(help.out, HasSubstr("Exit codes:"));
  const Outcome version = tldctl({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, HasSubstr("tldctl (pdns-tld) "));
}

TEST_F(UsageTest, WrongUsageIsTwoAndDoesNothing) {
  const std::string store = path("store"), token = "pkcs11:token=t";
  const std::vector<Words> wrong = {
      {},
      {"bogus"},
      {"zone"},
      {"zone", "bogus"},
      {"store", "init"},
      {"store", "init", "--store"},
      {"store", "init", "--store", store, "--bogus"},
      {"store", "init", "--store", store, "more"},
      {"zone", "import", "--store", store, "--zone", "kz."},
      {"zone", "import", "--store", store, "--zone", "k..z", "file"},
      {"zone", "import", "--store", store, "--zone", std::string(64, 'x'), "file"},
      {"zone", "export", "--store", store, "--zone", "kz.", "--json"},
      {"--json", "zone", "export", "--store", store, "--zone", "kz."},
      {"zone", "check", "--zone", "kz."},
      {"zone", "check", "--zone", "kz.", "--store", store, "--file", "f"},
      {"key", "generate", "--token", token, "--algorithm", "RSASHA1"},
      {"key", "generate", "--token", token, "--algorithm", "RSASHA256", "--role", "csk"},
      {"key", "generate", "--token", token, "--algorithm", "RSASHA256", "--dnskey", "f"},
      {"key", "list", "--token", "softhsm"},
      {"ceremony", "demo", "--zone", "kz.", "--ksk-token", token, "--ksk-id", "xyz", "--zsk", "f",
       "--output", "o"},
      {"ceremony", "demo", "--zone", "kz.", "--ksk-token", token, "--ksk-id", "00", "--output",
       "o"},
      {"ceremony", "demo", "--zone", "kz.", "--ksk-token", token, "--ksk-id", "00", "--zsk", "f",
       "--output", "o", "--start", "tomorrow"}};
  for (const Words& words : wrong) {
    const Outcome outcome = tldctl(words);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_TRUE(testing::is_one_complaint(outcome.err));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(UsageTest, UnknownCommandIsNamed) {
  EXPECT_THAT(tldctl({"bogus"}).err, HasSubstr("no command bogus"));
}

// A command line is seen by every user of the machine.
TEST_F(UsageTest, PinOnTheCommandLineIsRefusedAndNotRepeated) {
  const std::string uri = "pkcs11:token=t?module-path=/m.so&pin-value=secret77";
  for (const Words& words : {Words{"key", "list", "--token", uri},
                             Words{"key", "generate", "--token", uri, "--algorithm", "RSASHA256"},
                             Words{"ceremony", "demo", "--zone", "kz.", "--ksk-token", uri,
                                   "--ksk-id", "00", "--zsk", "f", "--output", "o"}}) {
    const Outcome outcome = tldctl(words);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("pin-source"));
    EXPECT_THAT(outcome.err, ::testing::Not(HasSubstr("secret77")));
  }
}

// Catches: a PIN in the chained audit log, which nothing can be taken out of.
TEST_F(UsageTest, PinInThePlaceOfItsFileGetsIntoNoLog) {
  ASSERT_EQ(tldctl({"audit", "init", "--audit-log", path("log")}).exit_code, 0);
  const std::string module = "pkcs11:token=t?module-path=/m.so&pin-source=";
  for (const std::string& uri :
       {module + "secret77", module + "secret77&pin-source=file:/p", std::string("pkcs11:token=t"),
        std::string("pkcs11:token=t&pin-source=secret77")}) {
    const Outcome outcome = tldctl({"key", "generate", "--token", uri, "--algorithm", "RSASHA256",
                                    "--audit-log", path("log")});
    EXPECT_EQ(outcome.exit_code, 2) << uri;
    EXPECT_THAT(outcome.err, HasSubstr("module-path"));
    EXPECT_THAT(outcome.err, ::testing::Not(HasSubstr("secret77")));
    EXPECT_THAT(read("log/audit-000001.jsonl"), ::testing::Not(HasSubstr("secret77")));
  }
}

}  // namespace
}  // namespace tld::cli
