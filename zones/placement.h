// SPDX-License-Identifier: GPL-2.0-only
//
// What each RRset of a content is in the zone: authoritative data, a zone cut, glue, or out of
// place.
//
// Thread rule: values and a pure function.
#pragma once

#include <cstddef>
#include <vector>

#include "zones/content.h"
#include "zones/ns_targets.h"

namespace tld::zones {

enum class Place : std::uint8_t {
  authoritative,  // signed: data of the zone, and the DS at a cut (RFC 4035 §2.4)
  delegation,     // NS at a cut
  glue,           // address at or below a cut that an NS RRset of the zone needs
  orphan_glue,    // address at or below a cut that none needs: never served
  occluded,       // anything else at or below a cut
  outside,        // not at or below the apex
};

struct Placement {
  std::vector<Place> places;  // by index into the content
};

Placement place_rrsets(const ZoneContent& content, const NsTargets& targets);

}  // namespace tld::zones
