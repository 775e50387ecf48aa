// SPDX-License-Identifier: GPL-2.0-only
#include "keys/pin_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tld::keys {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string fault(const std::vector<std::string>& shares, const std::string& verifier) {
  const auto pin = combine_pin(shares, verifier);
  return pin ? "" : pin.error().message;
}

TEST(PinShares, AnyTwoOfFiveGiveThePinOneDoesNot) {
  const std::string pin = "correct horse 1234";
  const PinShares made = split_pin(pin, 2, 5).value();
  ASSERT_EQ(made.shares.size(), 5U);
  for (std::size_t a = 0; a < 5; ++a) {
    EXPECT_THAT(fault({made.shares[a]}, made.verifier), StartsWith("PIN-FEW"));
    EXPECT_THAT(fault({made.shares[a], made.shares[a]}, made.verifier), StartsWith("PIN-FEW"));
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_EQ(combine_pin({made.shares[a], made.shares[b]}, made.verifier).value(), pin);
    }
  }
  EXPECT_EQ(combine_pin(made.shares, made.verifier).value(), pin);
}

TEST(PinShares, ThreeOfThreeAndPinsOfEachLength) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{4}, max_shared_pin}) {
    const std::string pin(size, '7');
    const PinShares made = split_pin(pin, 3, 3).value();
    EXPECT_EQ(combine_pin(made.shares, made.verifier).value(), pin);
    EXPECT_THAT(fault({made.shares[0], made.shares[2]}, made.verifier), StartsWith("PIN-FEW"));
  }
}

// The same PIN is split another way each time; a share shows nothing of it.
TEST(PinShares, SharesAreRandom) {
  const PinShares one = split_pin("1234", 2, 2).value(), two = split_pin("1234", 2, 2).value();
  const auto octets = [](const std::string& text) { return text.substr(text.find("octets: ")); };
  EXPECT_NE(octets(one.shares[0]), octets(two.shares[0]));
  EXPECT_NE(octets(one.shares[0]), octets(one.shares[1]));
  EXPECT_NE(one.verifier, two.verifier);
  // The block ends in zeros: with bad coefficients they would show.
  EXPECT_THAT(one.shares[0], ::testing::Not(HasSubstr("00000000\n")));
}

TEST(PinShares, WrongShareIsFoundOutBeforeATokenSeesIt) {
  const PinShares made = split_pin("1234", 2, 3).value();
  const std::string& right = made.shares[0];
  for (std::size_t at = 0; at < right.size(); at += 7) {
    std::string wrong = right;
    wrong[at] = wrong[at] == '5' ? '6' : '5';
    EXPECT_THAT(fault({wrong, made.shares[1]}, made.verifier), StartsWith("PIN-")) << at;
  }
  std::string wrong = right;
  char& digit = wrong[wrong.size() - 40];
  digit = digit == '0' ? '1' : '0';
  EXPECT_THAT(fault({wrong, made.shares[1]}, made.verifier), StartsWith("PIN-VERIFIER"));
  std::string renumbered = right;
  renumbered.replace(renumbered.find("share: 1"), 8, "share: 3");
  EXPECT_THAT(fault({renumbered, made.shares[1]}, made.verifier), StartsWith("PIN-VERIFIER"));
}

TEST(PinShares, OfAnotherSplitOrNoShare) {
  const PinShares made = split_pin("1234", 2, 2).value(), other = split_pin("1234", 2, 2).value();
  EXPECT_THAT(fault({made.shares[0], other.shares[1]}, made.verifier), StartsWith("PIN-OTHER-SET"));
  for (const std::string& text : {std::string(), made.shares[0] + "\n", made.verifier,
                                  std::string("tld-pin-share 1\nset: a\nshare: 1\noctets: 00\n")}) {
    EXPECT_THAT(fault({text, made.shares[1]}, made.verifier), StartsWith("PIN-SYNTAX"));
  }
  EXPECT_THAT(fault(made.shares, made.shares[0]), StartsWith("PIN-SYNTAX"));
}

TEST(PinShares, ImpossibleSplitsAreRefused) {
  for (const auto& [threshold, count] : {std::pair{1U, 2U}, {3U, 2U}, {0U, 0U}, {2U, 17U}}) {
    EXPECT_FALSE(split_pin("1234", threshold, count)) << threshold << " of " << count;
  }
  EXPECT_FALSE(split_pin("", 2, 2));
  EXPECT_FALSE(split_pin(std::string(max_shared_pin + 1, '1'), 2, 2));
}

}  // namespace
}  // namespace tld::keys
