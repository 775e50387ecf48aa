// SPDX-License-Identifier: GPL-2.0-only
#include "zones/ns_targets.h"

namespace tld::zones {

NsTargets::NsTargets(const ZoneContent& content) {
  std::vector<bool> seen(content.rdata_set_count());  // thousands of delegations share a set
  for (std::size_t i = 0; i < content.size(); ++i) {
    const ContentRRset rrset = content[i];
    if (rrset.type != dns::RRType::NS || seen[rrset.rdata.id()]) continue;
    seen[rrset.rdata.id()] = true;
    add_targets_of(rrset.rdata, content.apex());
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

void NsTargets::add_targets_of(const RdataSet& set, dns::NameView apex) {
  for (const std::string_view rdata : set) {
    const dns::NameView name = dns::NameView::trusted(rdata);  // canonical NS RDATA is a name
    if (!name.is_at_or_below(apex)) continue;
    const std::uint64_t hash = octets_hash(rdata);
    if (number_of(name, hash) != HashIndex::none) continue;
    index_.insert(hash, static_cast<std::uint32_t>(targets_.size()));
    targets_.push_back({name});
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
