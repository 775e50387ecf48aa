// SPDX-License-Identifier: GPL-2.0-only
//
// What every KeyDoor keeps to, whatever is behind it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "hsm/proof.h"
#include "hsm/software_key.h"
#include "hsm/verify.h"
#include "tests/contract/test_token.h"

namespace tld::hsm::test {
namespace {

struct SoftwareDoor {
  SoftwareDoor()
      : ecdsa(keys.generate(Algorithm::ecdsap256sha256).value()),
        rsa(keys.generate(Algorithm::rsasha256).value()) {}
  KeyDoor& door() { return keys; }
  const KeyInfo& key(Algorithm a) const { return a == Algorithm::rsasha256 ? rsa : ecdsa; }
  void delay(milliseconds time) { keys.faults().delay_ms = time.count(); }
  void wrong_signatures() { keys.faults().wrong_signatures = true; }

  SoftwareKeys keys;
  KeyInfo ecdsa;
  KeyInfo rsa;
};

struct ClientDoor {
  ClientDoor() : process(daemon_command(write_config(token))) {
    if (!eventually([&] { return client.health(in(milliseconds(500))).logged_in; })) {
      throw std::runtime_error("tld-hsmd does not log in");
    }
  }
  KeyDoor& door() { return client; }
  const KeyInfo& key(Algorithm a) const { return token.key(a); }
  void delay(milliseconds time) const {
    token.faults("delay-ms " + std::to_string(time.count()) + "\n");
  }
  void wrong_signatures() const { token.faults("wrong-signature 1\n"); }

