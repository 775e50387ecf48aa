// SPDX-License-Identifier: GPL-2.0-only
//
// An open-addressing index: a hash of something that stands elsewhere → its number there. Eight
// octets per place, linear probing, at most two thirds full.
//
// Thread rule: find() may run on many threads while nobody inserts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tld::zones {

// Keyed with a secret of this process, so that nobody can register names that collide.
std::uint64_t octets_hash(std::string_view octets);

class HashIndex {
 public:
  static constexpr std::uint32_t none = 0xffffffff;

  explicit HashIndex(std::size_t expected = 0) : places_(places_for(expected)) {}

  // The number whose hash is `hash` and for which `is_same(number)`; none when there is none.
  template <class IsSame>
  std::uint32_t find(std::uint64_t hash, const IsSame& is_same) const {
    const std::uint32_t tag = tag_of(hash);
    const std::size_t mask = places_.size() - 1;
    for (std::size_t at = tag & mask;; at = (at + 1) & mask) {
      const Place& place = places_[at];
      if (place.number == none) return none;
      if (place.tag == tag && is_same(place.number)) return place.number;
    }
  }

  // REQUIRES: number != none and not in the index.
  void insert(std::uint64_t hash, std::uint32_t number);
  std::size_t size() const { return size_; }

 private:
  struct Place {
    std::uint32_t tag = 0;
    std::uint32_t number = none;
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  static std::size_t places_for(std::size_t expected);
  static void place(std::vector<Place>& places, Place what);
  void grow();

  std::vector<Place> places_;
  std::size_t size_ = 0;
};

}  // namespace tld::zones
