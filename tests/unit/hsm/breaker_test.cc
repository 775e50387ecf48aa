// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/breaker.h"

#include <gtest/gtest.h>

namespace tld::hsm {
namespace {

using State = Breaker::State;
using std::chrono::milliseconds;

class BreakerTest : public testing::Test {
 protected:
  BreakerTest() { breaker.answered(now); }
  void fail(unsigned times) {
    for (unsigned i = 0; i < times; ++i) breaker.failed(now, "gone");
  }
  milliseconds back_off() const {
    return std::chrono::duration_cast<milliseconds>(breaker.next_try() - now);
  }

  base::Deadline now = base::Deadline{} + std::chrono::hours{100};
  Breaker breaker{Breaker::Options{}};
};

// Catches: a breaker that opens on one hiccup, or counts failures with answers between them.
TEST_F(BreakerTest, OpensAfterFailuresInARowOnly) {
  fail(2);
  breaker.answered(now);
  fail(2);
  EXPECT_EQ(breaker.state(), State::closed);
  fail(1);
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_EQ(breaker.why(), "gone");
  EXPECT_EQ(breaker.since(), now);
  EXPECT_EQ(breaker.opened(), 1u);
  EXPECT_FALSE(breaker.wants_try(now));
}

TEST_F(BreakerTest, OneTryAfterTheBackOff) {
  fail(3);
  now = breaker.next_try();
  ASSERT_TRUE(breaker.wants_try(now));
  breaker.begin_try(now);
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_FALSE(breaker.wants_try(now));
  EXPECT_TRUE(breaker.answered(now));
  EXPECT_EQ(breaker.state(), State::closed);
}

// Catches: a token that is hammered; one that is forgotten; tokens that all come back at once.
TEST_F(BreakerTest, BackOffDoublesWithJitterUpToItsLimit) {
  fail(3);
  milliseconds expected{250};
  for (int i = 0; i < 12; ++i) {
    EXPECT_GE(back_off(), expected - expected / 8) << i;
    EXPECT_LE(back_off(), expected + expected / 8) << i;
    now = breaker.next_try();
    breaker.begin_try(now);
    fail(1);
    EXPECT_EQ(breaker.state(), State::open);
    EXPECT_EQ(breaker.opened(), 1u);  // it was not closed meanwhile
    expected = std::min(2 * expected, milliseconds{15'000});
  }
  Breaker::Options other;
  other.seed = 1;
  Breaker differs(other);
  for (int i = 0; i < 3; ++i) differs.failed(now, "gone");
  fail(3);
  EXPECT_NE(differs.next_try() - now, milliseconds{250});
}

TEST_F(BreakerTest, ATryThatIsLostIsMadeAgain) {
  fail(3);
  now = breaker.next_try();
  breaker.begin_try(now);
  now += std::chrono::seconds{9};
  EXPECT_FALSE(breaker.wants_try(now));
  now += std::chrono::seconds{2};
  EXPECT_TRUE(breaker.wants_try(now));
}

// Catches: a busy machine that pauses for a moment taken for a dead token.
TEST_F(BreakerTest, SilenceWhileOthersAnswerOpensItAfterAWhile) {
  for (int i = 0; i < 50; ++i) breaker.outrun(now);
  EXPECT_EQ(breaker.state(), State::closed);
  now += milliseconds{49};
  breaker.outrun(now);
  EXPECT_EQ(breaker.state(), State::closed);
  now += milliseconds{1};
  breaker.outrun(now);
  EXPECT_EQ(breaker.state(), State::open);
}

// Catches: a token with wrong signatures that is used again because something verified, or
// answered.
TEST_F(BreakerTest, AWrongSignatureOpensAtOnceAndOnlyARightOneAskedForLaterCloses) {
  EXPECT_TRUE(breaker.judged(now, false));
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_TRUE(breaker.distrusted());
  EXPECT_FALSE(breaker.answered(now));
  EXPECT_FALSE(breaker.judged(now, true));  // was under way
  EXPECT_FALSE(breaker.judged(now, false));
  EXPECT_EQ(breaker.state(), State::open);
  now = breaker.next_try();
  breaker.begin_try(now);
  EXPECT_FALSE(breaker.answered(now));
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_TRUE(breaker.judged(now, true));
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_FALSE(breaker.distrusted());
}

// Catches: an HSM that is wrong every other time and trusted anew each time.
TEST_F(BreakerTest, DistrustGrowsUntilItIsForgiven) {
  const auto wrong_then_right = [&] {
    breaker.judged(now, false);
    const milliseconds pause = back_off();
    now = breaker.next_try();
    breaker.begin_try(now);
    breaker.judged(now, true);
    return pause;
  };
  const milliseconds first = wrong_then_right();
  EXPECT_LE(first, milliseconds{1'125});
  for (int i = 0; i < 10; ++i) wrong_then_right();
  EXPECT_GE(wrong_then_right(), milliseconds{52'500});
  now += std::chrono::hours{1};
  EXPECT_LE(wrong_then_right(), milliseconds{1'125});
}

TEST_F(BreakerTest, WhatIsNotHeardFromWantsARequest) {
  now += milliseconds{29'999};
  EXPECT_FALSE(breaker.wants_try(now));
  now += milliseconds{1};
  EXPECT_TRUE(breaker.wants_try(now));
  breaker.begin_try(now);
  EXPECT_FALSE(breaker.wants_try(now));
  EXPECT_EQ(breaker.state(), State::closed);
}

}  // namespace
}  // namespace tld::hsm
