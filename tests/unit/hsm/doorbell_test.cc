// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>
#include <poll.h>

#include "hsm/unix_socket.h"

namespace tld::hsm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool rings_within(const Doorbell& bell, milliseconds time) {
  pollfd fd{bell.fd(), POLLIN, 0};
  return poll(&fd, 1, static_cast<int>(time.count())) == 1;
}

// Catches: a thread that sleeps on although it was rung for, or is woken for ever.
TEST(Doorbell, RingsUntilItIsSilenced) {
  Doorbell bell;
  EXPECT_FALSE(rings_within(bell, milliseconds{0}));
  bell.ring();
  EXPECT_TRUE(rings_within(bell, milliseconds{10'000}));
  bell.silence();
  EXPECT_FALSE(rings_within(bell, milliseconds{0}));
  bell.ring();
  EXPECT_TRUE(rings_within(bell, milliseconds{10'000}));
}

// Catches: a bell that wakes its thread for each call, or not at all.
TEST(Doorbell, RingsInItsTimeAndNotBefore) {
  Doorbell bell;
  const auto begin = steady_clock::now();
  bell.ring_within(milliseconds{50});
  EXPECT_TRUE(rings_within(bell, milliseconds{10'000}));
  EXPECT_GE(steady_clock::now() - begin, milliseconds{50});
}

// Catches: what is urgent waiting with what is not, and the other way round.
TEST(Doorbell, WhatIsUrgentRingsAtOnceAndStaysSo) {
  Doorbell bell;
  bell.ring_within(std::chrono::hours{1});
  bell.ring();
  EXPECT_TRUE(rings_within(bell, milliseconds{10'000}));
  bell.ring_within(std::chrono::hours{1});
  EXPECT_TRUE(rings_within(bell, milliseconds{0}));
}

// Catches: a ring that was set before and does harm afterwards.
TEST(Doorbell, SilenceTakesBackWhatIsSet) {
  Doorbell bell;
  bell.ring_within(milliseconds{1});
  bell.silence();
  EXPECT_FALSE(rings_within(bell, milliseconds{50}));
}

}  // namespace
}  // namespace tld::hsm
