// SPDX-License-Identifier: GPL-2.0-only
//
// What a ZoneContent is made of; seen by content.cc and content_builder.cc only.
//
// Thread rule: immutable once a ZoneContent refers to it.
#pragma once

#include <string>
#include <vector>

#include "zones/content.h"
#include "zones/rdata_arena.h"

namespace tld::zones {

struct ZoneContent::Data {
  struct Entry {             // one RRset
    std::uint32_t name = 0;  // where its owner stands in `names`
    std::uint32_t ttl = 0;
    std::uint32_t set = 0;
    dns::RRType type = dns::RRType::A;
    std::uint8_t name_size = 0;
  };
  static_assert(sizeof(Entry) == 16);

  dns::NameView owner(const Entry& entry) const {
    return dns::NameView::trusted(std::string_view(names).substr(entry.name, entry.name_size));
  }

  dns::Name apex;
  std::string names;           // owner names, in canonical order
  std::vector<Entry> entries;  // by owner, then type
  RdataArena rdata;
  std::size_t record_count = 0;
};

}  // namespace tld::zones
