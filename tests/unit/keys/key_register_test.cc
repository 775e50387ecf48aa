// SPDX-License-Identifier: GPL-2.0-only
#include "keys/key_register.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using ::testing::HasSubstr;
using testing::make_key;
using testing::name;
using testing::replaced;
using testing::TemporaryDirectory;
using testing::time;
using Kind = KeyEventKind;

const base::Time t0 = time("20260101000000"), t1 = time("20260108000000");

KeyRegister two_keys() {
  KeyRegister keys{name("kz.")};
  EXPECT_TRUE(keys.add_key(make_key().zsk(), false, "\x01\x02", t0));
  EXPECT_TRUE(keys.add_key(make_key().ksk(), true, "", t0));
  EXPECT_TRUE(keys.add_event({0, Kind::published}, t0));
  EXPECT_TRUE(keys.add_event({1, Kind::ds_submitted}, t0));
  EXPECT_TRUE(keys.add_event({1, Kind::ds_seen, std::chrono::seconds{86400}}, t1));
  return keys;
}

std::string fault(const std::string& text) {
  const auto keys = KeyRegister::parse(text, name("kz."), "kz.keys");
  return keys ? "" : keys.error().message;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(KeyRegister, ReadsBackWhatItWrites) {
  const KeyRegister keys = two_keys();
  const auto again = KeyRegister::parse(keys.text(), name("kz."));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again.value().keys(), keys.keys());
  EXPECT_EQ(again.value().text(), keys.text());
  EXPECT_EQ(keys.keys()[1].highest_ds_ttl(), std::chrono::hours{24});
  EXPECT_EQ(keys.find(keys.keys()[1].dnskey.fingerprint()), 1U);
  EXPECT_EQ(keys.find(base::Sha256{}), std::nullopt);
}

TEST(KeyRegister, KnowsWhichTokenProvedABackup) {
  KeyRegister keys = two_keys();
  ASSERT_TRUE(keys.add_event({0, Kind::backup_proved, {}, "5eb63bbbe01eeed0"}, t1));
  EXPECT_THAT(keys.text(), HasSubstr("000000\",\"token\":\"5eb63bbbe01eeed0\"}\n"));
  const auto again = KeyRegister::parse(keys.text(), name("kz."));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again.value().keys(), keys.keys());
  EXPECT_EQ(again.value().keys()[0].events.back().token, "5eb63bbbe01eeed0");
  // Registers that were written before the token was told.
  EXPECT_EQ(fault(replaced(keys.text(), ",\"token\":\"5eb63bbbe01eeed0\"", "")), "");
  EXPECT_THAT(fault(replaced(keys.text(), "\"5eb63bbbe01eeed0\"", "\"\"")), HasSubstr("SYNTAX"));
  EXPECT_THAT(fault(replaced(two_keys().text(), ",\"ds-ttl\"", ",\"token\":\"a\",\"ds-ttl\"")),
              HasSubstr("SYNTAX"));
}

// One meaning has one text, so whatever is changed in a file is refused, or was a lie elsewhere.
TEST(KeyRegister, EveryOctetCounts) {
  const std::string text = two_keys().text();
  std::size_t read_all_the_same = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto keys = KeyRegister::parse(changed, name("kz."));
    if (!keys) continue;
    // Only what nothing else in the file contradicts: a time, the id, a flag, the DS's TTL.
    EXPECT_EQ(keys.value().text(), changed);
    ++read_all_the_same;
  }
  EXPECT_LT(read_all_the_same, 80U);
}

