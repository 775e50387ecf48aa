// SPDX-License-Identifier: GPL-2.0-only
#include "base/duration.h"

#include <gtest/gtest.h>

namespace tld::base {
namespace {

using std::chrono::seconds;

TEST(Duration, ReadsWhatOperatorsWrite) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"P30D", 30 * 86400}, {"PT1H", 3600},        {"PT5S", 5},        {"PT0S", 0},
      {"P2W", 14 * 86400},  {"P1DT12H", 129600},   {"PT1H1M1S", 3661}, {"PT90M", 5400},
      {"PT36H", 129600},    {"P1DT0H0M1S", 86401}, {"P0D", 0},
  };
  for (const auto& [text, want] : cases) {
    const auto got = parse_duration(text);
    ASSERT_TRUE(got.has_value()) << text;
    EXPECT_EQ(got.value(), seconds(want)) << text;
  }
}

// A month has no fixed length, "P1M" for one minute and a bare number are the classic slips.
TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"",
                           "P",
                           "PT",
                           "P1",
                           "30",
                           "30d",
                           "P1M",
                           "P1Y",
                           "P1H",
                           "PT1D",
                           "PT1S1M",
                           "P1DT",
                           "P-1D",
                           "-P1D",
                           "+P1D",
                           "PT1.5S",
                           "PT1,5S",
                           "P1W1D",
                           "P1D1W",
                           "p1d",
                           " P1D",
                           "P1D ",
                           "PT1H1H",
                           "PTT1H",
                           "P99999999999999999999D",
                           "P40000D",
                           "P3162240001W",
                           "PT1HT1S",
                           "PW",
                           "PT1W"}) {
    EXPECT_TRUE(parse_duration(text).has_error()) << "'" << text << "'";
  }
}

TEST(Duration, TextReadsBackToTheSameDuration) {
  for (const std::int64_t n : {0, 1, 59, 60, 3600, 3661, 86399, 86400, 90061, 30 * 86400}) {
    const auto back = parse_duration(to_text(seconds(n)));
    ASSERT_TRUE(back.has_value()) << to_text(seconds(n));
    EXPECT_EQ(back.value(), seconds(n));
  }
  EXPECT_EQ(to_text(seconds(129600)), "P1DT12H");
  EXPECT_EQ(to_text(seconds(0)), "PT0S");
}

}  // namespace
}  // namespace tld::base
