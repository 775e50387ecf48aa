// SPDX-License-Identifier: GPL-2.0-only
#include "zones/placement.h"

namespace tld::zones {
namespace {

bool has_ns(const ZoneContent& content, std::size_t first) {
  const dns::NameView owner = content[first].owner;
  for (std::size_t i = first; i < content.size() && content[i].owner == owner; ++i) {
    if (content[i].type == dns::RRType::NS) return true;
  }
  return false;
}

}  // namespace

Place place_at_or_below_cut(dns::RRType type, bool at_cut, bool needed) {
  if (is_address(type)) return needed ? Place::glue : Place::orphan_glue;
  if (!at_cut) return Place::occluded;
  if (type == dns::RRType::NS) return Place::delegation;
  return type == dns::RRType::DS ? Place::authoritative : Place::occluded;
}

std::optional<NodeKind> node_kind(bool is_apex, std::span<const Place> places) {
  if (is_apex) return NodeKind::apex;
  std::optional<NodeKind> kind;
  for (const Place place : places) {
    if (place == Place::delegation) return NodeKind::delegation;
    if (place == Place::authoritative) kind = NodeKind::authoritative;
    if (place == Place::glue && !kind) kind = NodeKind::glue;
  }
  return kind;
}

// In canonical order everything below a cut follows it directly, so that one cut is known at a
// time.
Placement place_rrsets(const ZoneContent& content, const NsTargets& targets) {
  Placement result;
  result.places.reserve(content.size());
  dns::NameView cut;
  bool in_cut = false;  // is `last` at or below `cut`?
  dns::NameView last;   // the owner whose cut is known
  for (std::size_t i = 0; i < content.size(); ++i) {
    const ContentRRset rrset = content[i];
    if (i == 0 || rrset.owner != last) {
      last = rrset.owner;
      if (in_cut && !rrset.owner.is_below(cut)) in_cut = false;
      if (!in_cut && rrset.owner.is_below(content.apex()) && has_ns(content, i)) {
        cut = rrset.owner;
        in_cut = true;
      }
    }
    if (!rrset.owner.is_at_or_below(content.apex())) {
      result.places.push_back(Place::outside);
    } else {
      const bool needed = in_cut && is_address(rrset.type) && targets.find(rrset.owner) != nullptr;
      result.places.push_back(in_cut ? place_at_or_below_cut(rrset.type, rrset.owner == cut, needed)
                                     : Place::authoritative);
    }
  }
  return result;
}

}  // namespace tld::zones
