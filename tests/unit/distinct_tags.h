// SPDX-License-Identifier: GPL-2.0-only
//
// Keeps random keys apart: of some 20,000 pairs one has a tag in common, and registers, requests
// and ceremonies refuse such keys.
//
// Thread rule: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <set>

#include "dns/rdata.h"

namespace tld::tests {

class DistinctTags {
 public:
  // False, and nothing is kept, when one of its tags is a former key's: as ZSK, as KSK, or revoked
  // (RFC 5011 §2.1).
  bool take(dns::Dnskey key) {
    std::set<std::uint16_t> tags;
    for (const std::uint16_t flags : {256, 257}) {
      for (const std::uint16_t revoked : {std::uint16_t{0}, dns::Dnskey::flag_revoke}) {
        key.flags = flags | revoked;
        tags.insert(key.key_tag());
      }
    }
    for (const std::uint16_t tag : tags) {
      if (taken_.contains(tag)) return false;
    }
    taken_.merge(tags);
    return true;
  }

 private:
  std::set<std::uint16_t> taken_;
};

}  // namespace tld::tests
