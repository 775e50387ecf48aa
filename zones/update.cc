// SPDX-License-Identifier: GPL-2.0-only
#include "zones/update.h"

#include <algorithm>
#include <set>

#include "zones/rdata_arena.h"
#include "zones/update_steps.h"

namespace tld::zones {
namespace {

class Updater {
 public:
  Updater(const std::shared_ptr<const Zone>& base, std::span<const NameData> changes,
          const UpdateOptions& options)
      : base_(base),
        changes_(changes),
        serial_(options.serial.value_or(base->serial())),
        trial_(options.trial) {}

  base::Result<Update> run() {
    TLD_TRY(prepare());
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (!refuse_outside(i)) taken_.insert(i);
    }
    TLD_TRY(auto applied, settle());
    if (!refused_.empty() && reconsider(applied.zone)) {
      TLD_TRY(applied, settle());
    }
    return finish(std::move(applied));
  }

 private:
  base::Status prepare() {
    std::set<dns::NameView, dns::CanonicalLess> names;
    for (const NameData& change : changes_) {
      if (!names.insert(change.name).second) {
        return base::invalid_input("two changes at " + change.name.text());
      }
      TLD_TRY(auto rrsets, stored(change));
      rrsets_.push_back(std::move(rrsets));
    }
    return base::ok();
  }

  base::Result<StoredRRsets> stored(const NameData& change) {
    StoredRRsets result;
    for (const dns::RRset& rrset : change.rrsets) {
      TLD_TRY(refuse_malformed(change.name, rrset));
      if (has_type(result, rrset.type)) {
        return base::invalid_input(where(change.name, rrset.type) + "two RRsets of one type");
      }
      result.push_back(stored(rrset.type, rrset.ttl, rrset.rdatas));
    }
    std::sort(result.begin(), result.end(),
              [](const StoredRRset& a, const StoredRRset& b) { return a.type < b.type; });
    return result;
  }

  static std::string where(const dns::Name& name, dns::RRType type) {
    return "change at " + name.text() + ", " + dns::to_text(type) + ": ";
  }

  static base::Status refuse_malformed(const dns::Name& name, const dns::RRset& rrset) {
    if (rrset.owner != name) {
      return base::invalid_input(where(name, rrset.type) + "its owner is " + rrset.owner.text());
    }
    if (rrset.rdatas.empty() || rrset.rdatas.size() > 65535) {
      return base::invalid_input(where(name, rrset.type) + std::to_string(rrset.rdatas.size()) +
                                 " records; an RRset has 1 to 65,535");
    }
    for (std::size_t i = 0; i < rrset.rdatas.size(); ++i) {
      const auto canonical = dns::canonical_rdata(rrset.type, rrset.rdatas[i]);
      if (canonical.has_error()) return canonical.error().in(where(name, rrset.type) + "RDATA");
      if (canonical.value() != rrset.rdatas[i] || rrset.rdatas[i].size() > 65535 ||
          (i > 0 && rrset.rdatas[i - 1] >= rrset.rdatas[i])) {
        return base::invalid_input(where(name, rrset.type) +
                                   "RDATA not canonical or not in canonical order");
      }
    }
    return base::ok();
  }

  StoredRRset stored(dns::RRType type, std::uint32_t ttl, const std::vector<std::string>& rdatas) {
    std::string encoded;
    for (const std::string& rdata : rdatas) append_encoded(rdata, encoded);
    const auto octets = std::make_shared<const std::string>(std::move(encoded));
    const RdataSet set(storage().lineage->new_set(), octets->data(),
                       octets->data() + octets->size(), static_cast<std::uint16_t>(rdatas.size()));
    return {type, ttl, set, octets};
  }

  bool refuse_outside(std::size_t change) {
    const dns::Name& name = changes_[change].name;
    if (name.view().is_at_or_below(base_->apex())) return false;
    CheckReport report;
    Findings findings(report);
    const Draft draft(storage());
    for (const StoredRRset& rrset : rrsets_[change]) {
      check_owner_in_zone({draft, findings, 0},
                          {{name, rrset.type, rrset.ttl, rrset.rdata}, Place::outside, 0, {}});
    }
    // Where nothing is to be, nothing is: no fault.
    if (!report.faults.empty()) refused_.emplace(change, std::move(report.faults.front()));
    outside_.insert(change);
    return true;
  }

  // The changes that are in, without those that cause faults.
  base::Result<Applied> settle() {
    for (;;) {
      Draft draft(storage());
      for (const std::size_t change : taken_) put(draft, change);
      if (draft.edit(base_->apex()) == nullptr && serial_ != base_->serial()) put_serial(draft);
      const AffectedNames names = affected_names(draft);
      const std::vector<Fault> faults = find_faults(draft, names);
      if (faults.empty()) return zones::apply(draft, names);
      const std::size_t before = taken_.size();
      for (const Fault& fault : faults) {
        for (const std::size_t change : fault.changes) {
          if (taken_.erase(change) > 0) refused_.emplace(change, fault.finding);
        }
      }
      if (taken_.size() == before) {
        return base::internal("no change accounts for " + faults.front().finding.message());
      }
    }
  }

