// SPDX-License-Identifier: GPL-2.0-only
//
// One line of the audit log: who did what to which object, when by which clock, and how it ended.
// An act has two lines: `begun` before it, then `done`, `failed` or `refused`.
//
// Thread rule: values and pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keys/chained_lines.h"

namespace tld::keys {

enum class AuditLevel { info, notice, warning, error };
enum class AuditResult { begun, done, failed, refused };

const char* to_string(AuditLevel level);
const char* to_string(AuditResult result);

struct AuditEntry {
  base::Time time{};
  std::string clock = "unknown";  // synchronised, unsynchronised, unknown: what the kernel says
  std::string identity;           // the operating system's user
  std::string role;               // of that identity, from the file of people; "" if it has none
  std::string type;               // "zone-freeze"; those of the log itself begin with "audit-"
  AuditLevel level = AuditLevel::notice;
  std::string object;  // what it was done to
  AuditResult result = AuditResult::done;
  std::vector<std::string> approvals;         // SHA-256 of each statement that was used for it
  std::map<std::string, std::string> detail;  // digests, reasons, who approved
  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

Json to_json(const AuditEntry& entry);
// `json`: a whole chained line. invalid_input, "AUDIT-SYNTAX: ...".
base::Result<AuditEntry> audit_entry_from(const Json& json);

// One line for people, without newline.
std::string audit_text(std::uint64_t sequence, const AuditEntry& entry);

}  // namespace tld::keys
