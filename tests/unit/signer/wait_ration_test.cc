// SPDX-License-Identifier: GPL-2.0-only
#include "signer/wait_ration.h"

#include <gtest/gtest.h>

namespace tld::signer {
namespace {

// Catches: more waiters than PowerDNS can spare, or places that are not given back.
TEST(WaitRation, GivesAsManyPlacesAsThereAre) {
  WaitRation ration(2);
  {
    const WaitRation::Place first(ration), second(ration), third(ration);
    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
    EXPECT_FALSE(third);
  }
  const WaitRation::Place again(ration);
  EXPECT_TRUE(again);
}

TEST(WaitRation, NobodyWaitsWithOneThread) {
  WaitRation ration(0);
  const WaitRation::Place place(ration);
  EXPECT_FALSE(place);
}

}  // namespace
}  // namespace tld::signer
