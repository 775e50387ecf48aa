// SPDX-License-Identifier: GPL-2.0-only
#include "base/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tld::base {
namespace {

using namespace std::chrono_literals;

Result<ChildResult> sh(const std::string& script, std::chrono::milliseconds limit = 10s) {
  return run_child({"sh", "-c", script}, limit);
}

TEST(ChildProcess, GivesOutputErrorsAndExitCode) {
  const auto child = sh("echo out; echo err >&2; cat; exit 7");
  ASSERT_TRUE(child) << child.error().message;
  EXPECT_EQ(child.value().output, "out\n");
  EXPECT_EQ(child.value().errors, "err\n");
  EXPECT_EQ(child.value().exit_code, 7);
  EXPECT_EQ(sh("kill -9 $$").value().exit_code, 128 + 9);
}

// pdns_control hangs when a command in the server throws.
TEST(ChildProcess, HangingChildIsKilledInTime) {
  const auto start = std::chrono::steady_clock::now();
  const auto child = sh("exec sleep 60", 200ms);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(ChildProcess, MuchOnBothStreamsDoesNotBlock) {
  const auto child = sh("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero");
  ASSERT_TRUE(child) << child.error().message;
  EXPECT_EQ(child.value().output.size() + child.value().errors.size(), 600000U);
}

TEST(ChildProcess, EndlessOutputIsCutOff) {
  const auto child = sh("cat /dev/zero");
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::invalid_input);
}

// A server that ends does not wait an hour for a validator.
TEST(ChildProcess, IsKilledWhenToldToStop) {
  std::atomic<bool> stop{true};
  const auto start = std::chrono::steady_clock::now();
  const auto child = run_child({"sleep", "60"}, 50s, &stop);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(ChildProcess, MissingProgramIsUnavailable) {
  const auto child = run_child({"/nonexistent/program"}, 10s);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace tld::base
