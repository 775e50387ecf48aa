// SPDX-License-Identifier: GPL-2.0-only
//
// The name servers inside the zone that its NS RRsets name, and what the zone holds at each: what
// decides which address is glue and which is an orphan.
//
// Thread rule: immutable after construction. Lifetime: that of the content.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "zones/content.h"
#include "zones/hash_index.h"

namespace tld::zones {

class NsTargets {
 public:
  struct Target {
    dns::NameView name;
    std::uint32_t uses = 0;  // NS RRsets that name it
    bool has_address = false;
    bool is_cname = false;
  };

  explicit NsTargets(const ZoneContent& content);

  // nullptr when no NS RRset of the zone names it.
  const Target* find(dns::NameView name) const;
  const std::vector<Target>& all() const { return targets_; }

 private:
  std::uint32_t number_of(dns::NameView name, std::uint64_t hash) const;
  void add_targets_of(const RdataSet& set, std::uint32_t uses, dns::NameView apex);

  std::vector<Target> targets_;
  HashIndex index_;
};

inline bool is_address(dns::RRType type) {
  return type == dns::RRType::A || type == dns::RRType::AAAA;
}

}  // namespace tld::zones
