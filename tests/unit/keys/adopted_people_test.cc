// SPDX-License-Identifier: GPL-2.0-only
//
// People who were adopted, and the archive of a log that remembers them.
#include "keys/adopted_people.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "keys/audit_archive.h"
#include "keys/audit_log.h"
#include "tests/unit/keys/people_for_tests.h"
#include "tests/unit/keys/record_directory.h"

namespace tld::keys {
namespace {

using testing::approval_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::people_from;
using testing::people_time;
using testing::person_yaml;
using testing::six_people;
using ::testing::StartsWith;

AuditEntry entry_of(const std::string& type, base::Time time = people_time) {
  AuditEntry entry;
  entry.time = time;
  entry.type = type;
  return entry;
}

class AdoptedPeople : public ::testing::Test {
 protected:
  AdoptedPeople() {
    EXPECT_TRUE(AuditLog::create(directory_.path(), entry_of(""), {}));
    std::filesystem::create_directory(directory_ / "archive");
  }
  AuditLog log(SegmentLimits limits = {}) {
    return AuditLog::open(directory_.path(), {}, limits).value();
  }
  void append(const std::string& type, AuditResult result, const std::string& yaml,
              SegmentLimits limits = {}) {
    AuditEntry entry = entry_of(type);
    entry.result = result;
    entry.detail["sha256"] = sha256_hex(yaml);
    const auto link = log(limits).append(entry);
    ASSERT_TRUE(link) << link.error().message;
  }
  // "none", the adopted version's SHA-256, or the refusal.
  std::string adopted() const {
    const auto people = adopted_people(directory_.path());
    if (!people) return people.error().message;
    return people.value() ? people.value()->sha256 : "none";
  }
  std::string adoption_fault(const std::optional<People>& now, const std::string& next,
                             const std::vector<std::string>& approvers) const {
    const People people = people_from(next);
    std::vector<Approval> approvals;
    for (const std::string& name : approvers) {
      approvals.push_back(approval_of(
          testing::approve(name, {no_zone, "people-adopt", people.sha256, people_time})));
    }
    const auto checked = check_adoption(now, people, people_time, approvals);
    return checked ? "" : checked.error().message;
  }
  testing::RecordDirectory directory_;
  const std::string one_ = six_people();
};

TEST_F(AdoptedPeople, OnlyTheFileThatTheLogKnows) {
  EXPECT_EQ(adopted(), "none");
  ASSERT_TRUE(install_people(directory_.path(), one_));
  EXPECT_THAT(adopted(), StartsWith("PEOPLE-NOT-ADOPTED"));
  append("people-adopt", AuditResult::begun, one_);
  EXPECT_EQ(adopted(), sha256_hex(one_));
  append("people-adopt", AuditResult::done, one_);
  EXPECT_EQ(adopted(), sha256_hex(one_));
  const std::string other = one_ + "# another octet\n";
  ASSERT_TRUE(install_people(directory_.path(), other));
  EXPECT_THAT(adopted(), StartsWith("PEOPLE-NOT-ADOPTED"));
  append("people-adopt", AuditResult::begun, other);
  EXPECT_EQ(adopted(), sha256_hex(other));
  append("people-adopt", AuditResult::failed, other);
  EXPECT_THAT(adopted(), StartsWith("PEOPLE-NOT-ADOPTED"));
  append("people-adopt", AuditResult::refused, other);
  EXPECT_THAT(adopted(), StartsWith("PEOPLE-NOT-ADOPTED"));
  std::filesystem::remove(directory_ / "people.yaml");
  EXPECT_THAT(adopted(), HasSubstr("is gone"));
}

TEST_F(AdoptedPeople, FirstVersionByItsOwnRulesNextByThoseBefore) {
  EXPECT_EQ(adoption_fault({}, one_, {"ann", "bob"}), "");
  EXPECT_THAT(adoption_fault({}, one_, {"ann"}), StartsWith("APPROVAL-QUORUM"));
  const People one = people_from(one_);
  const std::string two =
      fmt::format("version: 2\nprevious: {}\n{}", one.sha256, one_) + person_yaml("zoe", "WI");
  EXPECT_EQ(adoption_fault(one, two, {"ann", "bob"}), "");
  EXPECT_THAT(adoption_fault(one, two, {"ann", "zoe"}), HasSubstr("APPROVAL-PERSON: "));
  EXPECT_THAT(adoption_fault(one, one_, {"ann", "bob"}), StartsWith("PEOPLE-PREVIOUS"));
  EXPECT_THAT(adoption_fault({}, two, {"ann", "bob"}), StartsWith("PEOPLE-PREVIOUS"));
}

// --- the archive ---

class Archive : public AdoptedPeople {
 protected:
  Archive() {
    SegmentLimits limits;
    limits.octets = 1;
    append("people-adopt", AuditResult::done, one_, limits);
    append("zone-freeze", AuditResult::done, one_, limits);
    EXPECT_TRUE(install_people(directory_.path(), one_));
  }
  base::Result<std::vector<std::string>> archive(base::Time now) {
    AuditLog opened = log();
    return archive_audit_log(opened, entry_of("", now), retention_, directory_ / "archive");
  }
  std::string fault(bool with_archive) const {
    AuditClaims claims;
    if (with_archive) claims.archive = directory_ / "archive";
    const auto found = verify_audit_log(directory_.path(), claims);
    return found ? "" : found.error().message;
  }
  Retention retention_;
};

TEST_F(Archive, OldSegmentsMoveWholeYoungOnesStay) {
  EXPECT_TRUE(archive(people_time + retention_.online).value().empty());
  const auto moved = archive(people_time + retention_.online + std::chrono::seconds{1});
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_THAT(moved.value(), ElementsAre("audit-000001.jsonl", "audit-000002.jsonl"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "audit-000001.jsonl"));
  EXPECT_EQ(fault(false), "");
  EXPECT_EQ(fault(true), "");
  EXPECT_EQ(adopted(), sha256_hex(one_)) << "the log remembers whom it has archived";
  std::filesystem::remove(directory_ / "archive/audit-000001.jsonl");
  EXPECT_THAT(fault(true), StartsWith("AUDIT-BEGINNING"));
}

TEST_F(Archive, NothingIsWrittenOver) {
  directory_.write("archive/audit-000001.jsonl", "other");
  const auto moved = archive(people_time + retention_.online + std::chrono::seconds{1});
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message, StartsWith("AUDIT-ARCHIVE"));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "audit-000001.jsonl"));
  EXPECT_EQ(fault(false), "");
}

