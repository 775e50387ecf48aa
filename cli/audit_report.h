// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl audit report: for each section of a practice statement what it requires, how it is met,
// and the last event in the audit log that shows it. The sections come from a YAML file
// (docs/policies/kz.sections.yaml).
//
// Thread rule: one thread.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "keys/audit_reading.h"

namespace tld::cli {

struct PolicySection {
  std::string number;                 // "4.4.1"
  std::string requires_;              // in our words
  std::string met_by;                 // setting, check or command; or that the organisation does it
  std::vector<std::string> evidence;  // types of audit entries
};

struct PolicyTable {
  std::string title;
  std::vector<PolicySection> sections;

  // invalid_input, "FILE:LINE: ...".
  static base::Result<PolicyTable> parse(std::string_view yaml, const std::string& file);
};

// nullptr: there is none. The last entry of one of these types that was done.
const keys::AuditLine* last_event(const keys::AuditReading& log,
                                  const std::vector<std::string>& types);

std::string report_text(const std::vector<PolicyTable>& tables, const keys::AuditReading& log);
// One page that needs nothing else.
std::string report_html(const std::vector<PolicyTable>& tables, const keys::AuditReading& log,
                        base::Time now);

void add_audit_report(CLI::App& audit, Chosen& chosen);

}  // namespace tld::cli
