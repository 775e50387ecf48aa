// SPDX-License-Identifier: GPL-2.0-only
//
// A zone and what has changed in the registry's store → the next version of the zone, at the cost
// of the change: nothing here walks the zone, but for compact() and the rebuild that
// Update::rebuilt tells of. What comes out is what check() and build() would make of the whole
// content.
//
// Faulty changes are set aside, all others go in:
// - A fault is put down to the change at the owner where it is found. Where that name did not
//   change, it is put down to the changes that brought it about: for zone-cut the one that made the
//   delegation, for glue-missing and apex-ns-address those at the name servers without address and
//   at the delegations above them.
// - These are taken out and the rest is judged again, until there is no fault.
// - Then each change that was taken out is tried once more on top of the others, until none fits:
//   what is refused in the end could not have gone in alone. (Changes that fit only together and of
//   which one was taken for the cause of a fault of others can be refused for the moment.)
//
// Thread rule: pure functions; updates of one base may run in several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "dns/rrset.h"
#include "zones/check.h"
#include "zones/name_data.h"
#include "zones/zone.h"

namespace tld::zones {

struct UpdateOptions {
  // nullopt: stays as it is, whatever a change at the apex says.
  std::optional<std::uint32_t> serial = std::nullopt;
  // To see what would come of it, again and again if need be: it takes no numbers of the lineage,
  // and no version made from what comes out may go live. A rebuild is told of and not made.
  bool trial = false;
};

struct Update {
  struct Refusal {
    std::size_t change = 0;  // index into the changes
    Finding finding;         // its `rrset` says nothing
  };

  std::shared_ptr<const Zone> zone;
  // The slots of `zone` that the base did not have: new and changed RRsets, NSEC3 of changed ring
  // neighbours among them. Ascending.
  std::vector<Slot> to_sign;
  std::vector<Refusal> refusals;  // the changes set aside, ascending
  // The SOA's TTL or minimum changed, and with it every NSEC3, or the lineage has no numbers left:
  // `zone` is the first of a new lineage, and to_sign has all of its slots (not of a trial).
  bool rebuilt = false;
};

// Errors: invalid_input when `changes` are not what NameData says (an RRset of another owner, two
// of one type, RDATA that is not canonical, a name twice): then nothing is done.
base::Result<Update> update(const std::shared_ptr<const Zone>& base,
                            std::span<const NameData> changes, const UpdateOptions& options);

// What the zone was made from at `name`, the SOA with its present serial:
// update(zone, {name_data(zone, name)}) changes nothing.
NameData name_data(const Zone& zone, dns::NameView name);

// The same zone as a base without overlay, the first of a new lineage; O(zone). For a thread in the
// background when overlay_size() is a few per cent of the zone.
base::Result<std::shared_ptr<const Zone>> compact(const Zone& zone);

// What compact() would free: entries on top of the base, and slots given out since it was built.
std::size_t overlay_size(const Zone& zone);

}  // namespace tld::zones
