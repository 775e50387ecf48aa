// SPDX-License-Identifier: GPL-2.0-only
//
// A draft without faults → the next version: slots for what is new, names, ring, counts.
#include <algorithm>
#include <set>

#include "zones/update_steps.h"

namespace tld::zones {
namespace {

class Applier {
 public:
  Applier(const Draft& draft, const AffectedNames& names)
      : draft_(draft), from_(draft.zone()), names_(names) {}

  Applied run() {
    next_ = std::make_unique<Zone::Storage>(from_);
    for (const AffectedName& name : names_) apply_name(name);
    for (const AffectedName& name : names_) renumber_before(name);
    for (const auto& [host, uses] : draft_.host_uses()) {
      if (uses.before == uses.after) continue;
      next_->overlay.hosts.insert(std::make_shared<const HostState>(HostState{host, uses.after}));
    }
    next_->slot_limit = next_->lineage->slot_limit();
    std::sort(to_sign_.begin(), to_sign_.end());
    return {std::make_shared<const Zone>(std::move(next_)), std::move(to_sign_)};
  }

 private:
  Slot new_slot(const std::shared_ptr<const dns::Name>& owner, dns::RRType type) {
    const Slot slot = next_->lineage->new_slot(owner, type);
    to_sign_.push_back(slot);
    return slot;
  }

  void apply_name(const AffectedName& name) {
    auto state = std::make_shared<NameState>(name.after);
    state->name =
        name.before.name ? name.before.name : std::make_shared<const dns::Name>(name.name);
    bool same =
        state->kind == name.before.kind && state->rrsets.size() == name.before.rrsets.size();
    for (StoredRRset& rrset : state->rrsets) same &= settle(rrset, name.before, state->name);
    count(name.before, -1);
    count(*state, 1);
    if (state->kind == NodeKind::apex) take_soa(*state);
    if (!same) put(state);
    apply_ring(name, *state, same);
  }

  // Gives an RRset the octets and the slot that it had before, or a new slot. Is it as it was?
  bool settle(StoredRRset& rrset, const NameState& before,
              const std::shared_ptr<const dns::Name>& owner) {
    const auto old = std::find_if(before.rrsets.begin(), before.rrsets.end(),
                                  [&](const StoredRRset& o) { return o.type == rrset.type; });
    const bool same_octets =
        old != before.rrsets.end() && old->rdata.octets() == rrset.rdata.octets();
    if (same_octets) {
      rrset.rdata = old->rdata;
      rrset.octets = old->octets;
    }
    const bool same = same_octets && old->ttl == rrset.ttl && old->place == rrset.place;
    if (rrset.place != Place::authoritative) {
      rrset.slot = no_slot;
    } else {
      rrset.slot = same ? old->slot : new_slot(owner, rrset.type);
    }
    return same;
  }

  void count(const NameState& state, int step) {
    const auto add = [step](std::size_t& counter, std::size_t what) {
      counter += static_cast<std::size_t>(step) * what;
    };
    add(next_->nodes, state.kind ? 1 : 0);
    add(next_->delegations, state.kind == NodeKind::delegation ? 1 : 0);
    add(next_->secure_delegations, state.is_secure() ? 1 : 0);
    add(next_->ring_size, state.in_ring() ? 1 : 0);
    add(next_->signatures, state.in_ring() ? 1 : 0);
    for (const StoredRRset& rrset : state.rrsets) {
      add(next_->signatures, rrset.slot != no_slot ? 1 : 0);
    }
  }

  void take_soa(const NameState& apex) {
    for (const StoredRRset& rrset : apex.rrsets) {
      if (rrset.type != dns::RRType::SOA) continue;
      next_->soa = dns::Soa::from_wire(*rrset.rdata.begin()).value();  // the check "soa-single"
      next_->soa_ttl = rrset.ttl;
    }
  }

  void put(std::shared_ptr<const NameState> state) {
    const ZoneBase& base = *from_.base;
    const bool nothing = !state->kind && state->rrsets.empty();
    if (nothing && base.find(*state->name) == HashIndex::none &&
        base.content_position(*state->name, nullptr) == base.content.size()) {
      return next_->overlay.names.erase(*state->name);
    }
    next_->overlay.names.insert(std::move(state));
  }

  void apply_ring(const AffectedName& name, const NameState& after, bool same) {
    const bool was = name.before.in_ring();
    const bool is = after.in_ring();
    if (was && !is) return remove_from_ring(*name.hash);
    if (!is || (was && (same || types(name.before) == types(after)))) return;
    put_in_ring(*name.hash, after.name);
  }

  std::set<dns::RRType> types(const NameState& state) const {
    return nsec3_types(from_, *state.kind, state.served());
  }

  void remove_from_ring(const dns::Nsec3Hash& hash) {
    if (from_.base->ring_find(hash) == nullptr) return next_->overlay.ring.erase(hash);
    next_->overlay.ring.insert(
        std::make_shared<const RingState>(RingState{hash, nullptr, no_slot}));
  }

  void put_in_ring(const dns::Nsec3Hash& hash, const std::shared_ptr<const dns::Name>& owner) {
    renumbered_.insert(hash);
    next_->overlay.ring.insert(std::make_shared<const RingState>(
        RingState{hash, owner, new_slot(owner, dns::RRType::NSEC3)}));
  }

  // The entry before a hash that has come or gone has another `next` in any case: what it had is
  // gone, or what it has is new.
  void renumber_before(const AffectedName& name) {
    if (name.before.in_ring() == name.after.in_ring()) return;
    const Zone::Storage::RingPlace place = next_->ring_before(*name.hash);
    if (renumbered_.contains(place.hash)) return;
    put_in_ring(place.hash, std::make_shared<const dns::Name>(place.owner));
  }

  const Draft& draft_;
  const Zone::Storage& from_;
  const AffectedNames& names_;
  std::unique_ptr<Zone::Storage> next_;
  std::vector<Slot> to_sign_;
  std::set<dns::Nsec3Hash> renumbered_;
};

}  // namespace

Applied apply(const Draft& draft, const AffectedNames& names) {
  return Applier(draft, names).run();
}

}  // namespace tld::zones
