// SPDX-License-Identifier: GPL-2.0-only
#include "keys/audit_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "keys/audit_head.h"
#include "tests/unit/keys/record_directory.h"

namespace tld::keys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr base::Time start{std::chrono::seconds{1'800'000'000}};
const std::string first_segment = "audit-000001.jsonl";

AuditEntry entry_of(const std::string& type, const std::string& object,
                    AuditResult result = AuditResult::done) {
  AuditEntry entry;
  entry.time = start;
  entry.clock = "synchronised";
  entry.identity = "root";
  entry.type = type;
  entry.object = object;
  entry.result = result;
  return entry;
}

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() {
    const auto made = AuditLog::create(directory_.path(), entry_of("", "a log"), announce());
    EXPECT_TRUE(made) << made.error().message;
  }

  AuditLog::Announce announce() {
    return [this](const std::string& head) { announced_.push_back(head); };
  }
  AuditLog log(SegmentLimits limits = {}) {
    auto opened = AuditLog::open(directory_.path(), announce(), limits);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(opened).value();
  }
  ChainLink append(const AuditEntry& entry) {
    auto link = log().append(entry);
    EXPECT_TRUE(link) << link.error().message;
    return link ? link.value() : ChainLink{};
  }
  // "" when all is in order, else the message.
  std::string fault(const AuditClaims& claims = {}) const {
    const auto found = verify_audit_log(directory_.path(), claims);
    return found ? "" : found.error().message;
  }
  std::vector<std::string> types() const {
    const auto found = verify_audit_log(directory_.path(), {});
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> all;
    if (!found) return all;
    for (const AuditLine& line : found.value().reading.lines) all.push_back(line.entry.type);
    return all;
  }

  testing::RecordDirectory directory_;
  std::vector<std::string> announced_;
};

// Catches: a fault that is none, seen between a line and its signed head.
TEST_F(AuditLogTest, ALogThatIsBeingWrittenIsInOrder) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) append(entry_of("zone-freeze", "kz."));
    done = true;
  });
  while (!done) {
    EXPECT_EQ(fault(), "");
    std::this_thread::sleep_for(std::chrono::milliseconds{5});  // lets the writer have its turn
  }
  writer.join();
  EXPECT_EQ(types().size(), 41u);
}

