// SPDX-License-Identifier: GPL-2.0-only
#include "zones/hash_index.h"

#include <bit>
#include <cstring>
#include <random>

namespace tld::zones {
namespace {

std::uint64_t make_secret() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1;
}

// The two halves of a 128-bit product, folded: each input bit reaches each output bit.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* at, std::size_t octets) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, octets);
  return word;
}

}  // namespace

std::uint64_t octets_hash(std::string_view octets) {
  static const std::uint64_t secret = make_secret();
  std::uint64_t hash = secret ^ octets.size();
  while (octets.size() > 8) {
    hash = mix(hash ^ load(octets.data(), 8), secret ^ 0x9e3779b97f4a7c15);
    octets.remove_prefix(8);
  }
  hash = mix(hash ^ load(octets.data(), octets.size()), secret ^ 0x9e3779b97f4a7c15);
  return mix(hash, 0xd6e8feb86659fd93);
}

std::size_t HashIndex::places_for(std::size_t expected) {
  return std::bit_ceil(expected + expected / 2 + 8);
}

void HashIndex::place(std::vector<Place>& places, Place what) {
  const std::size_t mask = places.size() - 1;
  std::size_t at = what.tag & mask;
  while (places[at].number != none) at = (at + 1) & mask;
  places[at] = what;
}

void HashIndex::insert(std::uint64_t hash, std::uint32_t number) {
  if ((size_ + 1) * 3 > places_.size() * 2) grow();
  place(places_, {tag_of(hash), number});
  ++size_;
}

void HashIndex::grow() {
  std::vector<Place> larger(places_.size() * 2);
  for (const Place& old : places_) {
    if (old.number != none) place(larger, old);
  }
  places_ = std::move(larger);
}

}  // namespace tld::zones