  void put(Draft& draft, std::size_t change) const {
    StoredRRsets rrsets = rrsets_[change];
    const dns::Name& name = changes_[change].name;
    if (name.view() == base_->apex()) {
      for (StoredRRset& rrset : rrsets) set_serial(rrset);
    }
    draft.put(name, std::move(rrsets), change);
  }

  void put_serial(Draft& draft) const {
    StoredRRsets rrsets = storage().state(base_->apex()).rrsets;
    rrsets.pop_back();  // NSEC3PARAM
    for (StoredRRset& rrset : rrsets) set_serial(rrset);
    draft.put(base_->apex(), std::move(rrsets), Draft::no_change);
  }

  // Leaves alone what is no SOA: the check "soa-single" is to see it.
  void set_serial(StoredRRset& rrset) const {
    if (rrset.type != dns::RRType::SOA || rrset.rdata.size() != 1) return;
    auto soa = dns::Soa::from_wire(*rrset.rdata.begin());
    if (soa.has_error()) return;
    soa.value().serial = serial_;
    std::string encoded;
    append_encoded(soa.value().wire(), encoded);
    rrset.octets = std::make_shared<const std::string>(std::move(encoded));
    rrset.rdata = RdataSet(storage().lineage->new_set(), rrset.octets->data(),
                           rrset.octets->data() + rrset.octets->size(), 1);
  }

  // Tries each refused change on top of what is in, until none fits. Did one?
  bool reconsider(std::shared_ptr<const Zone> zone) {
    bool any = false;
    for (bool again = true; again;) {
      again = false;
      for (auto at = refused_.begin(); at != refused_.end();) {
        if (!outside_.contains(at->first) && fits(zone, at->first, at->second)) {
          taken_.insert(at->first);
          at = refused_.erase(at);
          any = again = true;
        } else {
          ++at;
        }
      }
    }
    return any;
  }

  bool fits(std::shared_ptr<const Zone>& zone, std::size_t change, Finding& finding) const {
    Draft draft(zone->storage());
    put(draft, change);
    const AffectedNames names = affected_names(draft);
    const std::vector<Fault> faults = find_faults(draft, names);
    if (faults.empty()) {
      zone = zones::apply(draft, names).zone;
      return true;
    }
    finding = faults.front().finding;
    return false;
  }

  base::Result<Update> finish(Applied applied) {
    Update update{std::move(applied.zone), std::move(applied.to_sign), {}, false};
    for (auto& [change, finding] : refused_) update.refusals.push_back({change, finding});
    const dns::Soa& soa = update.zone->soa();
    if (soa.minimum == base_->soa().minimum && update.zone->soa_ttl() == base_->soa_ttl() &&
        !storage().lineage->exhausted()) {
      return update;
    }
    update.rebuilt = true;
    if (trial_) return update;
    TLD_TRY(update.zone, compact(*update.zone));
    update.to_sign.clear();
    update.zone->for_each_slot([&](Slot slot) { update.to_sign.push_back(slot); });
    return update;
  }

  const Zone::Storage& storage() const { return base_->storage(); }

  const std::shared_ptr<const Zone>& base_;
  const std::span<const NameData> changes_;
  const std::uint32_t serial_;
  const bool trial_;
  std::vector<StoredRRsets> rrsets_;       // by index into changes_
  std::set<std::size_t> taken_, outside_;  // indices into changes_
  std::map<std::size_t, Finding> refused_;
};

// The same version, with a lineage for trials.
std::shared_ptr<const Zone> for_trials(const Zone& zone) {
  auto storage = std::make_unique<Zone::Storage>(zone.storage());
  storage->lineage = std::make_shared<Lineage>(storage->lineage);
  return std::make_shared<const Zone>(std::move(storage));
}

}  // namespace

base::Result<Update> update(const std::shared_ptr<const Zone>& base,
                            std::span<const NameData> changes, const UpdateOptions& options) {
  if (!options.trial) return Updater(base, changes, options).run();
  return Updater(for_trials(*base), changes, options).run();
}

NameData name_data(const Zone& zone, dns::NameView name) {
  NameData data{dns::Name(name), {}};
  for (const StoredRRset& rrset : zone.storage().state(name).rrsets) {
    if (rrset.type == dns::RRType::NSEC3PARAM) continue;  // made by build()
    data.rrsets.push_back({data.name, rrset.type, rrset.ttl, {}});
    data.rrsets.back().rdatas.assign(rrset.rdata.begin(), rrset.rdata.end());
  }
  return data;
}

}  // namespace tld::zones
