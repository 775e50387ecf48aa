// SPDX-License-Identifier: GPL-2.0-only
//
// The steps of update() after the draft: what became of each name, the faults in that and the
// changes that they are put down to, and the version that comes of it.
//
// Thread rule: pure functions, but for the numbers that apply() takes from the lineage.
#pragma once

#include <optional>
#include <vector>

#include "zones/draft.h"

namespace tld::zones {

// A name that the changes can have made something else of.
struct AffectedName {
  dns::Name name;
  NameState before, after;
  std::optional<dns::Nsec3Hash> hash;  // engaged when either is in the ring
};
using AffectedNames = std::vector<AffectedName>;
AffectedNames affected_names(const Draft& draft);

struct Fault {
  Finding finding;
  std::vector<std::size_t> changes;  // that it is put down to; none: no change of this draft
};
std::vector<Fault> find_faults(const Draft& draft, const AffectedNames& names);

// The check "nsec3-collision" (RFC 5155 §7.1 step 7): a name whose hash another name has.
std::vector<Finding> find_collisions(const Zone::Storage& zone, const AffectedNames& names);

struct Applied {
  std::shared_ptr<const Zone> zone;
  std::vector<Slot> to_sign;  // ascending
};
// REQUIRES: no faults.
Applied apply(const Draft& draft, const AffectedNames& names);

}  // namespace tld::zones
