// SPDX-License-Identifier: GPL-2.0-only
#include "zones/ns_targets.h"

namespace tld::zones {

NsTargets::NsTargets(const ZoneContent& content) {
  // Thousands of delegations share a set: the targets of each set are looked at once.
  std::vector<std::uint32_t> uses(content.rdata_set_count());
  for (std::size_t i = 0; i < content.size(); ++i) {
    const ContentRRset rrset = content[i];
    if (rrset.type == dns::RRType::NS) ++uses[rrset.rdata.id()];
  }
  for (std::uint32_t id = 0; id < uses.size(); ++id) {
    if (uses[id] > 0) add_targets_of(content.rdata_set(id), uses[id], content.apex());
  }
  for (std::size_t i = 0; i < content.size(); ++i) {
    const ContentRRset rrset = content[i];
    if (!is_address(rrset.type) && rrset.type != dns::RRType::CNAME) continue;
    const std::uint32_t number = number_of(rrset.owner, octets_hash(rrset.owner.wire()));
    if (number == HashIndex::none) continue;
    (rrset.type == dns::RRType::CNAME ? targets_[number].is_cname : targets_[number].has_address) =
        true;
  }
}

void NsTargets::add_targets_of(const RdataSet& set, std::uint32_t uses, dns::NameView apex) {
  for (const std::string_view rdata : set) {
    const dns::NameView name = dns::NameView::trusted(rdata);  // canonical NS RDATA is a name
    if (!name.is_at_or_below(apex)) continue;
    const std::uint64_t hash = octets_hash(rdata);
    if (const std::uint32_t known = number_of(name, hash); known != HashIndex::none) {
      targets_[known].uses += uses;
      continue;
    }
    index_.insert(hash, static_cast<std::uint32_t>(targets_.size()));
    targets_.push_back({name, uses});
  }
}

std::uint32_t NsTargets::number_of(dns::NameView name, std::uint64_t hash) const {
  return index_.find(hash, [&](std::uint32_t n) { return targets_[n].name == name; });
}

const NsTargets::Target* NsTargets::find(dns::NameView name) const {
  const std::uint32_t number = number_of(name, octets_hash(name.wire()));
  return number == HashIndex::none ? nullptr : &targets_[number];
}

}  // namespace tld::zones
