// SPDX-License-Identifier: GPL-2.0-only
//
// What a slot of a future signed-key file is to list, as it is asked for: ZSKs, foreign ones too.
//
// Thread rule: values.
#pragma once

#include <vector>

#include "base/clock.h"
#include "dns/rdata.h"

namespace tld::keys {

struct KeyBundle {
  base::Time start;                  // listed from here to the next bundle's start
  std::vector<dns::Dnskey> dnskeys;  // no KSKs: the ceremony adds those
};

}  // namespace tld::keys
