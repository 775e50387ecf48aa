// SPDX-License-Identifier: GPL-2.0-only
#include "signer/wait_ration.h"

#include <gtest/gtest.h>

namespace tld::signer {
namespace {

using std::chrono::milliseconds;

const base::Deadline start{std::chrono::hours{1}};

// Catches: more waiters than PowerDNS can spare, or places that are not given back.
TEST(WaitRation, GivesAsManyPlacesAsThereAre) {
  WaitRation ration(2);
  {
    const WaitRation::Place first(ration, start), second(ration, start), third(ration, start);
    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
    EXPECT_FALSE(third);
  }
  const WaitRation::Place again(ration, start);
  EXPECT_TRUE(again);
}

TEST(WaitRation, NobodyWaitsWithOneThread) {
  WaitRation ration(0);
  const WaitRation::Place place(ration, start);
  EXPECT_FALSE(place);
}

// One question after the other asks for a place and would wait for `wait` in it, for a second.
milliseconds waited_in_a_second(WaitRation& ration, milliseconds wait) {
  milliseconds waited{0};
  for (base::Deadline now = start; now < start + std::chrono::seconds{1};) {
    WaitRation::Place place(ration, now);
    now += place ? wait : milliseconds{1};
    if (place) waited += wait;
    place.leave(now);
  }
  return waited;
}

// Catches: threads that do nothing but wait for a slow token, while the queue grows.
TEST(WaitRation, WaitsForAQuarterOfTheTimeAtMost) {
  WaitRation slow(1);
  const milliseconds waited = waited_in_a_second(slow, milliseconds{20});
  EXPECT_LE(waited, milliseconds{250} + WaitRation::burst + milliseconds{20});
  EXPECT_GE(waited, milliseconds{200});
}

// Catches: a budget that is used up by fast signatures, or never comes back.
TEST(WaitRation, ShortWaitsAndPausesAreFree) {
  WaitRation ration(1);
  for (int i = 0; i < 1000; ++i) {
    const base::Deadline now = start + milliseconds{4 * i};
    WaitRation::Place place(ration, now);
    ASSERT_TRUE(place) << i;
    place.leave(now + milliseconds{1});
  }
}

}  // namespace
}  // namespace tld::signer
