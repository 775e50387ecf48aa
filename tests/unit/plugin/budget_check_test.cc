// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/budget_check.h"

#include <gtest/gtest.h>

namespace tld::plugin {
namespace {

using std::chrono::days;
using std::chrono::hours;

const ZoneNeed kz{"kz.", 200'000, days{27}, hours{6}, true};
const ZoneNeed big{"big.", 10'000'000, days{27}, hours{6}, false};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Catches: a rate that is too low for a roll and that nobody is told of.
TEST(BudgetCheck, ARollNeedsAllSignaturesWithinSignDelay) {
  EXPECT_EQ(budget_trouble(10, {kz}), "");
  const std::string trouble = budget_trouble(9, {kz});
  for (const char* part :
       {"refresh-rate 9", "9.34 signatures a second", "roll of kz.",
        "200000 signatures / sign-delay 21600 s = 9.26", "0.09 for refreshing"}) {
    EXPECT_TRUE(has(trouble, part)) << part << " in " << trouble;
  }
}

// Catches: zones that are each fine and together too much for their token.
TEST(BudgetCheck, RefreshingIsTheSumOverTheZonesOfTheToken) {
  EXPECT_EQ(budget_trouble(5, {big}), "");
  const std::string trouble = budget_trouble(8, {big, big});
  EXPECT_TRUE(has(trouble, "8.57 signatures a second")) << trouble;
  EXPECT_TRUE(has(trouble, "big. 10000000 signatures / 2332800 s = 4.29")) << trouble;
  EXPECT_TRUE(has(budget_trouble(13, {kz, big}), "13.63"));
  EXPECT_EQ(budget_trouble(14, {kz, big}), "");
}

TEST(BudgetCheck, AZoneThatDoesNotRollNeedsNothingForIt) {
  ZoneNeed still = kz;
  still.rolls = false;
  EXPECT_EQ(budget_trouble(1, {still}), "");
  EXPECT_EQ(budget_trouble(1, {}), "");
}

}  // namespace
}  // namespace tld::plugin