TEST(KeyRegister, FaultsAreNamedWithTheirLine) {
  const std::string text = two_keys().text();
  const std::string last = text.substr(text.rfind("{\"event\""));
  const std::pair<std::string, const char*> cases[] = {
      {"", "kz.keys:1: REGISTER-ZONE"},
      {replaced(text, "\"kz.\"", "\"kg.\""), "kz.keys:1: REGISTER-ZONE"},
      {replaced(text, "{\"key\":", "{ \"key\":"), "kz.keys:2: REGISTER-SYNTAX"},
      {replaced(text, "\"foreign\":false", "\"foreign\":false,\"x\":1"), "kz.keys:2: REGISTER-SYN"},
      {replaced(text, "\"foreign\":false", "\"foreign\":0"), "kz.keys:2: REGISTER-SYNTAX"},
      {replaced(text, "\"0102\"", "\"01zz\""), "kz.keys:2: REGISTER-KEY"},
      {replaced(text, "\"0102\"", "\"010A\""), "kz.keys:2: REGISTER-KEY"},
      {replaced(text, "\"foreign\":true,\"id\":\"\"", "\"foreign\":true,\"id\":\"01\""),
       "REGISTER-KEY"},
      {text + "{\"event\":\"a\\nb\",\"key\":\"\",\"time\":\"20260108000000\"}\n", "no event \"\""},
      {replaced(text, "\"dnskey\":\"256", "\"dnskey\":\"257"), "kz.keys:2: REGISTER-KEY"},
      {replaced(text, "{\"event\":\"published\"", "{\"event\":\"punished\""), "no event"},
      {text.substr(0, text.size() - 1), "kz.keys:8: REGISTER-SYNTAX: the line has no end"},
      {text + "\n", "kz.keys:9: REGISTER-SYNTAX"},
      {text + "[[[[[[[[[[[[[[[[\n", "kz.keys:9: REGISTER-SYNTAX: not a JSON object"},
      {text + std::string(8193, ' ') + "\n", "kz.keys:9: REGISTER-SIZE"},
      {text + std::string(5 << 20, ' ') + "\n", "kz.keys:1: REGISTER-SIZE"},
      {text + text.substr(0, text.find('\n') + 1), "kz.keys:9: REGISTER-SYNTAX: a second first"},
      {replaced(text, "\"key\":\"", "\"key\":\"0"), "kz.keys:2: REGISTER-KEY"},
      {replaced(text, "20260108", "20251231"), "kz.keys:8: REGISTER-EVENT"},
      {replaced(text, "\"event\":\"ds-submitted\"", "\"event\":\"ds-withdrawn\""),
       "REGISTER-EVENT"},
      {replaced(text, "\"event\":\"published\"", "\"event\":\"ds-submitted\""), "REGISTER-EVENT"},
      {replaced(text, "\"ds-ttl\":86400", "\"ds-ttl\":86400.0"), "kz.keys:8: REGISTER-SYNTAX"},
      {replaced(text, "\"event\":\"generated\"", "\"event\":\"published\""), "REGISTER-EVENT"},
  };
  for (const auto& [changed, wanted] : cases) EXPECT_THAT(fault(changed), HasSubstr(wanted));
  EXPECT_EQ(fault(text + replaced(last, "86400", "172800")), "");  // seen again, higher
}

TEST(KeyRegister, AKeyLineStandsAloneOnlyWithItsGenerated) {
  const std::string text = two_keys().text();
  const std::size_t second = text.find("{\"event\":\"generated\"");
  EXPECT_THAT(fault(text.substr(0, second)), HasSubstr("'generated' is missing"));
  const std::size_t third = text.find('\n', second) + 1;
  EXPECT_THAT(fault(text.substr(0, third) + text.substr(second, third - second)),
              HasSubstr("REGISTER-EVENT"));
}

TEST(KeyRegister, RefusesTheSameKeyAndUnusableOnes) {
  KeyRegister keys{name("kz.")};
  const dns::Dnskey zsk = make_key().zsk();
  ASSERT_TRUE(keys.add_key(zsk, false, "", t0));
  const std::string before = keys.text();
  dns::Dnskey short_key = zsk, host_key = make_key().zsk();
  short_key.public_key.pop_back();
  host_key.flags = 0;
  for (const dns::Dnskey& wrong : {zsk, short_key, host_key}) {
    const auto added = keys.add_key(wrong, false, "", t0);
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().message, HasSubstr("REGISTER-KEY"));
  }
  EXPECT_EQ(keys.text(), before);  // nothing is half-applied
}

