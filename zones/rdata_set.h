// SPDX-License-Identifier: GPL-2.0-only
//
// The RDATA of one RRset, where somebody else keeps it: each RDATA as two octets of length (most
// significant first) and its octets, in canonical form and order.
//
// Thread rule: values. Lifetime: that of the ZoneContent or Zone it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace tld::zones {

// Equal sets are stored once (interned) and have the same id: thousands of delegations share one
// NS set.
class RdataSet {
 public:
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;
    iterator() = default;
    explicit iterator(const char* at) : at_(at) {}
    std::string_view operator*() const { return {at_ + 2, length()}; }
    iterator& operator++() {
      at_ += 2 + length();
      return *this;
    }
    iterator operator++(int) {
      auto old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(iterator a, iterator b) { return a.at_ == b.at_; }

   private:
    std::size_t length() const {
      return std::size_t{static_cast<unsigned char>(at_[0])} << 8 |
             static_cast<unsigned char>(at_[1]);
    }
    const char* at_ = nullptr;
  };

  RdataSet() = default;
  RdataSet(std::uint32_t id, const char* begin, const char* end, std::uint16_t count)
      : id_(id), count_(count), begin_(begin), end_(end) {}
  std::uint32_t id() const { return id_; }  // of one set only, within a ZoneContent or Zone
  std::size_t size() const { return count_; }
  std::string_view octets() const {  // as stored: equal exactly when the RDATA are
    return {begin_, static_cast<std::size_t>(end_ - begin_)};
  }
  iterator begin() const { return iterator(begin_); }
  iterator end() const { return iterator(end_); }

 private:
  std::uint32_t id_ = 0;
  std::uint16_t count_ = 0;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace tld::zones
