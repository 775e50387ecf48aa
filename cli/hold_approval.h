// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl zone approve: what the brake holds goes live when people say so. Where the machine has
// adopted people, they sign; elsewhere they are named.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "dns/name.h"
#include "zones/store.h"

namespace tld::cli {

struct HoldApproval {
  std::string store, zone;
  std::int64_t hold = 0;
  std::string person;                  // without adopted people
  std::vector<std::string> approvals;  // with: files
};

// All that the hold says, as text: what people sign.
std::string hold_text(const dns::Name& zone, const zones::Hold& hold);

// What has changed in the store, or that nothing has. The act is in the audit log, if there is one.
base::Result<Report> approve_hold(const Chosen& chosen, const HoldApproval& wanted);

}  // namespace tld::cli
