// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signature_table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

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

TEST(SignatureTable, GrowsAndKeepsWhatItHas) {
  SignatureTable table(3, 64);
  table.put(2, {5, 6}, std::string(64, 'x'));
  EXPECT_THROW(table.put(3, {}, std::string(64, 'x')), std::invalid_argument);
  for (const std::size_t limit : {4u, 3u, 4099u, 4100u, 50'000u}) {
    table.reserve(limit);
    EXPECT_GE(table.slots(), limit);
    const auto last = static_cast<zones::Slot>(table.slots() - 1);
    Signature signature;
    EXPECT_FALSE(limit > 4 && table.get(last, signature));
    EXPECT_FALSE(table.get(last + 1, signature));
    table.put(last, {last, 7}, std::string(64, 'y'));
    ASSERT_TRUE(table.get(last, signature));
    EXPECT_EQ(signature.validity.inception, last);
    ASSERT_TRUE(table.get(2, signature));
    EXPECT_EQ(signature.view(), std::string(64, 'x'));
  }
  EXPECT_EQ(table.filled(), 5u);
}

// Catches: a reader or writer that meets a chunk before it is there, a cell that moves while it is
// written, two slots in one cell. The model: what stands at a slot is that slot's own.
TEST(SignatureTable, GrowsWhileItIsReadAndWritten) {
  constexpr std::size_t begin = 10, end = 60'000;
  SignatureTable table(begin, 64);
  std::atomic<zones::Slot> written{0};
  const auto octets = [](zones::Slot slot) { return std::string(64, static_cast<char>(slot * 7)); };
  std::thread writer([&] {
    for (zones::Slot slot = 0; slot < end; ++slot) {
      if (slot >= begin) table.reserve(slot + 1 + slot % 3);
      table.put(slot, {slot, slot}, octets(slot));
      written = slot;
    }
  });
  std::thread other([&] {  // another candidate of the same lineage
    for (std::size_t limit = begin; limit < end; limit += 977) table.reserve(limit);
  });
  std::vector<std::thread> readers;
  for (unsigned reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      Signature signature;
      for (zones::Slot slot = reader; written < end - 1; slot = (slot * 31 + 1) % (end + 10)) {
        const bool must_be_there = slot <= written && written > 0;
        const bool there = table.get(slot, signature);
        EXPECT_TRUE(there || !must_be_there) << slot;
        if (!there) continue;
        ASSERT_EQ(signature.validity.inception, slot);
        ASSERT_EQ(signature.view(), octets(slot));
      }
    });
  }
  writer.join();
  other.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(table.filled(), end);
}

}  // namespace
}  // namespace tld::signer
