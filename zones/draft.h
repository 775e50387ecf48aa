// SPDX-License-Identifier: GPL-2.0-only
//
// What the store would hold with some changes on top of a version of a zone, before anything is
// judged: data at names, zone cuts, uses of name servers.
//
// Thread rule: used by one thread. Lifetime: that of the version.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "zones/check_rules.h"
#include "zones/update.h"
#include "zones/zone_storage.h"

namespace tld::zones {

using NameSet = std::set<dns::Name, dns::CanonicalLess>;

class Draft final : public CheckView {
 public:
  struct Edit {
    NameState before;
    StoredRRsets after;  // their place and slot say nothing yet
    std::size_t change = 0;
  };
  using Edits = std::map<dns::Name, Edit, dns::CanonicalLess>;
  static constexpr std::size_t no_change = SIZE_MAX;  // Edit::change of what we do ourselves

  explicit Draft(const Zone::Storage& zone) : zone_(zone) {}

  // `after` takes the place of what is at `name`. REQUIRES: in the zone; once per name.
  void put(dns::NameView name, StoredRRsets after, std::size_t change);

  const Zone::Storage& zone() const { return zone_; }
  const Edits& edits() const { return edits_; }
  const Edit* edit(dns::NameView name) const;
  // How many NS RRsets name each host whose count has changed: before, after.
  struct Uses {
    std::uint32_t before = 0, after = 0;
  };
  const std::map<dns::Name, Uses, dns::CanonicalLess>& host_uses() const { return uses_; }

  // What the store has at `name`; places and slots say nothing.
  StoredRRsets at(dns::NameView name) const;
  bool has_ns(dns::NameView name) const;
  bool is_needed(dns::NameView host) const;  // does an NS RRset name it?
  // The delegation that `name` is at or below: the topmost NS RRset above it, without the apex.
  std::optional<dns::NameView> cut(dns::NameView name) const;
  // The first name behind `name` at which there is data.
  std::optional<dns::NameView> next_owner(dns::NameView name) const;

  // What `name` is with all that: kind and places; no slots.
  NameState state(dns::NameView name) const;
  // The names that the changes can have made something else of, themselves included.
  NameSet affected() const;

  // CheckView:
  dns::NameView apex() const override { return zone_.base->content.apex(); }
  std::optional<ContentRRset> find(dns::NameView owner, dns::RRType type) const override;
  Host host(dns::NameView name) const override;

 private:
  void count_uses(const StoredRRset& rrset, std::int32_t step);
  void add_with_empty_ancestors(dns::NameView name, dns::NameView top, NameSet& names) const;
  void add_below(dns::NameView cut, NameSet& names) const;
  bool is_empty(dns::NameView name) const { return at(name).empty(); }

  const Zone::Storage& zone_;
  Edits edits_;
  std::map<dns::Name, Uses, dns::CanonicalLess> uses_;
};

inline bool has_type(const StoredRRsets& rrsets, dns::RRType type) {
  for (const StoredRRset& rrset : rrsets) {
    if (rrset.type == type) return true;
  }
  return false;
}

}  // namespace tld::zones
