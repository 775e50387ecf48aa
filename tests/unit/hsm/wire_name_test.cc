// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/wire_name.h"

#include <gtest/gtest.h>

namespace tld::hsm {
namespace {

using namespace std::string_literals;

TEST(WireName, ReadsWhatConfigurationsHold) {
  EXPECT_EQ(wire_name("kz.").value(), "\x02kz\x00"s);
  EXPECT_EQ(wire_name("XN--80ao21a.").value(), "\x0bxn--80ao21a\x00"s);
  EXPECT_EQ(wire_name("com.KZ.").value(),
            "\x03"
            "com\x02kz\x00"s);
  EXPECT_EQ(wire_name(".").value(), "\0"s);
  EXPECT_EQ(wire_name("a\\.b\\065.").value(),
            "\x04"
            "a.ba\x00"s);
}

TEST(WireName, RefusesWhatIsNoAbsoluteName) {
  for (const std::string& text : {""s, "kz"s, ".kz."s, "a..b."s, "a\\"s, "a\\."s, "a\\25."s,
                                  "a\\256."s, ".."s, std::string(64, 'a') + "."}) {
    EXPECT_TRUE(wire_name(text).has_error()) << text;
  }
  std::string longest;
  for (int i = 0; i < 4; ++i) longest += std::string(i < 3 ? 63 : 61, 'a') + ".";
  EXPECT_TRUE(wire_name(longest).has_value());  // 255 octets
  EXPECT_TRUE(wire_name("a" + longest).has_error());
}

TEST(WireName, LengthStopsAtWhatIsNoName) {
  EXPECT_EQ(wire_name_length("\x02kz\x00rest"s), 4U);
  EXPECT_EQ(wire_name_length("\0"s), 1U);
  EXPECT_EQ(wire_name_length(""s), 0U);
  EXPECT_EQ(wire_name_length("\x02kz"s), 0U);      // no root
  EXPECT_EQ(wire_name_length("\x02k"s), 0U);       // cut off
  EXPECT_EQ(wire_name_length("\x02kZ\x00"s), 0U);  // not folded
  EXPECT_EQ(wire_name_length("\x40" + std::string(64, 'a') + "\0"s), 0U);
  EXPECT_EQ(wire_name_length("\xc0\x0c\0"s), 0U);  // compressed
  std::string longest;
  for (int i = 0; i < 127; ++i)
    longest +=
        "\x01"
        "a";
  EXPECT_EQ(wire_name_length(longest + "\0"s), 255U);
  EXPECT_EQ(wire_name_length(longest + "\x01"
                                       "a\0"s),
            0U);
}

TEST(WireName, BelowIsDecidedByLabelsNotOctets) {
  const std::string kz = "\x02kz\x00"s;
  EXPECT_TRUE(at_or_below(kz, kz));
  EXPECT_TRUE(
      at_or_below("\x01"
                  "a\x02kz\x00"s,
                  kz));
  EXPECT_TRUE(at_or_below(kz, "\0"s));
  EXPECT_FALSE(at_or_below("\0"s, kz));
  EXPECT_FALSE(
      at_or_below("\x04"
                  "a\x02kz\x00"s,
                  kz));  // the label "a\002kz"
  EXPECT_EQ(label_count("\0"s), 0U);
  EXPECT_EQ(label_count("\x01*\x02kz\x00"s), 2U);
}

}  // namespace
}  // namespace tld::hsm
