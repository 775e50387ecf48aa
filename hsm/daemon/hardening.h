// SPDX-License-Identifier: GPL-2.0-only
//
// What keeps a PIN and a key's traffic inside this process.
//
// Thread rule: called once, before threads start.
#pragma once

#include "base/log.h"

namespace tld::hsm {

// No core dumps, no ptrace by the same user, memory not swapped where the limits allow it.
void harden_process(base::Log& log);

// Arranges for SIGTERM when the process named in TLD_HSMD_PARENT (set by hsm/supervisor.h) dies;
// false when it is dead already.
bool follow_parent();

}  // namespace tld::hsm
