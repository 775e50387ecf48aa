// SPDX-License-Identifier: GPL-2.0-only
#include "signer/validity.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>

namespace tld::signer {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

const base::Time start{seconds{1'800'000'000}};

dns::Name name(int i) { return dns::Name::from_text("n" + std::to_string(i) + ".kz.").value(); }

// Catches: an expiration past the policy's validity, or one that needs refreshing at once.
TEST(Validity, LiesBetweenRefreshAndValidity) {
  const SignaturePolicy policy;
  for (int i = 0; i < 2000; ++i) {
    const Validity v = validity_at(policy, name(i), start + hours{i});
    const seconds left = until(v.expiration, start + hours{i});
    EXPECT_GT(left, policy.refresh);
    EXPECT_LE(left, policy.validity);
    EXPECT_EQ(until(v.inception, start + hours{i}), -policy.inception_offset);
  }
}

// Catches: two nodes that sign a little apart in time and come to different expirations.
TEST(Validity, ExpirationIsTheSameOnAllNodes) {
  const SignaturePolicy policy;
  int moved = 0;
  for (int i = 0; i < 1000; ++i) {
    const Validity a = validity_at(policy, name(i), start);
    const Validity b = validity_at(policy, name(i), start + seconds{60});
    moved += a.expiration != b.expiration;
  }
  EXPECT_LE(moved, 2);  // only where a grid point lies within that minute
}

// Catches: refresh too early (a signature made anew for nothing) or a validity that shrinks.
TEST(Validity, SteadyStateIsOneSignaturePerPeriodAtFullValidity) {
  const SignaturePolicy policy;
  base::Time now = start;
  Validity v = validity_at(policy, name(7), now);
  int made = 0;
  for (int hour = 0; hour < 24 * 27 * 4; ++hour, now += hours{1}) {
    if (!needs_refresh(policy, v, now)) continue;
    const Validity next = validity_at(policy, name(7), now);
    EXPECT_EQ(next.expiration - v.expiration, seconds{days{27}}.count());
    EXPECT_GT(until(next.expiration, now), policy.validity - hours{2});
    v = next;
    ++made;
  }
  EXPECT_NEAR(made, 4, 1);
}

// Catches: a phase that bunches the load.
TEST(Validity, PhasesSpreadOverThePeriod) {
  const SignaturePolicy policy;
  std::map<std::int64_t, int> per_day;
  for (int i = 0; i < 27000; ++i) {
    ++per_day[until(validity_at(policy, name(i), start).expiration, start) / days{1}];
  }
  for (const auto& [day, count] : per_day) {
    if (day > 3 && day < 29) {
      EXPECT_NEAR(count, 1000, 150) << "day " << day;
    }
  }
}

// Catches: comparing stamps as plain numbers across 2106 (RFC 4034 section 3.1.5).
TEST(Validity, SerialArithmeticAcrossTheWrap) {
  const base::Time before_wrap{seconds{0xffffff00}};
  const SignaturePolicy policy;
  const Validity v = validity_at(policy, name(1), before_wrap);
  EXPECT_LT(v.expiration, 0x7fffffffu);
  EXPECT_GT(until(v.expiration, before_wrap), policy.refresh);
  EXPECT_TRUE(may_be_served(v, before_wrap, hours{1}));
}

// Catches: a signature that expires in a cache, or is not valid yet.
TEST(Validity, MayBeServedCountsCaches) {
  const Validity v{1'800'000'000, 1'800'010'000};
  EXPECT_TRUE(may_be_served(v, start, seconds{9'999}));
  EXPECT_FALSE(may_be_served(v, start, seconds{10'000}));
  EXPECT_FALSE(may_be_served(v, start - seconds{1}, seconds{1}));
}

TEST(Validity, RefusesPoliciesThatCannotWork) {
  EXPECT_TRUE(check(SignaturePolicy{}));
  EXPECT_FALSE(check(SignaturePolicy{days{30}, seconds{0}, hours{1}}));
  EXPECT_FALSE(check(SignaturePolicy{days{30}, days{15}, hours{1}}));
  EXPECT_FALSE(check(SignaturePolicy{days{36500}, days{3}, hours{1}}));
  EXPECT_FALSE(check(SignaturePolicy{days{30}, days{3}, hours{-1}}));
}

}  // namespace
}  // namespace tld::signer
