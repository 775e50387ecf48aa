// SPDX-License-Identifier: GPL-2.0-only
//
// Inside epp/ only: the DNSSEC extensions, secDNS-1.1 (RFC 5910) and secDNS-1.0 (RFC 4310), read
// into one form and carried out on a set of DS records.
//
// Thread rule: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dns/ds_policy.h"
#include "dns/name.h"
#include "epp/code.h"
#include "epp/element.h"

namespace tld::epp {

// More than two algorithms with two digest types each, while a key is rolled: twice over.
inline constexpr std::size_t max_ds = 16;

struct DsAt {
  dns::Ds ds;                      // with keyData alone: computed, SHA-256
  std::optional<dns::Dnskey> key;  // of keyData; it fits `ds`
  bool by_key = false;             // keyData alone: rem takes the DS of every digest type
  const Element* at = nullptr;
};

// In the order in which it is carried out (RFC 5910 §5.2.5).
struct DsChange {
  bool remove_all = false;  // rem all; chg of secDNS-1.0
  std::vector<DsAt> remove;
  std::vector<std::pair<std::uint16_t, const Element*>> remove_tags;  // rem of secDNS-1.0
  std::vector<DsAt> add;
};

// `element` is secDNS:create or secDNS:update, of either version, for the domain `owner`. 2102:
// urgent and maxSigLife, which we do not take; 2306: a dsData whose keyData has another digest.
Answer<DsChange> read_ds_create(const Element& element, dns::NameView owner);
Answer<DsChange> read_ds_update(const Element& element, dns::NameView owner);

// `ds` stays sorted by wire(). Appends to `warnings` what is accepted with one.
Answer<void> change_ds(std::vector<dns::Ds>& ds, const DsChange& change, dns::NameView owner,
                       const dns::DsPolicy& policy, std::vector<std::string>& warnings);

}  // namespace tld::epp
