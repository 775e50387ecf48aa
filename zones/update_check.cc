// SPDX-License-Identifier: GPL-2.0-only
//
// The faults that changes bring with them, and which change each is put down to (update.h).
#include <set>

#include "zones/update_steps.h"

namespace tld::zones {
namespace {

using dns::RRType;

class FaultFinder {
 public:
  FaultFinder(const Draft& draft, const AffectedNames& names) : draft_(draft), names_(names) {}

  std::vector<Fault> run() {
    for (const AffectedName& name : names_) check_name(name);
    for (const auto& [name, edit] : draft_.edits()) {
      if (!lost_address(edit)) continue;
      const auto cut = draft_.cut(name);
      if (cut && draft_.edit(*cut) == nullptr) check_ns(*cut, Place::delegation);
    }
    if (draft_.edit(draft_.apex()) == nullptr && apex_servers_touched()) {
      check_ns(draft_.apex(), Place::authoritative);
    }
    for (Finding& collision : find_collisions(draft_.zone(), names_)) add(std::move(collision));
    return std::move(faults_);
  }

 private:
  void check_name(const AffectedName& name) {
    CheckReport report;
    Findings findings(report);
    const CheckContext context{draft_, findings, 0};
    const bool apex = name.name.view() == draft_.apex();
    if (apex && draft_.edit(name.name) != nullptr) check_apex(context);
    const StoredRRsets& rrsets = name.after.rrsets;
    for (std::size_t i = 0; i < rrsets.size(); ++i) {
      const StoredRRset& rrset = rrsets[i];
      if (apex && rrset.type == RRType::NSEC3PARAM && i + 1 == rrsets.size()) break;  // our own
      PlacedRRset placed{{name.name, rrset.type, rrset.ttl, rrset.rdata}, rrset.place, 0, {}};
      if (rrsets.size() > 1) placed.beside = rrsets[i == 0 ? 1 : i - 1].type;
      check_rrset(context, placed);
    }
    if (!report.faults.empty()) add(std::move(report.faults.front()));
  }

  // The name servers of one NS RRset that did not change itself.
  void check_ns(dns::NameView owner, Place place) {
    const auto ns = draft_.find(owner, RRType::NS);
    if (!ns || !ns_checked_.insert(dns::Name(owner)).second) return;
    CheckReport report;
    Findings findings(report);
    check_ns_targets({draft_, findings, 0}, {*ns, place, 0, {}});
    if (!report.faults.empty()) add(std::move(report.faults.front()));
  }

  static bool lost_address(const Draft::Edit& edit) {
    const bool had = edit.before.has_address() || edit.before.has(RRType::CNAME);
    return had && !has_type(edit.after, RRType::A) && !has_type(edit.after, RRType::AAAA);
  }

  // Did a name server of the zone lose its address, or the delegation that it was below?
  bool apex_servers_touched() const {
    const auto ns = draft_.find(draft_.apex(), RRType::NS);
    if (!ns) return false;
    for (const std::string_view rdata : ns->rdata) {
      dns::NameView name = dns::NameView::trusted(rdata);
      if (!name.is_at_or_below(draft_.apex())) continue;
      for (; name != draft_.apex(); name = name.parent()) {
        if (draft_.edit(name) != nullptr) return true;
      }
    }
    return false;
  }

  void add(Finding finding) {
    std::vector<std::size_t> changes = blame(finding);
    faults_.push_back({std::move(finding), std::move(changes)});
  }

  std::vector<std::size_t> blame(const Finding& finding) const {
    std::vector<std::size_t> changes;
    add_change_at(finding.owner, changes);
    if (!changes.empty()) return changes;
    if (finding.check == "zone-cut") {
      if (const auto cut = draft_.cut(finding.owner)) add_change_at(*cut, changes);
    } else if (finding.check == "nsec3-collision") {  // of an empty non-terminal
      for (const auto& [name, edit] : draft_.edits()) {
        if (name.view().is_at_or_below(finding.owner)) add_change_at(name, changes);
        if (finding.owner.view().is_at_or_below(name)) add_change_at(name, changes);
      }
    } else {
      add_changes_at_servers(finding.owner, changes);
    }
    return changes;
  }

  void add_changes_at_servers(dns::NameView owner, std::vector<std::size_t>& changes) const {
    const auto ns = draft_.find(owner, RRType::NS);
    if (!ns) return;
    for (const std::string_view rdata : ns->rdata) {
      dns::NameView name = dns::NameView::trusted(rdata);
      if (!name.is_at_or_below(owner) || draft_.host(name).has_address) continue;
      for (; name != owner; name = name.parent()) add_change_at(name, changes);
    }
  }

  void add_change_at(dns::NameView name, std::vector<std::size_t>& changes) const {
    const Draft::Edit* edit = draft_.edit(name);
    if (edit != nullptr && edit->change != Draft::no_change) changes.push_back(edit->change);
  }

  const Draft& draft_;
  const AffectedNames& names_;
  std::vector<Fault> faults_;
  NameSet ns_checked_;
};

}  // namespace

AffectedNames affected_names(const Draft& draft) {
  AffectedNames names;
  for (const dns::Name& name : draft.affected()) {
    const Draft::Edit* edit = draft.edit(name);
    AffectedName affected{name, edit != nullptr ? edit->before : draft.zone().state(name),
                          draft.state(name), std::nullopt};
    if (affected.before.in_ring() || affected.after.in_ring()) {
      affected.hash = dns::nsec3_hash(name, draft.zone().base->nsec3);
    }
    names.push_back(std::move(affected));
  }
  return names;
}

std::vector<Fault> find_faults(const Draft& draft, const AffectedNames& names) {
  return FaultFinder(draft, names).run();
}

std::vector<Finding> find_collisions(const Zone::Storage& zone, const AffectedNames& names) {
  std::vector<Finding> findings;
  std::map<dns::Nsec3Hash, const dns::Name*> added;
  for (const AffectedName& name : names) {
    if (!name.after.in_ring() || name.before.in_ring()) continue;
    const auto [twin, is_first] = added.emplace(*name.hash, &name.name);
    const auto known = zone.ring_find(*name.hash);
    if (is_first && !known) continue;
    const std::string other = known ? known->owner.text() : twin->second->text();
    findings.push_back(
        {"nsec3-collision", name.name, "has the NSEC3 hash of " + other + "; choose another salt"});
  }
  return findings;
}

}  // namespace tld::zones
