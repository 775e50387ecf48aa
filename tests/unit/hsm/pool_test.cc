// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <numeric>

#include "hsm/prove_everywhere.h"
#include "hsm/software_key.h"
#include "hsm/verify.h"

namespace tld::hsm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

class Lines final : public base::Log {
 public:
  void write(base::Level, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    text_.append(message).append("\n");
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

// Three tokens with the same key.
class KeyPoolTest : public testing::Test {
 protected:
  static constexpr std::size_t count = 3;

  KeyPoolTest() {
    key = tokens[0].generate(Algorithm::ecdsap256sha256).value();
    for (std::size_t i = 1; i < count; ++i) tokens[i].copy_keys_of(tokens[0]);
    make_members({});
  }
  ~KeyPoolTest() override {
    for (auto& token : tokens) token.faults().delay_ms = 0;
  }

  void make_members(const Breaker::Options& options) {
    all.clear();
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(std::make_shared<PoolMember>(
          std::string(1, static_cast<char>('a' + i)),
          std::shared_ptr<KeyDoor>(&tokens[i], [](KeyDoor*) {}), log, options));
      // As if each had answered a moment ago: no request is a try.
      const auto now = steady_clock::now();
      all.back()->begin(now, false);
      all.back()->answered(now, now);
    }
  }
  // Nobody else is asked because this machine is busy.
  static KeyPool::Options unhurried(TokenOrder order = TokenOrder::primary_reserve) {
    KeyPool::Options options;
    options.order = order;
    options.shortest_wait = options.first_wait = std::chrono::seconds{10};
    return options;
  }
  static base::Deadline in(milliseconds time) { return steady_clock::now() + time; }

  base::Result<Signature> sign(KeyPool& pool, milliseconds within = milliseconds{5'000},
                               const KeyId& id = {}) {
    auto promise = std::make_shared<std::promise<base::Result<Signature>>>();
    pool.sign(id.empty() ? key.id : id, "message", in(within),
              [promise](base::Result<Signature> result) { promise->set_value(std::move(result)); });
    return promise->get_future().get();
  }
  // Asks, verifies and judges as the signing service does; the member that was right.
  int signer(KeyPool& pool) {
    auto signature = sign(pool);
    if (!signature) return -1;
    const bool right = verifier().verify("message", signature.value().octets);
    pool.judge(key.id, signature.value().member, right);
    return right ? static_cast<int>(signature.value().member) : -2;
  }
  Verifier verifier() const { return Verifier::make(key.public_key).value(); }
  Breaker::State state(std::size_t i) const { return all[i]->view().state; }

  std::array<SoftwareKeys, count> tokens;
  KeyInfo key;
  std::shared_ptr<Lines> log = std::make_shared<Lines>();
  KeyPool::Members all;
};

TEST_F(KeyPoolTest, TheFirstSignsAndTheOthersAreReserves) {
  KeyPool pool(all, unhurried());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(signer(pool), 0);
  EXPECT_EQ(tokens[1].sign_calls() + tokens[2].sign_calls(), 0u);
  EXPECT_EQ(pool.retried_elsewhere(), 0u);
  EXPECT_EQ(pool.members(), count);
}

// Catches: what an operator is shown of a token counted for another one, or not at all.
TEST_F(KeyPoolTest, CountsForEachToken) {
  KeyPool pool(all, unhurried());
  const auto answers = [&](std::size_t i) {
    const auto counts = all[i]->counters().latency.view().counts;
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  const auto first = answers(0);  // of make_members()
  const auto second = answers(1);
  EXPECT_EQ(signer(pool), 0);
  EXPECT_EQ(answers(0), first + 1);
  tokens[0].faults().away = true;
  EXPECT_EQ(signer(pool), 1);
  EXPECT_EQ(all[0]->counters().failed, 1u);
  EXPECT_EQ(answers(0), first + 1);
  EXPECT_EQ(answers(1), second + 1);
  EXPECT_EQ(all[1]->counters().failed, 0u);
  pool.judge(key.id, 1, false);
  EXPECT_EQ(all[1]->counters().wrong_signatures, 1u);
  EXPECT_EQ(all[0]->counters().wrong_signatures, 0u);
}

// Catches: one token gone that costs one signature, or costs each request a try.
TEST_F(KeyPoolTest, ATokenThatIsAwayCostsNoSignature) {
  KeyPool pool(all, unhurried());
  tokens[0].faults().away = true;
  tokens[1].faults().away = true;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(signer(pool), 2);
  EXPECT_EQ(state(0), Breaker::State::open);
  EXPECT_EQ(state(1), Breaker::State::open);
  EXPECT_LE(tokens[0].sign_calls(), 6u);
  EXPECT_GE(pool.retried_elsewhere(), 3u);
  EXPECT_THAT(log->text(), HasSubstr("token a: breaker open: the software keys are away"));
  const std::string lines = log->text();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2) << lines;
}

TEST_F(KeyPoolTest, ATokenThatIsBackIsUsedAgain) {
  KeyPool pool(all, unhurried());
  tokens[0].faults().away = true;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(signer(pool), 1);
  tokens[0].faults().away = false;
  const auto end = in(milliseconds{5'000});
  while (signer(pool) != 0 && steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds{5});
  }
  EXPECT_EQ(state(0), Breaker::State::closed);
  EXPECT_EQ(signer(pool), 0);
  EXPECT_THAT(log->text(), HasSubstr("token a: breaker closed"));
}

// Catches: a hung token that is waited for until the deadline, by each request anew.
TEST_F(KeyPoolTest, AHungTokenDelaysAFewRequestsALittle) {
  KeyPool pool(all, {});
  tokens[0].faults().delay_ms = 60'000;
  const auto begin = steady_clock::now();
  for (int i = 0; i < 50; ++i) EXPECT_GT(signer(pool), 0);
  EXPECT_LT(steady_clock::now() - begin, milliseconds{2'000});
  EXPECT_EQ(state(0), Breaker::State::open);
  EXPECT_LT(tokens[0].sign_calls(), 25u);
  EXPECT_THAT(log->text(), HasSubstr("token a: breaker open: it does not answer while others do"));
}

// Catches: after a quiet night, the first request waits for a token that hangs.
TEST_F(KeyPoolTest, TheFirstRequestAfterLongSilenceIsCoveredToo) {
  Breaker::Options options;
  options.look_after = milliseconds{1};
  make_members(options);
  KeyPool pool(all, {});
  tokens[0].faults().delay_ms = 60'000;
  std::this_thread::sleep_for(milliseconds{5});
  const auto begin = steady_clock::now();
  EXPECT_GT(signer(pool), 0);
  EXPECT_LT(steady_clock::now() - begin, milliseconds{1'000});
}

// Catches: a breaker that makes an outage where tokens are slow or flapping but there.
TEST_F(KeyPoolTest, WhenNoneIsFitThoseThatFailedAreAsked) {
  KeyPool pool(all, unhurried());
  for (auto& token : tokens) token.faults().away = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(signer(pool), -1);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(state(i), Breaker::State::open) << i;
  EXPECT_EQ(sign(pool).error().kind, base::ErrorKind::unavailable);
  tokens[2].faults().away = false;
  EXPECT_EQ(signer(pool), 2);
}

TEST_F(KeyPoolTest, WhenAllHangTheDeadlineHolds) {
  KeyPool pool(all, {});
  for (auto& token : tokens) token.faults().delay_ms = 60'000;
  const auto begin = steady_clock::now();
  EXPECT_EQ(sign(pool, milliseconds{200}).error().kind, base::ErrorKind::timed_out);
  EXPECT_GE(steady_clock::now() - begin, milliseconds{200});
  EXPECT_LT(steady_clock::now() - begin, milliseconds{1'500});
}

// Catches: a wrong token that is asked again and again, or a trust that comes back by itself.
TEST_F(KeyPoolTest, AWrongSignatureTakesTheTokenOutAtOnce) {
  KeyPool pool(all, unhurried());
  tokens[0].faults().wrong_signatures = true;
  EXPECT_EQ(signer(pool), -2);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(signer(pool), 1);
  EXPECT_EQ(tokens[0].sign_calls(), 1u);
  EXPECT_TRUE(all[0]->view().distrusted);
  EXPECT_THAT(log->text(), HasSubstr("token a: breaker open: it gave a signature that does not"));
  tokens[1].faults().away = tokens[2].faults().away = true;
  EXPECT_EQ(signer(pool), -1);  // rather none than a token that signs wrongly
  EXPECT_EQ(tokens[0].sign_calls(), 1u);
}

TEST_F(KeyPoolTest, ATokenThatWasWrongIsTrustedWhenOneOfItsSignaturesVerifies) {
  Breaker::Options options;
  options.distrust = milliseconds{200};
  make_members(options);
  KeyPool pool(all, unhurried());
  tokens[0].faults().wrong_signatures = true;
  EXPECT_EQ(signer(pool), -2);
  std::this_thread::sleep_for(milliseconds{230});
  EXPECT_EQ(signer(pool), -2);  // the try
  EXPECT_EQ(signer(pool), 1);
  tokens[0].faults().wrong_signatures = false;
  std::this_thread::sleep_for(milliseconds{460});
  EXPECT_EQ(signer(pool), 0);
  EXPECT_EQ(state(0), Breaker::State::closed);
}

// Catches: a reserve that nobody has heard from, until the day it is needed.
TEST_F(KeyPoolTest, AReserveThatIsNotHeardFromIsTried) {
  Breaker::Options options;
  options.look_after = milliseconds{50};
  make_members(options);
  KeyPool pool(all, unhurried());
  tokens[2].faults().wrong_signatures = true;
  const auto end = in(milliseconds{2'000});
  while (state(2) == Breaker::State::closed && steady_clock::now() < end) {
    signer(pool);
    std::this_thread::sleep_for(milliseconds{2});
  }
  EXPECT_EQ(state(2), Breaker::State::open);
  EXPECT_GE(tokens[1].sign_calls(), 1u);
}

TEST_F(KeyPoolTest, AKeyThatIsMissingInOneIsAskedOfTheNextAndNobodyIsToBlame) {
  const KeyInfo other = tokens[1].generate(Algorithm::ecdsap256sha256).value();
  KeyPool pool(all, unhurried());
  for (int i = 0; i < 5; ++i) {
    const auto signature = sign(pool, milliseconds{2'000}, other.id);
    ASSERT_TRUE(signature);
    EXPECT_EQ(signature.value().member, 1u);
  }
  EXPECT_EQ(state(0), Breaker::State::closed);
  EXPECT_EQ(sign(pool, milliseconds{2'000}, "nobody").error().kind, base::ErrorKind::not_found);
}

TEST(KeyPool, WhichErrorsAreWorthAnotherToken) {
  using Kind = base::ErrorKind;
  for (const Kind kind : {Kind::unavailable, Kind::timed_out, Kind::internal}) {
    EXPECT_TRUE(worth_another(kind) && speaks_against_token(kind)) << to_string(kind);
  }
  for (const Kind kind : {Kind::not_found, Kind::refused}) {
    EXPECT_TRUE(worth_another(kind) && !speaks_against_token(kind)) << to_string(kind);
  }
  EXPECT_FALSE(worth_another(Kind::invalid_input) || speaks_against_token(Kind::invalid_input));
}

// Catches: tokens that stand idle while another one has a queue.
TEST_F(KeyPoolTest, AllActiveTakesTheLeastBusy) {
  KeyPool pool(all, unhurried(TokenOrder::all_active));
  for (auto& token : tokens) token.faults().delay_ms = 100;
  std::atomic<int> done{0};
  for (int i = 0; i < 30; ++i) {
    pool.sign(key.id, "message", in(milliseconds{5'000}), [&](base::Result<Signature> result) {
      EXPECT_TRUE(result);
      ++done;
    });
  }
  while (done < 30) std::this_thread::sleep_for(milliseconds{1});
  for (const auto& token : tokens) EXPECT_EQ(token.sign_calls(), 10u);
}

// Catches: a callback that comes twice (two members answer) or never, under all faults at once.
TEST_F(KeyPoolTest, EachRequestIsAnsweredOnceWhateverHappens) {
  constexpr int requests = 3'000;
  std::deque<std::atomic<int>> answers(requests);
  {
    KeyPool::Options options;
    options.shortest_wait = options.first_wait = std::chrono::microseconds{500};
    KeyPool pool(all, options);
    for (int i = 0; i < requests; ++i) {
      SoftwareKeys::Faults& faults = tokens[static_cast<std::size_t>(i) % count].faults();
      faults.delay_ms = i % 7;
      faults.away = i % 5 == 0;
      pool.sign(key.id, "message", in(milliseconds{i % 30}),
                [&answers, i](const base::Result<Signature>&) {
                  ++answers[static_cast<std::size_t>(i)];
                });
      if (i % 50 == 0) std::this_thread::sleep_for(milliseconds{1});
    }
  }
  for (const auto& answer : answers) EXPECT_EQ(answer, 1);
  for (const auto& member : all) EXPECT_EQ(member->under_way(), 0u);
}

TEST_F(KeyPoolTest, HealthTellsOfEach) {
  KeyPool pool(all, {});
  tokens[1].faults().away = true;
  const Health health = pool.health(in(milliseconds{1'000}));
  EXPECT_TRUE(health.reachable && health.logged_in);
  EXPECT_EQ(health.detail, "b: the software keys are away");
  EXPECT_EQ(health.sessions, 3u);
  EXPECT_EQ(pool.list(in(milliseconds{1'000})).value().size(), 1u);
}

// Catches: a ZSK that becomes active while one token holds another key under its id.
TEST_F(KeyPoolTest, ProofsTellWhichTokenHoldsAnotherKey) {
  ASSERT_TRUE(tokens[1].generate(Algorithm::ecdsap256sha256, 2048, key.id));
  tokens[2].faults().away = true;
  const auto proofs = prove_everywhere(all, key.id, verifier(), in(milliseconds{2'000}));
  ASSERT_EQ(proofs.size(), count);
  EXPECT_EQ(proofs[0].member, "a");
  EXPECT_TRUE(proofs[0].outcome);
  ASSERT_FALSE(proofs[1].outcome);
  EXPECT_EQ(proofs[1].outcome.error().kind, base::ErrorKind::refused);
  EXPECT_THAT(proofs[1].outcome.error().message, HasSubstr("token b: "));
  ASSERT_FALSE(proofs[2].outcome);
  EXPECT_EQ(proofs[2].outcome.error().kind, base::ErrorKind::unavailable);
}

}  // namespace
}  // namespace tld::hsm
