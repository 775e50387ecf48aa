// SPDX-License-Identifier: GPL-2.0-only
//
// The people whom a machine goes by: the file people.yaml beside its audit log, if it is the one
// that the log says was adopted. Nobody changes it but by `people-adopt`, with the approvals that
// the version before asks for; the first version with those that it asks for itself, which shows
// that its people hold their keys.
//
// Thread rule: pure functions but for the file system.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keys/approval.h"
#include "keys/audit_reading.h"
#include "keys/people.h"

namespace tld::keys {

// SHA-256 of the version that the log's lines say was adopted last; "" if none was.
std::string adopted_version(const AuditReading& log);

// nullopt: none was adopted. refused, PEOPLE-NOT-ADOPTED: the file is not the adopted one.
base::Result<std::optional<People>> adopted_people(const std::filesystem::path& audit_log);

// May `next` take the place of `now`, or be the first? Errors: check_at()'s, check_succession()'s,
// check_approvals()'s for the act people-adopt over the octets of `next`.
base::Result<std::vector<Approver>> check_adoption(const std::optional<People>& now,
                                                   const People& next, base::Time time,
                                                   const std::vector<Approval>& approvals);

// After the line `begun` of people-adopt is in the log.
base::Status install_people(const std::filesystem::path& audit_log, std::string_view yaml);

}  // namespace tld::keys
