// SPDX-License-Identifier: GPL-2.0-only
//
// Old segments of an audit log: moved whole into an archive when they are older than what is kept
// online, discarded there when they are older than what is archived. Never sooner, never the last.
//
// Thread rule: one thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "keys/audit_entry.h"
#include "keys/audit_log.h"
#include "keys/people.h"

namespace tld::keys {

// Verifies the log, copies each segment whose last line is older than retention.online into
// `archive`, tells the log (audit-archive, by `said_by`, whose time is now), and only then takes it
// out. Returns the names of those moved. refused, AUDIT-ARCHIVE: the archive has another file of
// that name; and verify_audit_log()'s errors.
base::Result<std::vector<std::string>> archive_audit_log(AuditLog& log, const AuditEntry& said_by,
                                                         const Retention& retention,
                                                         const std::filesystem::path& archive);

// Removes one archived segment. refused, AUDIT-RETENTION: its last line is younger than
// retention.archive; invalid_input: it is not the archive's oldest, or no segment in order.
base::Status discard_archived(const std::filesystem::path& segment, const Retention& retention,
                              base::Time now);

}  // namespace tld::keys