  TestToken token;
  Process process;
  HsmClient client{{"test", socket_path(token)}, std::make_shared<NullLog>()};
};

template <class Door>
class KeyDoorContract : public testing::Test {
 protected:
  std::string message(Algorithm algorithm, std::uint32_t ttl = 3600) const {
    RrsigInput input;
    input.algorithm = algorithm;
    input.ttl = ttl;
    return input.octets();
  }
  Door door_;
};

using Doors = testing::Types<SoftwareDoor, ClientDoor>;
TYPED_TEST_SUITE(KeyDoorContract, Doors);

TYPED_TEST(KeyDoorContract, SignaturesVerifyWithTheListedKeys) {
  const auto keys = this->door_.door().list(in(milliseconds(5'000)));
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  ASSERT_EQ(keys.value().size(), 2U);
  for (const KeyInfo& key : keys.value()) {
    const std::string message = this->message(key.public_key.algorithm);
    const auto signature = sign_now(this->door_.door(), key.id, message, in(milliseconds(5'000)));
    ASSERT_TRUE(signature.has_value()) << signature.error().message;
    EXPECT_TRUE(Verifier::make(key.public_key).value().verify(message, signature.value()));
    EXPECT_EQ(key.id, this->door_.key(key.public_key.algorithm).id);
    EXPECT_EQ(key.public_key, this->door_.key(key.public_key.algorithm).public_key);
    EXPECT_EQ(key.id.size(), 16U);
  }
}

TYPED_TEST(KeyDoorContract, UnknownKeyIsNotFound) {
  const auto signature =
      sign_now(this->door_.door(), KeyId(16, 'x'), this->message(Algorithm::ecdsap256sha256),
               in(milliseconds(5'000)));
  ASSERT_TRUE(signature.has_error());
  EXPECT_EQ(signature.error().kind, base::ErrorKind::not_found);
}

TYPED_TEST(KeyDoorContract, PastDeadlineTimesOut) {
  const auto signature =
      sign_now(this->door_.door(), this->door_.key(Algorithm::ecdsap256sha256).id,
               this->message(Algorithm::ecdsap256sha256), in(milliseconds(-1)));
  ASSERT_TRUE(signature.has_error());
  EXPECT_EQ(signature.error().kind, base::ErrorKind::timed_out);
}

TYPED_TEST(KeyDoorContract, SlowTokenTimesOutAtTheDeadline) {
  this->door_.delay(milliseconds(1'500));
  const auto start = std::chrono::steady_clock::now();
  const auto signature =
      sign_now(this->door_.door(), this->door_.key(Algorithm::ecdsap256sha256).id,
               this->message(Algorithm::ecdsap256sha256), in(milliseconds(100)));
  ASSERT_TRUE(signature.has_error());
  EXPECT_EQ(signature.error().kind, base::ErrorKind::timed_out);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, milliseconds(100));
  EXPECT_LT(took, milliseconds(1'000));
}

TYPED_TEST(KeyDoorContract, WrongSignaturesAreSeenByTheVerifier) {
  this->door_.wrong_signatures();
  for (const Algorithm algorithm : {Algorithm::ecdsap256sha256, Algorithm::rsasha256}) {
    const KeyInfo& key = this->door_.key(algorithm);
    const std::string message = this->message(algorithm);
    const auto signature = sign_now(this->door_.door(), key.id, message, in(milliseconds(5'000)));
    ASSERT_TRUE(signature.has_value()) << signature.error().message;
    EXPECT_FALSE(Verifier::make(key.public_key).value().verify(message, signature.value()));
  }
}

TYPED_TEST(KeyDoorContract, HealthSaysThatItIsWell) {
  const Health health = this->door_.door().health(in(milliseconds(2'000)));
  EXPECT_TRUE(health.reachable);
  EXPECT_TRUE(health.logged_in);
  EXPECT_EQ(health.detail, "");
  // A session begins when its thread has seen that the token is there.
  EXPECT_TRUE(eventually(
      [this] { return this->door_.door().health(in(milliseconds(2'000))).sessions >= 1; }));
}

// 1,000 requests from 8 threads: each gets one answer, and the one for its own message.
TYPED_TEST(KeyDoorContract, PipelinedRequestsGetTheirOwnAnswersOnce) {
  constexpr int threads = 8;
  constexpr int each = 125;
  const KeyInfo& key = this->door_.key(Algorithm::ecdsap256sha256);
  const Verifier verifier = Verifier::make(key.public_key).value();
  std::vector<std::atomic<int>> answers(threads * each);
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      for (int i = t * each; i < (t + 1) * each; ++i) {
        const std::string message =
            this->message(Algorithm::ecdsap256sha256, static_cast<std::uint32_t>(i));
        this->door_.door().sign(
            key.id, message, in(milliseconds(20'000)),
            [&, i, message](base::Result<Signature> signature) {
              if (signature.has_value() && verifier.verify(message, signature.value().octets)) {
                ++right;
              }
              ++answers[static_cast<std::size_t>(i)];
            });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(eventually([&] { return right == threads * each; })) << right;
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_TRUE(std::all_of(answers.begin(), answers.end(), [](const auto& n) { return n == 1; }));
}

// Deadlines that race with answers: still exactly one callback each.
TYPED_TEST(KeyDoorContract, RacingDeadlinesGiveOneCallbackEach) {
  const KeyInfo& key = this->door_.key(Algorithm::ecdsap256sha256);
  constexpr std::size_t count = 500;
  std::vector<std::atomic<int>> answers(count);
  std::atomic<std::size_t> total{0};
  this->door_.delay(milliseconds(1));
  for (std::size_t i = 0; i < count; ++i) {
    this->door_.door().sign(key.id, this->message(Algorithm::ecdsap256sha256),
                            in(milliseconds(static_cast<int>(i % 20))),
                            [&, i](const base::Result<Signature>&) {
                              ++answers[i];
                              ++total;
                            });
  }
  EXPECT_TRUE(eventually([&] { return total >= count; })) << total;
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_TRUE(std::all_of(answers.begin(), answers.end(), [](const auto& n) { return n == 1; }));
}

}  // namespace
}  // namespace tld::hsm::test
