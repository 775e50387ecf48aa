// SPDX-License-Identifier: GPL-2.0-only
//
// An array that grows and never moves what it holds: chunks of doubling size behind a first one, in
// a small directory of pointers. Readers need no lock while it grows.
//
// Thread rule: reserve() in any thread (growers lock each other out); at() and size() are wait-free
// in any thread. What an element holds is the users' to synchronise.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace tld::base {

// An element is `stride` objects of T in a row, value-initialised.
template <class T>
class GrowingArray {
 public:
  explicit GrowingArray(std::size_t elements, std::size_t stride = 1)
      : first_(elements), stride_(stride), size_(elements) {
    if (elements > 0) chunks_[0].store(new T[elements * stride](), std::memory_order_relaxed);
  }
  ~GrowingArray() {
    for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }
  GrowingArray(const GrowingArray&) = delete;
  GrowingArray& operator=(const GrowingArray&) = delete;

  // At least `size` elements from now on; those that were there stay where they are.
  void reserve(std::size_t size) {
    if (size <= size_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(growing_);
    if (size <= size_.load(std::memory_order_relaxed)) return;
    for (std::size_t number = 1; number <= chunk_of(size - 1); ++number) {
      if (chunks_[number].load(std::memory_order_relaxed) != nullptr) continue;
      chunks_[number].store(new T[chunk_size(number) * stride_](), std::memory_order_release);
    }
    size_.store(size, std::memory_order_release);
  }

  std::size_t size() const { return size_.load(std::memory_order_acquire); }

  // The first of the element's objects. REQUIRES: index < size().
  T* at(std::size_t index) const {
    const std::size_t number = chunk_of(index);
    T* const chunk = chunks_[number].load(std::memory_order_acquire);
    assert(chunk != nullptr);
    return chunk + (index - chunk_begin(number)) * stride_;
  }

 private:
  static constexpr std::size_t step = 4096;  // elements in chunk 1

  // Chunk 0 has the first_ elements, chunk n the next step * 2^(n - 1).
  std::size_t chunk_of(std::size_t index) const {
    return index < first_ ? 0 : std::size_t(std::bit_width((index - first_) / step + 1));
  }
  std::size_t chunk_begin(std::size_t number) const {
    return number == 0 ? 0 : first_ + step * ((std::size_t{1} << (number - 1)) - 1);
  }
  static std::size_t chunk_size(std::size_t number) { return step << (number - 1); }

  const std::size_t first_;
  const std::size_t stride_;
  std::atomic<std::size_t> size_;
  std::array<std::atomic<T*>, 48> chunks_{};
  std::mutex growing_;
};

}  // namespace tld::base
