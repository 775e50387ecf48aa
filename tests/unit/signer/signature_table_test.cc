// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signature_table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace tld::signer {
namespace {

TEST(SignatureTable, IsEmptyAtFirst) {
  const SignatureTable table(10, 64);
  Signature signature;
  Validity validity;
  EXPECT_FALSE(table.get(3, signature));
  EXPECT_FALSE(table.get_validity(3, validity));
  EXPECT_FALSE(table.get(zones::no_slot, signature));
  EXPECT_EQ(table.filled(), 0u);
}

TEST(SignatureTable, GivesBackWhatWasPut) {
  for (const std::size_t size : {64u, 128u, 256u, 129u}) {
    SignatureTable table(3, size);
    const std::string first(size, 'x'), second(size, 'y');
    table.put(1, {5, 6}, first);
    table.put(1, {7, 8}, second);
    Signature signature;
    ASSERT_TRUE(table.get(1, signature));
    EXPECT_EQ(signature.view(), second);
    EXPECT_EQ(signature.validity.inception, 7u);
    EXPECT_EQ(signature.validity.expiration, 8u);
    EXPECT_FALSE(table.get(0, signature));
    EXPECT_FALSE(table.get(2, signature));
    EXPECT_EQ(table.filled(), 1u);
  }
}

TEST(SignatureTable, RefusesWhatDoesNotFit) {
  SignatureTable table(1, 64);
  EXPECT_THROW(table.put(0, {}, std::string(63, 'x')), std::invalid_argument);
  EXPECT_THROW(table.put(1, {}, std::string(64, 'x')), std::invalid_argument);
  EXPECT_THROW(SignatureTable(1, 0), std::invalid_argument);
  EXPECT_THROW(SignatureTable(1, max_signature_octets + 1), std::invalid_argument);
}

// Catches: a reader that sees half of one signature and half of the next, or the validity of
// another one.
TEST(SignatureTable, ReadersNeverSeeAMixture) {
  SignatureTable table(2, 64);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint32_t i = 1; !stop; ++i) {
      table.put(1, {i, i}, std::string(64, static_cast<char>(i)));
    }
  });
  int seen = 0;
  while (table.filled() == 0) std::this_thread::yield();
  for (int i = 0; i < 200000; ++i) {
    Signature signature;
    ASSERT_TRUE(table.get(1, signature));
    ++seen;
    ASSERT_EQ(signature.validity.inception, signature.validity.expiration);
    ASSERT_EQ(signature.view(),
              std::string(64, static_cast<char>(signature.validity.inception)));
  }
  stop = true;
  writer.join();
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace tld::signer
