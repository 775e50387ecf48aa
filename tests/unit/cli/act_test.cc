// SPDX-License-Identifier: GPL-2.0-only
//
// However an act goes, it has its end in the audit log, or it is said that it has none.
#include "cli/act.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <stdexcept>

#include "tests/unit/cli/fixture.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ActTest : public testing::TldctlTest {
 protected:
  ActTest() {
    chosen_.audit_log = path("log");
    fs::create_directory(path("log"));
    EXPECT_TRUE(keys::AuditLog::create(path("log"), entry_by_this_user("", "log"), {}));
  }
  Act begun() const { return Act::begin(chosen_, "ceremony", "kz.").value(); }
  std::vector<keys::AuditLine> lines() const {
    auto verified = keys::verify_audit_log(path("log"), {});
    EXPECT_TRUE(verified) << verified.error().message;
    return verified ? std::move(verified.value().reading.lines) : std::vector<keys::AuditLine>();
  }
  keys::AuditEntry last() const { return lines().back().entry; }

  Chosen chosen_;
};

TEST_F(ActTest, WhatIsThrownIsItsEnd) {
  const auto outcome = begun().end(without_exceptions(
      []() -> base::Result<Report> { throw std::runtime_error("a fault of a library"); }));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, base::ErrorKind::internal);
  EXPECT_EQ(last().result, keys::AuditResult::failed);
  EXPECT_THAT(last().detail.at("reason"), HasSubstr("a fault of a library"));
}

TEST_F(ActTest, AnEndThatIsTooLongSaysLess) {
  Report report;
  report.evidence = {{"transcript-head", "abc"}, {"kept", std::string(70'000, 'x')}};
  report.verdict = "stopped: " + std::string(70'000, '\x1b');
  const auto outcome = begun().end(report);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().verdict, report.verdict);
  EXPECT_EQ(last().type, "ceremony");
  EXPECT_EQ(last().result, keys::AuditResult::failed);
  EXPECT_EQ(last().detail.at("transcript-head"), "abc");
  EXPECT_THAT(last().detail.at("reason"), HasSubstr("stopped: \x1b"));
  EXPECT_THAT(last().detail.at("left-out"), HasSubstr("1 details and 0 approvals"));
}

TEST_F(ActTest, ARefusalThatIsTooLongIsLoggedToo) {
  const base::Error why = base::refused(std::string(70'000, 'x'));
  EXPECT_EQ(Act::refuse(chosen_, "ceremony", "kz.", why).message, why.message);
  EXPECT_EQ(last().result, keys::AuditResult::refused);
}

TEST_F(ActTest, AnEndThatIsNotLoggedIsSaidWithAllTheRest) {
  Report done;
  done.text = "the head\n";
  Report failed = done;
  failed.verdict = "stopped";
  auto good = begun(), bad = begun(), broken = begun();
  fs::rename(path("log/head"), path("head"));
  const auto was_done = good.end(done);
  ASSERT_TRUE(was_done);
  EXPECT_EQ(was_done.value().text, done.text);
  EXPECT_THAT(was_done.value().verdict, HasSubstr("it was done, and is not in the audit log: "));
  EXPECT_EQ(was_done.value().verdict_code, ExitCode::not_available);
  const auto was_not = bad.end(failed);
  ASSERT_TRUE(was_not);
  EXPECT_EQ(was_not.value().text, done.text);
  EXPECT_THAT(was_not.value().verdict, HasSubstr("stopped; and this is not in the audit log: "));
  EXPECT_EQ(was_not.value().verdict_code, ExitCode::not_available);
  const auto fault = broken.end(base::refused("no key"));
  ASSERT_FALSE(fault);
  EXPECT_THAT(fault.error().message, HasSubstr("no key; and this is not in the audit log: "));
  EXPECT_TRUE(fault.error().retry_can_help());
  fs::rename(path("head"), path("log/head"));
  EXPECT_EQ(lines().size(), 4U);
}

// Within another act, which would go on.
TEST_F(ActTest, AStepThatIsNotLoggedHasFailed) {
  EXPECT_TRUE(begun().end_step(Report{}));
  auto act = begun();
  fs::rename(path("log/head"), path("head"));
  const auto status = act.end_step(Report{});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, base::ErrorKind::unavailable);
}

}  // namespace
}  // namespace tld::cli
