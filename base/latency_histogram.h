// SPDX-License-Identifier: GPL-2.0-only
//
// How long something took, counted in buckets.
//
// Thread rule: safe from any thread; no locks. A view may miss what is added meanwhile.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tld::base {

class LatencyHistogram {
 public:
  using Microseconds = std::chrono::microseconds;
  // A bucket holds what took no longer than its bound, and longer than the one before.
  static constexpr std::array<Microseconds, 15> bounds{
      Microseconds{100},       Microseconds{200},       Microseconds{500},
      Microseconds{1'000},     Microseconds{2'000},     Microseconds{5'000},
      Microseconds{10'000},    Microseconds{20'000},    Microseconds{50'000},
      Microseconds{100'000},   Microseconds{200'000},   Microseconds{500'000},
      Microseconds{1'000'000}, Microseconds{2'000'000}, Microseconds{5'000'000}};

  struct View {
    std::array<std::uint64_t, bounds.size() + 1> counts{};  // the last: longer than all bounds
    Microseconds sum{0};
  };

  void add(Microseconds time) {
    std::size_t bucket = 0;
    while (bucket < bounds.size() && time > bounds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(static_cast<std::uint64_t>(time.count()), std::memory_order_relaxed);
  }

  View view() const {
    View out;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      out.counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    out.sum = Microseconds{static_cast<std::int64_t>(sum_.load(std::memory_order_relaxed))};
    return out;
  }

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_{0};  // microseconds
};

}  // namespace tld::base
