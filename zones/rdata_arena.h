// SPDX-License-Identifier: GPL-2.0-only
//
// Interned RDATA sets: octets in one arena, equal sets once, numbered densely from 0.
//
// Thread rule: RdataArena is immutable once its maker hands it out; the interner is one thread's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zones/hash_index.h"
#include "zones/rdata_set.h"

namespace tld::zones {

class RdataArena {
 public:
  std::size_t size() const { return sets_.size(); }
  // `id_base` is added to the id: for a second arena that continues the numbers of a first one.
  RdataSet get(std::uint32_t number, std::uint32_t id_base = 0) const {
    const Place& set = sets_[number];
    const char* begin = octets_.data() + set.offset;
    return {id_base + number, begin, begin + set.size, set.count};
  }
  std::string_view encoded(std::uint32_t number) const {
    return std::string_view(octets_).substr(sets_[number].offset, sets_[number].size);
  }
  std::size_t octets() const { return octets_.capacity() + sets_.capacity() * sizeof(Place); }

  // `encoded`: each RDATA as two octets of length and its octets.
  std::uint32_t append(std::string_view encoded, std::uint16_t count);
  void shrink_to_fit();

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint16_t count = 0;
  };
  std::string octets_;
  std::vector<Place> sets_;
};

class RdataInterner {
 public:
  explicit RdataInterner(RdataArena& arena) : arena_(arena) {}
  std::uint32_t intern(std::string_view encoded, std::uint16_t count);

 private:
  RdataArena& arena_;
  HashIndex index_;
};

// Appends `rdata` to `encoded` as an RdataSet holds it. REQUIRES: at most 65,535 octets.
void append_encoded(std::string_view rdata, std::string& encoded);

}  // namespace tld::zones
