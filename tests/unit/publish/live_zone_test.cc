// SPDX-License-Identifier: GPL-2.0-only
#include "publish/live_zone.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/zones_for_tests.h"

namespace tld::publish {
namespace {

std::shared_ptr<const Publication> publication(std::uint32_t serial) {
  auto zone = std::make_shared<signer::SignedZone>(
      tests::zone_of(tests::example_zone(), "example.", serial),
      signer::SignedZone::Keys{}, signer::SignaturePolicy{});
  return std::make_shared<Publication>(Publication{std::move(zone), serial, {}});
}

TEST(LiveZone, IsEmptyBeforeTheFirstSwap) {
  const LiveZone live;
  EXPECT_EQ(live.generation(), 0u);
  EXPECT_EQ(live.current(), nullptr);
  EXPECT_EQ(live.signed_zone(), nullptr);
}

// Catches: a reader that loses its version to a swap, or sees a generation without its publication.
TEST(LiveZone, ReadersKeepWhatTheyTook) {
  LiveZone live;
  live.swap_in(publication(1));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint32_t serial = 2; serial < 200; ++serial) live.swap_in(publication(serial));
    stop = true;
  });
  std::uint32_t last = 0;
  while (!stop) {
    const std::uint64_t generation = live.generation();
    const auto current = live.current();
    const std::uint32_t serial = current->signed_zone->zone().serial();
    EXPECT_GE(serial, last);
    EXPECT_GE(serial, generation);  // swaps and serials count alike here
    last = serial;
  }
  writer.join();
  EXPECT_EQ(live.generation(), 199u);
}

}  // namespace
}  // namespace tld::publish
