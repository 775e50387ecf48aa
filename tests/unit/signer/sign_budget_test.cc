// SPDX-License-Identifier: GPL-2.0-only
#include "signer/sign_budget.h"

#include <gtest/gtest.h>

namespace tld::signer {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr base::Deadline start{std::chrono::hours{1}};

int drawn_until_refused(SignBudget& budget, base::Deadline now) {
  int drawn = 0;
  while (budget.draw(now) == nanoseconds{0}) ++drawn;
  return drawn;
}

// Catches: more than rate * (t + 1) in t seconds; a wait after which there is still nothing.
TEST(SignBudget, GivesItsRateAndABurstOfOneSecond) {
  SignBudget budget(10);
  EXPECT_EQ(drawn_until_refused(budget, start), 10);
  int drawn = 10;
  base::Deadline now = start;
  while (now <= start + seconds{100}) {
    const nanoseconds wait = budget.draw(now);
    if (wait == nanoseconds{0}) ++drawn;
    now += wait;
  }
  EXPECT_EQ(drawn, 10 * 101);
}

// Catches: unused budget that piles up over the night.
TEST(SignBudget, DoesNotSaveUp) {
  SignBudget budget(10);
  drawn_until_refused(budget, start);
  EXPECT_EQ(drawn_until_refused(budget, start + std::chrono::hours{8}), 10);
}

// Catches: on-demand work that background work does not make up for.
TEST(SignBudget, BackgroundWorkWaitsForWhatWasOverdrawn) {
  SignBudget budget(10);
  for (int i = 0; i < 15; ++i) budget.overdraw(start);
  EXPECT_EQ(budget.draw(start), milliseconds{600});
  EXPECT_EQ(budget.draw(start + milliseconds{600}), nanoseconds{0});
}

// Catches: strangers who keep background work away for hours by what they ask for.
TEST(SignBudget, OwesASecondAtMost) {
  SignBudget budget(10);
  for (int i = 0; i < 100'000; ++i) budget.overdraw(start);
  EXPECT_EQ(budget.draw(start), milliseconds{1100});
}

// Catches: a budget that is charged although another one refuses; a token with a low rate that is
// not heeded.
TEST(SignBudgets, TakesFromAllTokensOrFromNone) {
  const auto fast = std::make_shared<SignBudget>(10), slow = std::make_shared<SignBudget>(3);
  const SignBudgets both({fast, slow});
  int drawn = 0;
  while (both.draw(start) == nanoseconds{0}) ++drawn;
  EXPECT_EQ(drawn, 3);
  EXPECT_EQ(drawn_until_refused(*fast, start), 7);
  both.overdraw(start);
  EXPECT_GT(fast->draw(start), milliseconds{100});
}

TEST(SignBudgets, WithoutAnyThereIsNoLimit) {
  const SignBudgets none;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(none.draw(start), nanoseconds{0});
}

}  // namespace
}  // namespace tld::signer
