// SPDX-License-Identifier: GPL-2.0-only
//
// Which DNSKEYs a slot of a future signed-key file lists: what a key signing request asks the
// ceremony to sign. ZSKs and foreign keys only; the ceremony adds its own KSKs.
//
// Thread rule: values.
#pragma once

#include <vector>

#include "base/clock.h"
#include "dns/rdata.h"

namespace tld::keys {

struct KeyBundle {
  base::Time start;                  // published from here on, for one slot
  std::vector<dns::Dnskey> dnskeys;  // in canonical RDATA order, none twice
  friend bool operator==(const KeyBundle&, const KeyBundle&) = default;
};

}  // namespace tld::keys
