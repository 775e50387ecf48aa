// SPDX-License-Identifier: GPL-2.0-only
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace tld::base {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return invalid_input(std::to_string(number) + " is odd");
  return number / 2;
}

Status check_even(int number) {
  TLD_TRY(half(number));
  return ok();
}

Result<int> eighth(int number) {
  TLD_TRY(const int quarter, half(number / 2));
  int result = -1;
  TLD_TRY(result, half(quarter));
  TLD_TRY(check_even(number));
  return result;
}

TEST(Result, TryGivesTheValueOn) {
  EXPECT_EQ(eighth(16).value(), 2);
  EXPECT_TRUE(check_even(4).has_value());
}

TEST(Result, TryReturnsTheFirstError) {
  const auto in_declaration = eighth(6);
  ASSERT_TRUE(in_declaration.has_error());
  EXPECT_EQ(in_declaration.error().message, "3 is odd");
  EXPECT_EQ(eighth(12).error().message, "3 is odd");  // in the assignment
  EXPECT_EQ(eighth(17).error().message, "17 is odd");
  EXPECT_EQ(check_even(5).error().kind, ErrorKind::invalid_input);
}

Result<std::unique_ptr<int>> boxed(int number) {
  return std::make_unique<int>(number);
}

Result<std::unique_ptr<int>> boxed_again(int number) {
  TLD_TRY(auto box, boxed(number));
  ++*box;
  return box;
}

TEST(Result, TryMovesWhatCannotBeCopied) {
  EXPECT_EQ(*boxed_again(4).value(), 5);
}

TEST(Result, ContextStandsBeforeTheMessage) {
  const Error error = timed_out("no answer in 2 s").in("token primary");
  EXPECT_EQ(error.message, "token primary: no answer in 2 s");
  EXPECT_EQ(error.kind, ErrorKind::timed_out);
}

TEST(Result, OnlyWhatMayPassIsWorthARetry) {
  EXPECT_TRUE(unavailable("").retry_can_help());
  EXPECT_TRUE(timed_out("").retry_can_help());
  for (const Error& error : {invalid_input(""), not_found(""), refused(""), internal("")}) {
    EXPECT_FALSE(error.retry_can_help()) << to_string(error.kind);
  }
}

TEST(Result, KindsHaveTheirNames) {
  EXPECT_STREQ(to_string(ErrorKind::invalid_input), "invalid-input");
  EXPECT_STREQ(to_string(ErrorKind::not_found), "not-found");
  EXPECT_STREQ(to_string(ErrorKind::refused), "refused");
  EXPECT_STREQ(to_string(ErrorKind::unavailable), "unavailable");
  EXPECT_STREQ(to_string(ErrorKind::timed_out), "timed-out");
  EXPECT_STREQ(to_string(ErrorKind::internal), "internal");
}

}  // namespace
}  // namespace tld::base
