// SPDX-License-Identifier: GPL-2.0-only
//
// What each RRset of a content is in the zone: authoritative data, a zone cut, glue, or out of
// place.
//
// Thread rule: values and a pure function.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "zones/content.h"
#include "zones/ns_targets.h"
#include "zones/zone.h"

namespace tld::zones {

enum class Place : std::uint8_t {
  authoritative,  // signed: data of the zone, and the DS at a cut (RFC 4035 §2.4)
  delegation,     // NS at a cut
  glue,           // address at or below a cut that an NS RRset of the zone needs
  orphan_glue,    // address at or below a cut that none needs: never served
  occluded,       // anything else at or below a cut
  outside,        // not at or below the apex
};

// An RRset at or below a cut: `at_cut` when its owner is the cut; `needed` when an NS RRset of the
// zone names its owner (asked for addresses only).
Place place_at_or_below_cut(dns::RRType type, bool at_cut, bool needed);

// What a name is that has RRsets at `places`; nullopt when all of them are left out of the zone.
// REQUIRES: places not empty, of RRsets that passed the checks.
std::optional<NodeKind> node_kind(bool is_apex, std::span<const Place> places);

struct Placement {
  std::vector<Place> places;  // by index into the content
};

Placement place_rrsets(const ZoneContent& content, const NsTargets& targets);

}  // namespace tld::zones
