// SPDX-License-Identifier: GPL-2.0-only
//
// Requests and replies go over the socket in batches while the token is busy; none waits for a
// batch that does not fill up.
#include <array>
#include <atomic>

#include "hsm/verify.h"
#include "tests/contract/situation.h"

namespace tld::hsm::test {
namespace {

using std::chrono::steady_clock;

// When the reply came; 0 until then.
using Arrival = std::atomic<steady_clock::duration>;

class Batches : public Situation {
 protected:
  void SetUp() override {
    start({.operation_deadline = "PT60S", .sessions = 1});
    ASSERT_TRUE(signs());
  }
  void TearDown() override { client_.reset(); }  // its callbacks write to arrivals_

  void ask(std::size_t number, milliseconds within = milliseconds(20'000)) {
    client()->sign(token_.key(Algorithm::ecdsap256sha256).id, RrsigInput{}.octets(), in(within),
                   [&at = arrivals_[number]](const base::Result<Signature>& result) {
                     EXPECT_TRUE(result);
                     at = steady_clock::now().time_since_epoch();
                   });
  }
  bool came(std::size_t number) const {
    return arrivals_[number].load() != steady_clock::duration{};
  }

  std::array<Arrival, 16> arrivals_{};
};

// Catches: a reply that waits for the next one while the token is slow.
TEST_F(Batches, AReplyDoesNotWaitForTheNext) {
  token_.faults("delay-ms 1000\n");
  ask(0);
  ask(1);
  ASSERT_TRUE(eventually([&] { return came(1); }));
  EXPECT_GE(arrivals_[1].load() - arrivals_[0].load(), milliseconds(300));
}

// Catches: requests that wait for others to go with them while no reply comes.
TEST_F(Batches, ARequestDoesNotWaitForTheNext) {
  token_.faults("hang 1\n");
  constexpr std::size_t requests = 12;
  for (std::size_t i = 0; i < requests; ++i) ask(i);
  const bool all_there = eventually([&] { return health().queued == requests - 1; });
  token_.faults("");
  EXPECT_TRUE(all_there);
  EXPECT_TRUE(eventually([&] { return came(requests - 1); }));
}

// Catches: what somebody waits for standing behind the background's requests.
TEST_F(Batches, TheEarliestDeadlineGoesFirst) {
  token_.faults("delay-ms 300\n");
  constexpr std::size_t background = 6;
  for (std::size_t i = 0; i < background; ++i) ask(i);
  ask(background, milliseconds(19'000));
  EXPECT_TRUE(eventually([&] { return came(background - 1) && came(background); }));
  EXPECT_LT(arrivals_[background].load(), arrivals_[background - 1].load());
}

// Catches: replies that are lost, mixed up or come twice when many go at once.
TEST_F(Batches, AThousandRequestsGetTheirReplies) {
  std::atomic<int> right{0};
  std::atomic<int> all{0};
  const KeyInfo& key = token_.key(Algorithm::ecdsap256sha256);
  const Verifier verifier = Verifier::make(key.public_key).value();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    RrsigInput input;
    input.ttl = i;
    const std::string octets = input.octets();
    client()->sign(key.id, octets, in(milliseconds(20'000)),
                   [&, octets](const base::Result<Signature>& result) {
                     right += result && verifier.verify(octets, result.value().octets) ? 1 : 0;
                     ++all;
                   });
  }
  EXPECT_TRUE(eventually([&] { return all == 1000; }));
  EXPECT_EQ(right, 1000);
  client_.reset();
  EXPECT_EQ(all, 1000);
}

}  // namespace
}  // namespace tld::hsm::test
