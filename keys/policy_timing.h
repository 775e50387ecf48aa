// SPDX-License-Identifier: GPL-2.0-only
//
// The part of Policy::check() that is about time on its way: what RFC 7583 forbids and what cannot
// finish. Each message shows the sum.
//
// Thread rule: pure functions.
#pragma once

#include "base/result.h"
#include "keys/policy.h"

namespace tld::keys {

base::Status check_timing(const Policy& policy);

}  // namespace tld::keys