TEST_F(Archive, DiscardedOldestFirstAndNeverSooner) {
  ASSERT_TRUE(archive(people_time + retention_.online + std::chrono::seconds{1}));
  const auto may_go = [this](const char* name, std::chrono::seconds after) {
    return check_discard(directory_ / name, retention_, people_time + retention_.archive + after);
  };
  const std::chrono::seconds none{0}, second{1};
  EXPECT_THAT(may_go("archive/audit-000002.jsonl", second).error().message,
              StartsWith("AUDIT-ARCHIVE"));
  EXPECT_THAT(may_go("archive/audit-000001.jsonl", none).error().message,
              StartsWith("AUDIT-RETENTION"));
  const auto last = may_go("archive/audit-000001.jsonl", second);
  ASSERT_TRUE(last) << last.error().message;
  std::filesystem::remove(directory_ / "archive/audit-000001.jsonl");
  EXPECT_THAT(fault(true), StartsWith("AUDIT-BEGINNING")) << "nobody has said so";
  AuditEntry entry = entry_of("audit-discard", people_time + retention_.archive + second);
  entry.detail = detail_of_last(last.value());
  ASSERT_TRUE(log().append(entry));
  EXPECT_EQ(fault(true), "");
  EXPECT_EQ(fault(false), "");
}

}  // namespace
}  // namespace tld::keys