TEST_F(AuditLogTest, EntriesComeBackAsTheyWereWritten) {
  AuditEntry entry = entry_of("zone-freeze", "kz. \"quoted\"\nnext \x01 \xd2\x9b");
  entry.level = AuditLevel::error;
  entry.result = AuditResult::failed;
  entry.role = "observer";
  entry.approvals = {std::string(64, 'a')};
  entry.detail = {{"reason", "disk full"}, {"sha256", std::string(64, '0')}};
  const ChainLink link = append(entry);
  const auto found = verify_audit_log(directory_.path(), {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found.value().reading.head(), link);
  EXPECT_EQ(found.value().reading.lines.back().entry, entry);
  EXPECT_THAT(types(), ElementsAre("audit-init", "zone-freeze"));
}

TEST_F(AuditLogTest, EachHeadIsAnnouncedAndStandsBesideTheLog) {
  append(entry_of("zone-freeze", "kz."));
  ASSERT_EQ(announced_.size(), 2U);
  EXPECT_EQ(directory_.read("head"), announced_.back() + "\n");
  const auto key = audit_public_key(directory_.path());
  ASSERT_TRUE(key);
  const std::string syslog = "Nov 22 host tldctl: " + announced_[0] +
                             "\nNov 22 host tldctl: " + announced_[1] + "\nother\n";
  EXPECT_EQ(find_signed_head(syslog, key.value()).value().sequence, 2U);
}

// With its signed head, no octet of a log or of the head can be another.
TEST_F(AuditLogTest, EveryAlteredOctetIsFoundAndNamed) {
  append(entry_of("zone-freeze", "kz."));
  append(entry_of("zone-thaw", "kz."));
  for (const std::string& file : {first_segment, std::string("head")}) {
    const std::string right = directory_.read(file);
    for (std::size_t at = 0; at < right.size(); ++at) {
      std::string wrong = right;
      wrong[at] = static_cast<char>(wrong[at] ^ (1 << (at % 7)));
      directory_.write(file, wrong);
      EXPECT_THAT(fault(), HasSubstr("AUDIT-")) << file << " octet " << at;
    }
    directory_.write(file, right);
    EXPECT_EQ(fault(), "");
  }
}

TEST_F(AuditLogTest, EveryCutIsFoundEvenWhenTheHeadBesideItWasPutBackToo) {
  const std::string early_head = directory_.read("head");
  const std::size_t early_size = directory_.read(first_segment).size();
  append(entry_of("zone-freeze", "kz."));
  const ChainLink last = append(entry_of("zone-thaw", "kz."));
  const std::string right = directory_.read(first_segment);
  for (std::size_t size = 0; size < right.size(); ++size) {
    directory_.write(first_segment, right.substr(0, size));
    EXPECT_THAT(fault(), HasSubstr("AUDIT-")) << size;
  }
  directory_.write(first_segment, right.substr(0, early_size));
  directory_.write("head", early_head);
  EXPECT_EQ(fault(), "");  // in itself it is a log
  AuditClaims claims;
  claims.heads = {last};
  EXPECT_THAT(fault(claims), HasSubstr("AUDIT-CUT"));
  EXPECT_THAT(log().append(entry_of("x", "y")).value().sequence, 2U);
  EXPECT_THAT(fault(claims), HasSubstr("AUDIT-CUT"));
  append(entry_of("x", "z"));
  EXPECT_THAT(fault(claims), HasSubstr("AUDIT-HEAD"));
}

TEST_F(AuditLogTest, LinesTakenOutOrPutInAreNamed) {
  append(entry_of("zone-freeze", "kz."));
  append(entry_of("zone-thaw", "kz."));
  const std::string right = directory_.read(first_segment);
  const std::size_t one = right.find('\n') + 1;
  const std::size_t two = right.find('\n', one) + 1;
  directory_.write(first_segment, right.substr(0, one) + right.substr(two));
  EXPECT_THAT(fault(), StartsWith(first_segment + ":2: AUDIT-SEQUENCE"));
  directory_.write(first_segment, right + "\n");
  EXPECT_THAT(fault(), StartsWith(first_segment + ":4: AUDIT-SYNTAX"));
  const std::string more = chained_line({3, sha256_hex(right.substr(two, right.size() - two - 1))},
                                        to_json(entry_of("zone-thaw", "forged")));
  directory_.write(first_segment, right + more + "\n");
  EXPECT_THAT(fault(), HasSubstr("AUDIT-UNSIGNED"));
  // The next act does not cover it up.
  append(entry_of("zone-freeze", "kz."));
  EXPECT_THAT(types(), ElementsAre("audit-init", "zone-freeze", "zone-thaw", "zone-thaw",
                                   "audit-unsigned", "zone-freeze"));
}

TEST_F(AuditLogTest, NothingIsAppendedToALogThatIsNotInOrder) {
  append(entry_of("zone-freeze", "kz."));
  const std::string right = directory_.read(first_segment);
  const std::string head = directory_.read("head");
  const auto refused = [this](const char* rule) {
    const auto link = log().append(entry_of("zone-thaw", "kz."));
    ASSERT_FALSE(link);
    EXPECT_THAT(link.error().message, HasSubstr(rule));
  };
  directory_.write(first_segment, right.substr(0, right.find('\n') + 1));
  refused("AUDIT-CUT");
  std::string wrong = right;
  wrong.replace(wrong.find("zone-freeze"), 11, "zone-fleece");
  directory_.write(first_segment, wrong);
  refused("AUDIT-HEAD");
  directory_.write(first_segment, right);
  directory_.write("head", "");
  refused("AUDIT-HEAD-SYNTAX");
  directory_.write("head", head);
  EXPECT_EQ(fault(), "");
}

// A crash can leave any part of a line. Nothing of it is ever taken out of the log.
TEST_F(AuditLogTest, TornLineIsKeptAndExplainedByTheNext) {
  const std::string before = directory_.read(first_segment);
  const std::string head = directory_.read("head");
  append(entry_of("zone-freeze", "kz."));
  const std::string whole = directory_.read(first_segment);
  for (std::size_t size = before.size() + 1; size < whole.size();
       size += size + 12 < whole.size() ? 11 : 1) {
    directory_.write(first_segment, whole.substr(0, size));
    directory_.write("head", head);
    EXPECT_THAT(fault(), HasSubstr("AUDIT-TORN")) << size;
    append(entry_of("zone-thaw", "kz."));
    EXPECT_THAT(directory_.read(first_segment), StartsWith(whole.substr(0, size) + "\n"));
    const bool only_newline = size + 1 == whole.size();
    if (only_newline) {
      EXPECT_THAT(types(), ElementsAre("audit-init", "zone-freeze", "audit-unsigned", "zone-thaw"));
    } else {
      EXPECT_THAT(types(), ElementsAre("audit-init", "audit-torn", "zone-thaw")) << size;
    }
  }
}

TEST_F(AuditLogTest, TornTwiceIsExplainedOnceAndTheExplanationCannotBeAltered) {
  const std::string before = directory_.read(first_segment);
  for (const char* torn : {"{\"seq", "{\"seq\n", "{\"seq\n{\"sequence\":2", "{\n\n{"}) {
    directory_.write(first_segment, before + torn);
    append(entry_of("zone-thaw", "kz."));
    EXPECT_THAT(types(), ElementsAre("audit-init", "audit-torn", "zone-thaw")) << torn;
    std::string altered = directory_.read(first_segment);
    altered[before.size() + 1] = '#';
    directory_.write(first_segment, altered);
    EXPECT_THAT(fault(), HasSubstr("AUDIT-SYNTAX"));
    directory_.write(first_segment, before);
    std::filesystem::remove(directory_ / "head");
    const MachineKey key = MachineKey::from_private_pem(directory_.read("head.key")).value();
    const ChainLink link{1, sha256_hex(before.substr(0, before.size() - 1))};
    directory_.write("head", signed_head(link, key).value() + "\n");
  }
}

// Catches: a repair that takes the segment's permissions, so that only root can read the log.
TEST_F(AuditLogTest, ALineThatGetsItsNewlineBackKeepsItsPermissions) {
  const auto mode = [this] {
    struct stat info {};
    EXPECT_EQ(::stat((directory_ / first_segment).c_str(), &info), 0);
    return info.st_mode & 0777U;
  };
  const std::string head = directory_.read("head");
  append(entry_of("zone-freeze", "kz."));
  append(entry_of("zone-freeze", "kg."));
  const std::string whole = directory_.read(first_segment);
  directory_.write(first_segment, whole.substr(0, whole.size() - 1));
  directory_.write("head", head);  // two lines before: after the repair nothing more is written
  const auto before = mode();
  const auto link = log().append(entry_of("zone-thaw", "kz."));
  ASSERT_FALSE(link);
  EXPECT_THAT(link.error().message, HasSubstr("AUDIT-HEAD"));
  EXPECT_EQ(directory_.read(first_segment), whole);
  EXPECT_EQ(mode(), before);
}

TEST_F(AuditLogTest, TwoWritersTakeTurns) {
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.emplace_back([this] {
      auto mine = AuditLog::open(directory_.path(), {});
      ASSERT_TRUE(mine);
      for (int i = 0; i < 20; ++i) {
        const auto link = mine.value().append(entry_of("zone-freeze", std::to_string(i)));
        ASSERT_TRUE(link) << link.error().message;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(types().size(), 41U);
}

TEST_F(AuditLogTest, SegmentsCarryTheChainOver) {
  SegmentLimits limits;
  limits.octets = 1;  // each line begins a segment
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(log(limits).append(entry_of("zone-freeze", "kz.")));
  EXPECT_EQ(audit_segments(directory_.path()).value().size(), 4U);
  EXPECT_EQ(types().size(), 4U);
  AuditEntry late = entry_of("zone-thaw", "kz.");
  late.time += std::chrono::days{32};
  append(late);
  append(late);
  EXPECT_EQ(audit_segments(directory_.path()).value().size(), 5U);
  std::filesystem::remove(directory_ / "audit-000002.jsonl");
  EXPECT_THAT(fault(), StartsWith("audit-000003.jsonl:1: AUDIT-SEQUENCE"));
}

TEST_F(AuditLogTest, TornSegmentEndInTheMiddleIsNamed) {
  SegmentLimits limits;
  limits.octets = 1;
  ASSERT_TRUE(log(limits).append(entry_of("zone-freeze", "kz.")));
  std::string first = directory_.read(first_segment);
  first.pop_back();
  directory_.write(first_segment, first);
  EXPECT_THAT(fault(), HasSubstr("AUDIT-TORN"));
}

TEST_F(AuditLogTest, MissingBeginningIsNamed) {
  SegmentLimits limits;
  limits.octets = 1;
  ASSERT_TRUE(log(limits).append(entry_of("zone-freeze", "kz.")));
  std::filesystem::remove(directory_ / first_segment);
  EXPECT_THAT(fault(), StartsWith("AUDIT-BEGINNING"));
}

TEST_F(AuditLogTest, ApprovalIsUsedOnce) {
  AuditEntry begun = entry_of("ceremony", "kz.ksr", AuditResult::begun);
  begun.approvals = {std::string(64, 'a'), std::string(64, 'b')};
  append(begun);
  AuditEntry ended = begun;
  ended.result = AuditResult::failed;
  append(ended);
  begun.type = "zone-approve";
  begun.approvals = {std::string(64, 'c'), std::string(64, 'b')};
  const auto again = log().append(begun);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, base::ErrorKind::refused);
  EXPECT_THAT(again.error().message, StartsWith("APPROVAL-REPLAYED: approval bbbb"));
  begun.approvals = {std::string(64, 'c')};
  append(begun);
}

TEST_F(AuditLogTest, HeadSignedWithAnotherKeyIsRefused) {
  const MachineKey other = MachineKey::generate().value();
  AuditClaims claims;
  claims.key = other;
  EXPECT_THAT(fault(claims), HasSubstr("AUDIT-HEAD-SIGNATURE"));
}

TEST_F(AuditLogTest, PlainHeadIsReadStrictly) {
  const std::string hash(64, 'a');
  EXPECT_EQ(read_plain_head("7:" + hash).value(), (ChainLink{7, hash}));
  for (const std::string& wrong : {std::string("7"), "07:" + hash, "0:" + hash, "7:" + hash + "0",
                                   "-7:" + hash, "7:" + std::string(64, 'A'), ":" + hash}) {
    EXPECT_FALSE(read_plain_head(wrong)) << wrong;
  }
}

TEST_F(AuditLogTest, SecondLogInOneDirectoryIsRefused) {
  const auto again = AuditLog::create(directory_.path(), entry_of("", "a log"), {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, base::ErrorKind::refused);
  EXPECT_EQ(fault(), "");
}

TEST_F(AuditLogTest, KeyIsNobodyElses) {
  struct stat info {};
  ASSERT_EQ(::stat((directory_ / "head.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(AuditLogTest, HostileLinesAreRefusedNotFollowed) {
  for (const std::string& line :
       {std::string(200'000, '['), std::string(60'000, '{'), std::string("null"),
        std::string("{\"sequence\":-1,\"previous\":\"" + std::string(64, '0') + "\"}"),
        std::string("\xff\xfe"), std::string("{\"sequence\":1}"),
        "{\"sequence\":1, \"previous\":\"" + std::string(64, '0') + "\"}",
        "{\"sequence\":1,\"a\":1,\"a\":2,\"previous\":\"" + std::string(64, '0') + "\"}",
        "{\"sequence\":1,\"a\":[[[[[1]]]]],\"previous\":\"" + std::string(64, '0') + "\"}"}) {
    const auto read = read_chained_line(line, "AUDIT");
    ASSERT_FALSE(read) << line;
    EXPECT_THAT(read.error().message, StartsWith("AUDIT-SYNTAX"));
  }
  EXPECT_TRUE(
      read_chained_line("{\"sequence\":1,\"previous\":\"" + std::string(64, '0') + "\"}", "AUDIT"));
}

}  // namespace
}  // namespace tld::keys