// .ru 2024: the tag of a new key had been used before. RFC 5011 §2.1: revoking changes the tag.
TEST(KeyRegister, TagUsedBeforeIsRefusedInEitherForm) {
  int same = 0, as_revoked = 0, tried = 0;
  // Two octets of an RSA modulus are changed until the tag is the one wanted.
  KeyRegister rsa_keys{name("kz.")};
  dns::Dnskey rsa = make_key(testing::rsa).zsk();
  // From here one can only grow and the other only shrink: both tags are in reach for any key.
  rsa.public_key[rsa.public_key.size() - 11] = '\x00';
  rsa.public_key[rsa.public_key.size() - 21] = '\xff';
  ASSERT_TRUE(rsa_keys.add_key(rsa, false, "", t0));
  dns::Dnskey rsa_revoked = rsa;
  rsa_revoked.flags |= dns::Dnskey::flag_revoke;
  for (int i = 1; i < 65536; ++i) {
    dns::Dnskey other = rsa;
    const std::size_t end = other.public_key.size();
    other.public_key[end - 11] = static_cast<char>(other.public_key[end - 11] ^ (i & 0xff));
    other.public_key[end - 21] = static_cast<char>(other.public_key[end - 21] ^ (i >> 8));
    const bool is_same = other.key_tag() == rsa.key_tag();
    const bool is_revoked = other.key_tag() == rsa_revoked.key_tag();
    const bool is_control = i % 5000 == 1;
    if (!is_same && !is_revoked && !is_control) continue;
    const auto added = KeyRegister(rsa_keys).add_key(other, false, "", t0);
    ++tried;
    if (is_same || is_revoked) {
      ASSERT_FALSE(added);
      EXPECT_THAT(added.error().message, HasSubstr("KEY-TAG-USED"));
      EXPECT_EQ(added.error().kind, base::ErrorKind::refused);
      same += is_same, as_revoked += is_revoked;
    }
  }
  EXPECT_GT(tried, 0);
  EXPECT_GT(same, 0);
  EXPECT_GT(as_revoked, 0);
}

TEST(KeyRegister, RetiredKeysNeverSignAgain) {
  KeyRegister keys = two_keys();
  EXPECT_TRUE(keys.may_sign(0));
  EXPECT_THAT(keys.may_sign(1).error().message, HasSubstr("KEY-FOREIGN"));
  ASSERT_TRUE(keys.add_event({0, Kind::activated}, t1));
  EXPECT_TRUE(keys.may_sign(0));
  ASSERT_TRUE(keys.add_event({0, Kind::retired}, t1));
  EXPECT_THAT(keys.may_sign(0).error().message, HasSubstr("KEY-RETIRED"));
  EXPECT_FALSE(keys.add_event({0, Kind::activated}, t1));
  EXPECT_EQ(KeyRegister::parse(keys.text(), name("kz.")).value().keys().size(), 2U);
}

TEST(KeyRegister, FileIsOnlyEverAddedTo) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("kz.keys");
  EXPECT_EQ(KeyRegister::read_file(path, name("kz.")).error().kind, base::ErrorKind::not_found);
  KeyRegister keys = two_keys();
  ASSERT_TRUE(keys.replace_file(path));
  ASSERT_TRUE(keys.add_event({0, Kind::activated}, t1));
  ASSERT_TRUE(keys.replace_file(path));
  EXPECT_EQ(read(path), keys.text());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
  KeyRegister other = KeyRegister::read_file(path, name("kz.")).value();
  ASSERT_TRUE(other.add_event({0, Kind::signed_all}, t1));
  ASSERT_TRUE(keys.add_event({0, Kind::compromised}, t1));
  ASSERT_TRUE(other.replace_file(path));
  const auto lost = keys.replace_file(path);  // would lose the other's line
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("REGISTER-APPEND"));
  EXPECT_EQ(read(path), other.text());
  EXPECT_FALSE(keys.replace_file(directory.path("none/kz.keys")));
}

// Catches: a writer that replaces the file between another's comparison and its rename.
TEST(KeyRegister, NobodyWritesBetweenAnothersComparisonAndHisRename) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("kz.keys");
  const int other = ::open(directory.path("").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  const auto waited = two_keys().replace_file(path);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, base::ErrorKind::unavailable);
  EXPECT_EQ(read(path), "");
  ::close(other);
  EXPECT_TRUE(two_keys().replace_file(path));
}

TEST(KeyRegister, ManyWritersLoseNoLine) {
  constexpr int writers = 4, lines = 20;
  const TemporaryDirectory directory;
  const std::string path = directory.path("kz.keys");
  ASSERT_TRUE(two_keys().replace_file(path));
  const auto write_lines = [&](int writer) {
    for (int written = 0; written < lines;) {
      auto keys = KeyRegister::read_file(path, name("kz."));
      ASSERT_TRUE(keys) << keys.error().message;
      const std::chrono::seconds ttl{1 + writer * lines + written};
      ASSERT_TRUE(keys.value().add_event({1, Kind::ds_ttl_seen, ttl}, t1));
      if (keys.value().replace_file(path)) ++written;
    }
  };
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) threads.emplace_back(write_lines, writer);
  for (std::thread& thread : threads) thread.join();
  const auto all = KeyRegister::read_file(path, name("kz.")).value();
  EXPECT_EQ(all.keys()[1].events.size(), two_keys().keys()[1].events.size() + writers * lines);
}

}  // namespace
}  // namespace tld::keys
