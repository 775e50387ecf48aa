// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/content.h"

#include <cstring>

namespace tld::plugin {
namespace {

using dns::RRType;

constexpr std::size_t most_cached_sets = 20000;  // some megabytes per instance

pdns_compat::Content make_address(std::string_view rdata) {
  ComboAddress address;
  if (rdata.size() == 4) {
    address.sin4.sin_family = AF_INET;
    std::memcpy(&address.sin4.sin_addr.s_addr, rdata.data(), 4);
    return std::make_shared<ARecordContent>(address);
  }
  address.sin6.sin6_family = AF_INET6;
  std::memcpy(&address.sin6.sin6_addr.s6_addr, rdata.data(), 16);
  return std::make_shared<AAAARecordContent>(address);
}

pdns_compat::Content make_ds(std::string_view rdata) {
  auto content = std::make_shared<DSRecordContent>();
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(rdata[i]); };
  content->d_tag = static_cast<std::uint16_t>(octet(0) << 8 | octet(1));
  content->d_algorithm = octet(2);
  content->d_digesttype = octet(3);
  content->d_digest = std::string(rdata.substr(4));
  return content;
}

}  // namespace

DNSName to_dnsname(dns::NameView name) {
  return DNSName(name.wire().data(), static_cast<int>(name.wire().size()), 0, false);
}

FoldedName::FoldedName(const DNSName& name) : size_(name.getStorage().size()) {
  const auto& storage = name.getStorage();
  // An empty DNSName (no name at all) is not ours to answer: the root matches no more than it.
  if (size_ == 0 || size_ > sizeof octets_) {
    octets_[0] = '\0';
    size_ = 1;
    return;
  }
  for (std::size_t i = 0; i < size_; ++i) {
    const char c = storage[i];
    octets_[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
}

pdns_compat::Content make_content(RRType type, std::string_view rdata) {
  switch (type) {
    case RRType::A:
    case RRType::AAAA: return make_address(rdata);
    case RRType::NS:
      return std::make_shared<NSRecordContent>(to_dnsname(dns::NameView::trusted(rdata)));
    case RRType::DS: return make_ds(rdata);
    default:
      return DNSRecordContent::deserialize(g_rootdnsname, dns::number(type), std::string(rdata));
  }
}

const ContentCache::Contents& ContentCache::ns_set(
    const std::shared_ptr<const publish::Publication>& publication, const zones::RdataSet& set) {
  if (publication_ != publication) {
    // The ids of sets are those of a lineage, not of one version.
    const bool same = publication_ && publication->signed_zone->zone().same_lineage(
                                          publication_->signed_zone->zone());
    if (!same) by_set_.clear();
    publication_ = publication;
  }
  if (by_set_.size() >= most_cached_sets) by_set_.clear();
  Contents& contents = by_set_[set.id()];
  if (contents.empty()) {
    for (const std::string_view rdata : set) contents.push_back(make_content(RRType::NS, rdata));
  }
  return contents;
}

}  // namespace tld::plugin
