// SPDX-License-Identifier: GPL-2.0-only
//
// The letter of the format. A parser that we did not write reads it in
// tests/system/test_metrics.py.
#include "base/open_metrics.h"

#include <gtest/gtest.h>

#include <limits>

namespace tld::base {
namespace {

using Type = OpenMetrics::Type;
using std::chrono::microseconds;

std::string gauge_with(std::string_view label) {
  OpenMetrics text;
  text.family("x", Type::gauge, "h");
  text.sample(std::uint64_t{1}, {{"l", label}});
  const std::string all = std::move(text).finish();
  const std::string head = "# TYPE x gauge\n# HELP x h\nx{l=\"";
  const std::string tail = "\"} 1\n# EOF\n";
  EXPECT_TRUE(all.starts_with(head) && all.ends_with(tail)) << all;
  return all.substr(head.size(), all.size() - head.size() - tail.size());
}

TEST(OpenMetrics, CountersAndGauges) {
  OpenMetrics text;
  text.family("tld_waited", Type::counter, "Questions that \"waited\"\nlong\\");
  text.sample(std::uint64_t{18446744073709551615U});
  text.family("tld_log_bytes", Type::gauge, "Size");
  text.sample(std::uint64_t{7}, {{"zone", "kz."}, {"b", ""}});
  text.family("tld_age_seconds", Type::gauge, "Age");
  text.sample(0.25);
  text.sample(1'800'000'000.0);
  EXPECT_EQ(std::move(text).finish(),
            "# TYPE tld_waited counter\n"
            "# HELP tld_waited Questions that \\\"waited\\\"\\nlong\\\\\n"
            "tld_waited_total 18446744073709551615\n"
            "# TYPE tld_log_bytes gauge\n"
            "# UNIT tld_log_bytes bytes\n"
            "# HELP tld_log_bytes Size\n"
            "tld_log_bytes{zone=\"kz.\",b=\"\"} 7\n"
            "# TYPE tld_age_seconds gauge\n"
            "# UNIT tld_age_seconds seconds\n"
            "# HELP tld_age_seconds Age\n"
            "tld_age_seconds 0.25\n"
            "tld_age_seconds 1800000000\n"
            "# EOF\n");
}

TEST(OpenMetrics, NumbersThatAreNone) {
  OpenMetrics text;
  text.family("x", Type::gauge, "h");
  text.sample(std::numeric_limits<double>::infinity());
  text.sample(-std::numeric_limits<double>::infinity());
  text.sample(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(std::move(text).finish(), "# TYPE x gauge\n# HELP x h\nx +Inf\nx -Inf\nx NaN\n# EOF\n");
}

TEST(OpenMetrics, StatesAndInfo) {
  static constexpr const char* states[] = {"closed", "open"};
  OpenMetrics text;
  text.family("tld_breaker", Type::stateset, "h");
  text.state(states, "open", {{"token", "a"}});
  text.family("tld_build", Type::info, "h");
  text.info({{"version", "1"}});
  EXPECT_EQ(std::move(text).finish(),
            "# TYPE tld_breaker stateset\n# HELP tld_breaker h\n"
            "tld_breaker{token=\"a\",tld_breaker=\"closed\"} 0\n"
            "tld_breaker{token=\"a\",tld_breaker=\"open\"} 1\n"
            "# TYPE tld_build info\n# HELP tld_build h\n"
            "tld_build_info{version=\"1\"} 1\n"
            "# EOF\n");
}

// Catches: a label that ends its own value, and so forges samples.
TEST(OpenMetrics, LabelsAreEscaped) {
  EXPECT_EQ(gauge_with("a\"} 5\nb\\c"), "a\\\"} 5\\nb\\\\c");
  EXPECT_EQ(gauge_with("\xd2\x9b\xd0\xb0\xd0\xb7 \xf0\x9f\x94\x91"),
            "\xd2\x9b\xd0\xb0\xd0\xb7 \xf0\x9f\x94\x91");
}

// Catches: octets that are no UTF-8 (RFC 3629 §4), for which Prometheus refuses the whole text.
TEST(OpenMetrics, WhatIsNoUtf8IsReplaced) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(gauge_with("a\xff"), "a" + bad);
  EXPECT_EQ(gauge_with("\xc3"), bad);                                // cut off
  EXPECT_EQ(gauge_with("\xc0\xaf"), bad + bad);                      // overlong
  EXPECT_EQ(gauge_with("\xe0\x80\xaf"), bad + bad + bad);            // overlong
  EXPECT_EQ(gauge_with("\xed\xa0\x80"), bad + bad + bad);            // a surrogate
  EXPECT_EQ(gauge_with("\xf4\x90\x80\x80").size(), 4 * bad.size());  // above U+10FFFF
  EXPECT_EQ(gauge_with("\xc3\""), bad + "\\\"");
}

TEST(LatencyHistogram, BucketsAreCumulativeInTheText) {
  LatencyHistogram histogram;
  for (const int time : {0, 100, 101, 5'000'000, 5'000'001}) histogram.add(microseconds{time});
  OpenMetrics text;
  text.family("t_seconds", Type::histogram, "h");
  text.histogram(histogram.view(), {{"token", "a"}});
  const std::string all = std::move(text).finish();
  for (const std::string line :
       {"# UNIT t_seconds seconds\n", "t_seconds_bucket{token=\"a\",le=\"0.0001\"} 2\n",
        "t_seconds_bucket{token=\"a\",le=\"0.0002\"} 3\n",
        "t_seconds_bucket{token=\"a\",le=\"2\"} 3\n", "t_seconds_bucket{token=\"a\",le=\"5\"} 4\n",
        "t_seconds_bucket{token=\"a\",le=\"+Inf\"} 5\n", "t_seconds_count{token=\"a\"} 5\n",
        "t_seconds_sum{token=\"a\"} 10.000202\n"}) {
    EXPECT_NE(all.find(line), std::string::npos) << line << all;
  }
}

}  // namespace
}  // namespace tld::base
