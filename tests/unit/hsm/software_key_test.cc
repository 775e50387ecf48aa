// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/software_key.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "hsm/verify.h"

namespace tld::hsm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

base::Deadline in(milliseconds time) {
  return steady_clock::now() + time;
}

TEST(SoftwareKeys, WrongSignaturesDoNotVerify) {
  SoftwareKeys keys;
  const KeyInfo key = keys.generate(Algorithm::ecdsap256sha256).value();
  keys.faults().wrong_signatures = true;
  const auto signature = sign_now(keys, key.id, "m", in(milliseconds(1000)));
  ASSERT_TRUE(signature.has_value());
  EXPECT_FALSE(Verifier::make(key.public_key).value().verify("m", signature.value()));
}

TEST(SoftwareKeys, AwayIsUnavailable) {
  SoftwareKeys keys;
  const KeyInfo key = keys.generate(Algorithm::ecdsap256sha256).value();
  keys.faults().away = true;
  const auto deadline = in(milliseconds(1000));
  EXPECT_EQ(sign_now(keys, key.id, "m", deadline).error().kind, base::ErrorKind::unavailable);
  EXPECT_EQ(keys.list(deadline).error().kind, base::ErrorKind::unavailable);
  EXPECT_FALSE(keys.health(deadline).reachable);
  keys.faults().away = false;
  EXPECT_TRUE(sign_now(keys, key.id, "m", deadline).has_value());
}

// The fake must be late as a token is late: the answer at the deadline, not after the delay.
TEST(SoftwareKeys, SlowKeysTimeOutAtTheDeadline) {
  SoftwareKeys keys;
  const KeyInfo key = keys.generate(Algorithm::ecdsap256sha256).value();
  keys.faults().delay_ms = 30'000;
  const auto start = steady_clock::now();
  EXPECT_EQ(sign_now(keys, key.id, "m", in(milliseconds(50))).error().kind,
            base::ErrorKind::timed_out);
  EXPECT_EQ(keys.list(in(milliseconds(50))).error().kind, base::ErrorKind::timed_out);
  EXPECT_LT(steady_clock::now() - start, milliseconds(5000));
  keys.faults().delay_ms = 20;
  EXPECT_TRUE(sign_now(keys, key.id, "m", in(milliseconds(5000))).has_value());
}

TEST(SoftwareKeys, DestructionAnswersWhatIsWaiting) {
  std::atomic<int> answers{0};
  {
    SoftwareKeys keys;
    const KeyInfo key = keys.generate(Algorithm::ecdsap256sha256).value();
    keys.faults().delay_ms = 60'000;
    for (int i = 0; i < 10; ++i) {
      keys.sign(key.id, "m", in(milliseconds(120'000)), [&](base::Result<Signature> result) {
        EXPECT_EQ(result.error().kind, base::ErrorKind::unavailable);
        ++answers;
      });
    }
  }
  EXPECT_EQ(answers, 10);
}

TEST(SoftwareKeys, CountsCalls) {
  SoftwareKeys keys;
  const KeyInfo key = keys.generate(Algorithm::rsasha256, 1024).value();
  (void)sign_now(keys, key.id, "m", in(milliseconds(1000)));
  (void)sign_now(keys, "nobody", "m", in(milliseconds(1000)));
  EXPECT_EQ(keys.sign_calls(), 2U);
}

}  // namespace
}  // namespace tld::hsm
