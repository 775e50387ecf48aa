// SPDX-License-Identifier: GPL-2.0-only
//
// RDATA ↔ PowerDNS's record contents and names.
//
// Thread rule: pure functions; a ContentCache belongs to one backend instance.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "dns/name.h"
#include "dns/rdata.h"
#include "plugin/pdns.h"
#include "publish/live_zone.h"
#include "zones/zone.h"

namespace tld::plugin {

DNSName to_dnsname(dns::NameView name);

// A PowerDNS name folded to our form, on the stack.
class FoldedName {
 public:
  explicit FoldedName(const DNSName& name);
  dns::NameView view() const { return dns::NameView::trusted({octets_, size_}); }

 private:
  std::size_t size_;
  char octets_[dns::max_name_octets];
};

pdns_compat::Content make_content(dns::RRType type, std::string_view rdata);

// Ready-made contents of the NS sets of a zone's versions: thousands of delegations share one set.
class ContentCache {
 public:
  using Contents = std::vector<pdns_compat::Content>;
  // Lifetime of the reference: until the next call.
  const Contents& ns_set(const std::shared_ptr<const publish::Publication>& publication,
                         const zones::RdataSet& set);

 private:
  std::shared_ptr<const publish::Publication> publication_;
  std::unordered_map<std::uint32_t, Contents> by_set_;
};

}  // namespace tld::plugin
