// SPDX-License-Identifier: GPL-2.0-only
//
// How many NS RRsets of a base name each name server inside the zone. An address that is served at
// or below a cut is named at least once: only what differs from exactly once is kept for it.
//
// Thread rule: immutable once the zone has it. Lifetime: that of the content.
#pragma once

#include <cstdint>
#include <vector>

#include "dns/name.h"
#include "zones/hash_index.h"

namespace tld::zones {

class HostUses {
 public:
  void add(dns::NameView host, std::uint32_t uses) {
    index_.insert(octets_hash(host.wire()), static_cast<std::uint32_t>(hosts_.size()));
    hosts_.push_back({host.wire().data(), uses, static_cast<std::uint8_t>(host.wire().size())});
  }

  void shrink_to_fit() { hosts_.shrink_to_fit(); }

  // `otherwise` for a host that was not added.
  std::uint32_t find(dns::NameView host, std::uint32_t otherwise) const {
    const std::uint32_t number = index_.find(octets_hash(host.wire()), [&](std::uint32_t n) {
      return std::string_view(hosts_[n].name, hosts_[n].name_size) == host.wire();
    });
    return number == HashIndex::none ? otherwise : hosts_[number].uses;
  }

 private:
  struct Host {
    const char* name = nullptr;
    std::uint32_t uses = 0;
    std::uint8_t name_size = 0;
  };
  std::vector<Host> hosts_;
  HashIndex index_;
};

}  // namespace tld::zones
