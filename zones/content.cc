// SPDX-License-Identifier: GPL-2.0-only
#include "zones/content.h"

#include <algorithm>

#include "zones/content_data.h"

namespace tld::zones {

dns::RRset ContentRRset::copy() const {
  dns::RRset set{dns::Name(owner), type, ttl, {}};
  set.rdatas.assign(rdata.begin(), rdata.end());
  return set;
}

dns::NameView ZoneContent::apex() const {
  return data_->apex;
}
std::size_t ZoneContent::size() const {
  return data_->entries.size();
}
std::size_t ZoneContent::record_count() const {
  return data_->record_count;
}
std::size_t ZoneContent::rdata_set_count() const {
  return data_->rdata.size();
}
RdataSet ZoneContent::rdata_set(std::uint32_t id) const {
  return data_->rdata.get(id);
}

ContentRRset ZoneContent::operator[](std::size_t index) const {
  const Data::Entry& entry = data_->entries[index];
  return {data_->owner(entry), entry.type, entry.ttl, data_->rdata.get(entry.set)};
}

std::size_t ZoneContent::lower_bound(dns::NameView name, std::size_t first,
                                     std::size_t last) const {
  const auto& entries = data_->entries;
  const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(std::min(first, size()));
  const auto end = entries.begin() + static_cast<std::ptrdiff_t>(std::min(last, size()));
  const auto at = std::partition_point(begin, end, [&](const Data::Entry& e) {
    return dns::canonical_order(data_->owner(e), name) < 0;
  });
  return static_cast<std::size_t>(at - entries.begin());
}

std::optional<ContentRRset> ZoneContent::find(dns::NameView owner, dns::RRType type) const {
  for (std::size_t i = lower_bound(owner); i < size(); ++i) {
    const ContentRRset rrset = (*this)[i];
    if (rrset.owner != owner) return std::nullopt;
    if (rrset.type == type) return rrset;
  }
  return std::nullopt;
}

bool operator==(const ZoneContent& a, const ZoneContent& b) {
  if (a.apex() != b.apex() || a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const ContentRRset left = a[i];
    const ContentRRset right = b[i];
    if (left.owner != right.owner || left.type != right.type || left.ttl != right.ttl ||
        a.data_->rdata.encoded(left.rdata.id()) != b.data_->rdata.encoded(right.rdata.id())) {
      return false;
    }
  }
  return true;
}

}  // namespace tld::zones
