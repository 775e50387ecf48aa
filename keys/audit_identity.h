// SPDX-License-Identifier: GPL-2.0-only
//
// Who is acting, and by which clock: what the operating system says, for the audit log.
//
// Thread rule: one thread at a time (getpwuid(3)).
#pragma once

#include <string>

#include "base/clock.h"
#include "keys/audit_entry.h"

namespace tld::keys {

// synchronised, unsynchronised, unknown: what the kernel knows of NTP. Safe from any thread.
std::string clock_state();
// With time, clock, identity, and who logged in where that is another user.
AuditEntry entry_by_this_user(const std::string& type, const std::string& object, base::Time now);

}  // namespace tld::keys
