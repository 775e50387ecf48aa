// SPDX-License-Identifier: GPL-2.0-only
#include "signer/fill_window.h"

#include <gtest/gtest.h>

#include <future>

namespace tld::signer {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const base::Deadline start{std::chrono::hours{1}};

// What the limit becomes when a token with `sessions` takes `each` for a signature, and is kept as
// busy as the limit allows: half of it lands between two refills.
std::size_t settled(std::size_t sessions, microseconds each) {
  FillLimit limit(16, 256);
  base::Deadline now = start;
  limit.refill(now);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t landed = limit.limit() - limit.go_on_at();
    for (std::size_t i = 0; i < landed; ++i) limit.landed();
    now += each * landed / std::min(sessions, limit.limit());
    limit.refill(now);
  }
  return limit.limit();
}

// Catches: a fast token that waits for the filler.
TEST(FillLimit, GrowsWithAFastToken) {
  EXPECT_NEAR(double(settled(1, microseconds{100})), 160, 3);
  EXPECT_EQ(settled(8, microseconds{100}), 256U);
}

// Catches: a slow token that has a hundred signatures to make of which nothing is needed now.
TEST(FillLimit, StaysSmallWithASlowToken) {
  EXPECT_EQ(settled(4, milliseconds{5}), 16U);
  EXPECT_EQ(settled(8, milliseconds{20}), 16U);
}

// Catches: sessions of a token over a network that find nothing to do.
TEST(FillLimit, KeepsManySessionsBusy) {
  EXPECT_GE(settled(32, milliseconds{5}), 48U);
}

// Catches: a token that fails at once and is flooded for it.
TEST(FillWindow, FailuresDoNotMakeItGrow) {
  FillWindow window(2, 256);
  for (int i = 0; i < 1000; ++i) {
    window.enter();
    window.leave({}, false);
  }
  EXPECT_EQ(window.drain().size(), 1000U);
  window.enter();
  window.enter();
  auto third = std::async(std::launch::async, [&window] { window.enter(); });
  EXPECT_EQ(third.wait_for(milliseconds{50}), std::future_status::timeout);
  window.leave({}, true);
  third.get();
}

// Catches: a filler that is woken for each signature.
TEST(FillWindow, GoesOnWhenHalfHaveLanded) {
  FillWindow window(4, 4);
  for (int i = 0; i < 4; ++i) window.enter();
  auto next = std::async(std::launch::async, [&window] { window.enter(); });
  window.leave({}, true);
  EXPECT_EQ(next.wait_for(milliseconds{50}), std::future_status::timeout);
  window.leave({}, true);
  next.get();
  for (int i = 0; i < 3; ++i) window.leave({}, i > 0);
  EXPECT_EQ(window.drain().size(), 1U);
}

}  // namespace
}  // namespace tld::signer
