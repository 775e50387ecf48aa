// SPDX-License-Identifier: GPL-2.0-only
//
// Reads an audit log's lines and follows their chain. The files are taken as hostile.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "keys/audit_entry.h"
#include "keys/chained_lines.h"

namespace tld::keys {

// A file of the log: whole lines, the next file goes on where it ends.
struct AuditSegment {
  std::string name;  // for messages
  std::string text;
};

struct AuditLine {
  AuditEntry entry;
  ChainLink link;
  std::string previous;     // what it says of the line before
  std::size_t segment = 0;  // index
};

// What stands behind the last whole line and is none: a crash's work, or somebody's.
struct TornLine {
  std::string octets;        // without the last newline
  bool has_newline = false;  // at its end
  bool is_whole = false;     // it is a line in order that lacks nothing but its newline
  base::Error fault;
};

struct AuditReading {
  using Torn = TornLine;
  ChainLink before;  // the link that the first line follows: sequence 0 at the log's beginning
  std::vector<AuditLine> lines;
  std::optional<Torn> torn;

  ChainLink head() const { return lines.empty() ? before : lines.back().link; }
};

// Errors are invalid_input, "SEGMENT:LINE: RULE: ...":
//   AUDIT-SYNTAX    a line is not the canonical text of an entry
//   AUDIT-SEQUENCE  a line is missing, or there twice
//   AUDIT-PREVIOUS  a line before this one, or this one, was altered
//   AUDIT-TORN      the last line of a segment that is not the last has no newline
// Octets that an audit-torn entry behind them explains are in order. What is wrong at the very end
// is given back: the caller decides.
base::Result<AuditReading> read_audit_lines(const std::vector<AuditSegment>& segments);

// The entry that explains torn octets, so that nothing is ever taken out of the log.
AuditEntry torn_entry(std::string_view torn);

}  // namespace tld::keys
