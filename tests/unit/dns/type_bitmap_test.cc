// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <random>

#include "dns/rdata.h"
#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

using namespace std::string_literals;

TEST(TypeBitmap, AsInRfc4034) {  // §4.3: A MX RRSIG NSEC TYPE1234
  const std::set<RRType> types = {RRType::A, RRType::MX, RRType::RRSIG, RRType::NSEC,
                                  static_cast<RRType>(1234)};
  const std::string expected = hex("00 06 40 01 00 00 00 03 04 1b" + std::string(52, '0') + "20");
  EXPECT_EQ(base::to_hex(type_bitmap(types)), base::to_hex(expected));
  EXPECT_EQ(types_of_bitmap(expected).value(), types);
}

TEST(TypeBitmap, NoTypesIsNoOctets) {
  EXPECT_EQ(type_bitmap({}), "");
  EXPECT_TRUE(types_of_bitmap("").value().empty());
}

TEST(TypeBitmap, AnySetReadsBack) {
  std::mt19937 random(4);
  for (int i = 0; i < 3000; ++i) {
    std::set<RRType> types;
    for (auto n = random() % 12; n > 0; --n) {
      types.insert(static_cast<RRType>(random() % (i % 2 == 0 ? 300 : 65536)));
    }
    ASSERT_EQ(types_of_bitmap(type_bitmap(types)).value(), types);
  }
}

TEST(TypeBitmap, EdgesOfWindows) {
  EXPECT_EQ(type_bitmap({static_cast<RRType>(0)}), hex("000180"));
  EXPECT_EQ(type_bitmap({static_cast<RRType>(255)}), hex("0020" + std::string(62, '0') + "01"));
  EXPECT_EQ(type_bitmap({static_cast<RRType>(256)}), hex("010180"));
}

TEST(TypeBitmap, RefusesWhatRfc4034Forbids) {
  const std::string too_long = hex("0021" + std::string(64, '0') + "01");
  for (const auto& bitmap : {hex("00"), hex("0002 40"),        // ends early
                             hex("0000"), hex("000140 0100"),  // an empty window
                             hex("000100"), hex("00024000"),  // a zero octet at the end of a window
                             hex("000140 000101"),            // a window twice
                             hex("010140 000140"),            // windows descend
                             too_long}) {
    EXPECT_FALSE(types_of_bitmap(bitmap).has_value()) << base::to_hex(bitmap);
  }
}

}  // namespace
}  // namespace tld::dns
