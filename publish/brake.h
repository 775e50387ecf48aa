// SPDX-License-Identifier: GPL-2.0-only
//
// The brake: a change set that removes or alters more of a zone than an ordinary one does is held
// until people approve it. What is new is never held.
//
// Thread rule: pure functions and values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zones/store.h"
#include "zones/zone.h"

namespace tld::publish {

struct BrakeLimits {
  // Held: more names removed or altered than `names`, or than `percent` of the zone's; the same of
  // secure delegations whose DS is removed or altered. Never held for so few as `few`.
  std::uint64_t names = 1000;
  unsigned percent = 10;
  std::uint64_t few = 50;
  bool apex = true;        // any change at the apex is held
  unsigned approvals = 1;  // different people who must approve
};

struct Impact {
  std::uint64_t names = 0;               // removed or altered, the apex not counted
  std::uint64_t secure_delegations = 0;  // whose DS RRset is removed or altered
  std::string apex_digest;               // SHA-256 of the apex's new data; empty: not touched
};
Impact impact_of(const std::vector<zones::NameChange>& changes, dns::NameView apex);

// nullopt: it may go. Else the hold that applies: `present`, if that is of no less, or a new one
// (id 0). A hold with its approvals lets pass what does no more than it says (and `few` more).
std::optional<zones::Hold> brake(const Impact& impact, const zones::Zone& published,
                                 const BrakeLimits& limits,
                                 const std::optional<zones::Hold>& present);

}  // namespace tld::publish
