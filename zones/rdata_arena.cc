// SPDX-License-Identifier: GPL-2.0-only
#include "zones/rdata_arena.h"

namespace tld::zones {

std::uint32_t RdataArena::append(std::string_view encoded, std::uint16_t count) {
  sets_.push_back({octets_.size(), static_cast<std::uint32_t>(encoded.size()), count});
  octets_ += encoded;
  return static_cast<std::uint32_t>(sets_.size() - 1);
}

void RdataArena::shrink_to_fit() {
  octets_.shrink_to_fit();
  sets_.shrink_to_fit();
}

std::uint32_t RdataInterner::intern(std::string_view encoded, std::uint16_t count) {
  const std::uint64_t hash = octets_hash(encoded);
  const std::uint32_t known =
      index_.find(hash, [&](std::uint32_t number) { return arena_.encoded(number) == encoded; });
  if (known != HashIndex::none) return known;
  const std::uint32_t number = arena_.append(encoded, count);
  index_.insert(hash, number);
  return number;
}

void append_encoded(std::string_view rdata, std::string& encoded) {
  encoded += static_cast<char>(rdata.size() >> 8);
  encoded += static_cast<char>(rdata.size() & 0xff);
  encoded += rdata;
}

}  // namespace tld::zones
