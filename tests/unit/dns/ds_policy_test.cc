// SPDX-License-Identifier: GPL-2.0-only
#include "dns/ds_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr DsPolicy strict{};
constexpr DsPolicy syntax{DsPolicy::Rule::syntax, true, true};

Ds ds(unsigned algorithm, unsigned digest_type, std::size_t octets) {
  return {1, static_cast<std::uint8_t>(algorithm), static_cast<std::uint8_t>(digest_type),
          std::string(octets, 'x')};
}

TEST(DsPolicy, StrictTakesWhatValidatorsCheck) {
  for (const unsigned algorithm : {8, 10, 13, 14, 15, 16}) {
    const DsVerdict verdict = check_ds(ds(algorithm, 2, 32), strict);
    EXPECT_TRUE(verdict.accepted) << algorithm;
    EXPECT_THAT(verdict.reason, IsEmpty()) << algorithm;
  }
  EXPECT_TRUE(check_ds(ds(13, 4, 48), strict).accepted);
  for (const unsigned algorithm : {1, 2, 3, 4, 6, 9, 11, 17, 23, 24, 252, 253, 254, 255}) {
    const DsVerdict verdict = check_ds(ds(algorithm, 2, 32), strict);
    EXPECT_FALSE(verdict.accepted) << algorithm;
    EXPECT_THAT(verdict.reason, HasSubstr("algorithm " + std::to_string(algorithm)));
  }
  for (const unsigned digest_type : {5, 6, 7, 255}) {
    const DsVerdict verdict = check_ds(ds(13, digest_type, 32), strict);
    EXPECT_FALSE(verdict.accepted) << digest_type;
    EXPECT_THAT(verdict.reason, HasSubstr("digest type " + std::to_string(digest_type)));
  }
}

TEST(DsPolicy, SyntaxTakesWhatItDoesNotKnow) {
  for (const unsigned algorithm : {1, 9, 17, 253, 255}) {
    EXPECT_TRUE(check_ds(ds(algorithm, 2, 32), syntax).accepted) << algorithm;
  }
  EXPECT_TRUE(check_ds(ds(13, 5, 32), syntax).accepted);
  EXPECT_TRUE(check_ds(ds(13, 99, 1), syntax).accepted);
  EXPECT_TRUE(check_ds(ds(13, 99, 64), syntax).accepted);
  EXPECT_FALSE(check_ds(ds(13, 99, 65), syntax).accepted);
  EXPECT_FALSE(check_ds(ds(13, 99, 0), syntax).accepted);
}

// RFC 8078 section 4's "0 0 0 00" means deletion in a CDS and nothing in a DS.
TEST(DsPolicy, ReservedNumbersAreRefusedByBoth) {
  for (const DsPolicy& policy : {strict, syntax}) {
    EXPECT_FALSE(check_ds(ds(0, 2, 32), policy).accepted);
    EXPECT_FALSE(check_ds(ds(13, 0, 1), policy).accepted);
  }
}

TEST(DsPolicy, KnownDigestsHaveTheirLengthUnderBoth) {
  const std::pair<unsigned, std::size_t> lengths[] = {{1, 20}, {2, 32}, {3, 32},
                                                      {4, 48}, {5, 32}, {6, 32}};
  for (const auto& [digest_type, octets] : lengths) {
    for (const std::size_t wrong : {std::size_t{0}, octets - 1, octets + 1}) {
      EXPECT_FALSE(check_ds(ds(13, digest_type, wrong), syntax).accepted) << digest_type;
      EXPECT_FALSE(check_ds(ds(13, digest_type, wrong), strict).accepted) << digest_type;
    }
    EXPECT_TRUE(check_ds(ds(13, digest_type, octets), syntax).accepted) << digest_type;
  }
}

TEST(DsPolicy, GostAndSha1AsSet) {
  const Ds gost[] = {ds(13, 3, 32), ds(12, 2, 32), ds(12, 3, 32)};
  const Ds sha1[] = {ds(13, 1, 20), ds(5, 2, 32), ds(7, 2, 32)};
  for (const auto rule : {DsPolicy::Rule::strict, DsPolicy::Rule::syntax}) {
    for (const Ds& one : gost) {
      EXPECT_FALSE(check_ds(one, {rule, false, true}).accepted);
      EXPECT_THAT(check_ds(one, {rule, false, true}).reason, HasSubstr("RFC 9906"));
      EXPECT_TRUE(check_ds(one, {rule, true, false}).accepted);
      EXPECT_THAT(check_ds(one, {rule, true, false}).reason, HasSubstr("RFC 9906"));
    }
    for (const Ds& one : sha1) {
      EXPECT_FALSE(check_ds(one, {rule, true, false}).accepted);
      EXPECT_THAT(check_ds(one, {rule, true, false}).reason, HasSubstr("RFC 9905"));
      EXPECT_TRUE(check_ds(one, {rule, false, true}).accepted);
      EXPECT_THAT(check_ds(one, {rule, false, true}).reason, HasSubstr("RFC 9905"));
    }
    EXPECT_FALSE(check_ds(ds(12, 1, 20), {rule, false, true}).accepted);
    EXPECT_FALSE(check_ds(ds(12, 1, 20), {rule, true, false}).accepted);
  }
}

TEST(DsPolicy, KeysThatNoDsCanPointAt) {
  const Dnskey good{257, 3, 13, std::string(64, 'k')};
  EXPECT_TRUE(check_ds_key(good).accepted);
  EXPECT_TRUE(check_ds_key({256, 3, 8, std::string(131, 'k')}).accepted);
  EXPECT_THAT(check_ds_key({1, 3, 13, good.public_key}).reason, HasSubstr("not a zone key"));
  EXPECT_THAT(check_ds_key({257 | 128, 3, 13, good.public_key}).reason, HasSubstr("revoked"));
  EXPECT_THAT(check_ds_key({257, 2, 13, good.public_key}).reason, HasSubstr("protocol 2"));
  EXPECT_THAT(check_ds_key({257, 3, 13, std::string(65, 'k')}).reason, HasSubstr("65 octets"));
  for (const Dnskey& bad :
       {Dnskey{257, 3, 14, std::string(64, 'k')}, Dnskey{257, 3, 15, std::string(33, 'k')},
        Dnskey{257, 3, 16, std::string(32, 'k')}}) {
    EXPECT_FALSE(check_ds_key(bad).accepted);
  }
}

}  // namespace
}  // namespace tld::dns
