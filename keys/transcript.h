// SPDX-License-Identifier: GPL-2.0-only
//
// The transcript of a ceremony: what was done in which order, with the SHA-256 of all that went in
// and out and who approved what. A file of chained lines (chained_lines.h) with a first line
// `begin` and a last line `end`; its head, the SHA-256 of the last line, belongs into the audit log
// and is read aloud: with it no octet of the file can be another.
//
// Thread rule: one thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keys/approval.h"
#include "keys/chained_lines.h"
#include "keys/record_file.h"

namespace tld::keys {

// Of a step's note, in octets; what is longer is cut. Six times as many in JSON, at worst.
inline constexpr std::size_t max_note = 4000;

struct TranscriptBegin {
  std::string zone;           // absolute name
  std::string title;          // the script's
  std::string script_sha256;  // of the script's octets
  std::string identity;       // who runs it: the operating system's user
};

struct TranscriptStep {
  std::string name;                            // as in the script: "sign-ksr"
  std::map<std::string, std::string> inputs;   // file's name → SHA-256, base16
  std::map<std::string, std::string> outputs;  // the same
  std::vector<Approver> approvals;
  std::string result = "done";  // or "failed", "stopped"
  std::string note;             // what was found, what the room said, why it failed
};

class Transcript {
 public:
  // The file and its first line. refused: there is a file of that name.
  static base::Result<Transcript> create(const std::filesystem::path& path,
                                         const TranscriptBegin& begin, base::Time now);

  // Call before each step: the step's line and the last one will find their place. Errors:
  // TRANSCRIPT-MOVED, at its path is not this file as it was written; unavailable: the disk is
  // full.
  base::Status check_ready();

  // Each line is synced before this returns; after an error the file ends with the line before.
  // A step's line that would be too long says less.
  base::Status append(const TranscriptStep& step, base::Time now);
  // The last line. REQUIRES: nothing is appended after it.
  base::Status end(const std::string& result, base::Time now);

  // Of the last line that was written.
  const ChainLink& head() const { return head_; }

 private:
  explicit Transcript(GrowingFile file) : file_(std::move(file)) {}
  base::Status write(const Json& fields);
  GrowingFile file_;
  ChainLink head_;
};

// The lines of a whole transcript. `head`: its hash as it was kept elsewhere; "" if it was not.
// Errors are invalid_input, "SOURCE:LINE: RULE: ...":
//   TRANSCRIPT-SYNTAX, -SEQUENCE, -PREVIOUS  as chained_lines.h; or a line of no such kind
//   TRANSCRIPT-CUT                           it has no last line `end`, or lines behind it
//   TRANSCRIPT-HEAD                          its last line is not the one that `head` names
base::Result<std::vector<Json>> read_transcript(std::string_view text, const std::string& source,
                                                const std::string& head = "");

// For people. REQUIRES: read_transcript() gave the lines.
std::string transcript_text(const std::vector<Json>& lines);

}  // namespace tld::keys
