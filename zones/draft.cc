// SPDX-License-Identifier: GPL-2.0-only
#include "zones/draft.h"

#include <cassert>

namespace tld::zones {

using dns::RRType;

void Draft::put(dns::NameView name, StoredRRsets after, std::size_t change) {
  Edit edit{zone_.state(name), std::move(after), change};
  for (const StoredRRset& rrset : edit.before.rrsets) count_uses(rrset, -1);
  for (const StoredRRset& rrset : edit.after) count_uses(rrset, 1);
  const bool added = edits_.emplace(dns::Name(name), std::move(edit)).second;
  assert(added);
}

void Draft::count_uses(const StoredRRset& rrset, std::int32_t step) {
  if (rrset.type != RRType::NS) return;
  for (const std::string_view rdata : rrset.rdata) {
    const dns::NameView host = dns::NameView::trusted(rdata);
    if (!host.is_at_or_below(apex())) continue;
    auto known = uses_.find(host);
    if (known == uses_.end()) {
      const std::uint32_t before = zone_.host_uses(host);
      known = uses_.emplace(dns::Name(host), Uses{before, before}).first;
    }
    known->second.after += static_cast<std::uint32_t>(step);
  }
}

const Draft::Edit* Draft::edit(dns::NameView name) const {
  const auto found = edits_.find(name);
  return found == edits_.end() ? nullptr : &found->second;
}

StoredRRsets Draft::at(dns::NameView name) const {
  const Edit* changed = edit(name);
  return changed != nullptr ? changed->after : zone_.state(name).rrsets;
}

bool Draft::has_ns(dns::NameView name) const {
  const Edit* changed = edit(name);
  return changed != nullptr ? has_type(changed->after, RRType::NS) : zone_.has_ns(name);
}

bool Draft::is_needed(dns::NameView host) const {
  const auto changed = uses_.find(host);
  return (changed != uses_.end() ? changed->second.after : zone_.host_uses(host)) > 0;
}

std::optional<dns::NameView> Draft::cut(dns::NameView name) const {
  std::optional<dns::NameView> topmost;
  for (; name != apex(); name = name.parent()) {
    if (has_ns(name)) topmost = name;
  }
  return topmost;
}

std::optional<dns::NameView> Draft::next_owner(dns::NameView name) const {
  auto changed = edits_.upper_bound(name);
  auto unchanged = zone_.next_owner(name, false);
  for (;;) {
    const auto order = changed == edits_.end() ? std::strong_ordering::less
                       : !unchanged            ? std::strong_ordering::greater
                                               : dns::canonical_order(*unchanged, changed->first);
    if (order < 0) return unchanged;
    if (!changed->second.after.empty()) return changed->first.view();
    if (order == 0) unchanged = zone_.next_owner(changed->first, false);
    ++changed;
  }
}

NameState Draft::state(dns::NameView name) const {
  NameState state;
  state.rrsets = at(name);
  const auto above = cut(name);
  if (state.rrsets.empty()) {
    if (above || name == apex()) return state;
    const auto next = next_owner(name);
    if (next && next->is_below(name)) state.kind = NodeKind::empty_non_terminal;
    return state;
  }
  boost::container::small_vector<Place, 8> places;
  for (StoredRRset& rrset : state.rrsets) {
    rrset.place = !above ? Place::authoritative
                         : place_at_or_below_cut(rrset.type, *above == name,
                                                 is_address(rrset.type) && is_needed(name));
    places.push_back(rrset.place);
  }
  state.kind = node_kind(name == apex(), {places.data(), places.size()});
  const Edit* changed = name == apex() ? edit(name) : nullptr;
  if (changed != nullptr) state.rrsets.push_back(changed->before.rrsets.back());  // NSEC3PARAM
  return state;
}

void Draft::add_with_empty_ancestors(dns::NameView name, dns::NameView top, NameSet& names) const {
  names.emplace(name);
  while (name != top) {
    name = name.parent();
    if (name == top) return;
    if (is_empty(name)) names.emplace(name);
  }
}

// Everything below a name that has become a zone cut or is none any more. What was there and is
// gone is an edit of its own.
void Draft::add_below(dns::NameView cut, NameSet& names) const {
  for (auto owner = next_owner(cut); owner && owner->is_below(cut); owner = next_owner(*owner)) {
    add_with_empty_ancestors(*owner, cut, names);
  }
}

NameSet Draft::affected() const {
  NameSet names;
  for (const auto& [name, edit] : edits_) {
    if (edit.before.rrsets.empty() == edit.after.empty()) {
      names.insert(name);
    } else {
      add_with_empty_ancestors(name, apex(), names);
    }
    const bool flips = edit.before.has(RRType::NS) != has_type(edit.after, RRType::NS);
    if (flips && name.view() != apex()) add_below(name, names);
  }
  for (const auto& [host, uses] : uses_) {
    if ((uses.before > 0) != (uses.after > 0)) names.insert(host);
  }
  return names;
}

std::optional<ContentRRset> Draft::find(dns::NameView owner, RRType type) const {
  for (const StoredRRset& rrset : at(owner)) {
    if (rrset.type == type) return ContentRRset{owner, rrset.type, rrset.ttl, rrset.rdata};
  }
  return std::nullopt;
}

CheckView::Host Draft::host(dns::NameView name) const {
  const StoredRRsets rrsets = at(name);
  return {has_type(rrsets, RRType::A) || has_type(rrsets, RRType::AAAA),
          has_type(rrsets, RRType::CNAME)};
}

}  // namespace tld::zones
