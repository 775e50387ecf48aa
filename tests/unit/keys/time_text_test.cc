// SPDX-License-Identifier: GPL-2.0-only
#include "keys/time_text.h"

#include <gtest/gtest.h>

namespace tld::keys {
namespace {

TEST(TimeText, IsTheSecondThatItNames) {
  EXPECT_EQ(time_from_text("19700101000000").value(), base::Time{});
  EXPECT_EQ(time_from_text("20240229235959").value().time_since_epoch().count(), 1709251199);
  EXPECT_EQ(time_from_text("21060207062815").value(), last_time);
  EXPECT_EQ(time_text(last_time), "21060207062815");
}

// A time that only looks right would shift a slot or a validity period.
TEST(TimeText, RefusesWhatIsNoSecond) {
  for (const char* text :
       {"", "2026", "2026010100000", "202601010000000", "20260229000000", "20261301000000",
        "20260100000000", "20260101240000", "20260101006000", "20260101000060", "19691231235959",
        "21060207062816", "2026-1-1000000", "+2026010100000", "2026010100000 "}) {
    EXPECT_FALSE(time_from_text(text)) << text;
  }
}

}  // namespace
}  // namespace tld::keys
