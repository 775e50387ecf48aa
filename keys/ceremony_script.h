// SPDX-License-Identifier: GPL-2.0-only
//
// The script of a ceremony (docs/people.md): who must be there and what is done in which order,
// written and approved beforehand. People approve the script's SHA-256, for each act that one of
// its steps needs; a step is not begun before that.
//
// Thread rule: values and pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keys/approval.h"

namespace tld::keys {

struct ScriptStep {
  enum class Kind {
    people,        // those named are there: each has approved the act `ceremony`
    input,         // `file` has `sha256`
    key_generate,  // a key of `role` and `algorithm`; its DNSKEY record goes to `output`
    sign_ksr,      // the request `file` becomes the response `output`
    output,        // `file`, made by a step before, is carried out
    read_aloud,    // `text`
  };
  Kind kind = Kind::read_aloud;
  std::vector<std::string> people;
  std::string file, sha256, output, role, algorithm, text;
};
const char* to_string(ScriptStep::Kind kind);

// The act that people must have approved before such a step, "" if none: ceremony, key-generate,
// activation (of the KSK's token).
std::string act_before(ScriptStep::Kind kind);

struct CeremonyScript {
  std::string zone;  // absolute name
  std::string title;
  base::Time not_before{}, not_after{};
  std::vector<ScriptStep> steps;
  std::string sha256;  // of the file's octets

  // invalid_input, "FILE:LINE: ..." for what is no script, else "FILE: RULE: ...":
  //   SCRIPT-DATES   not-after is before not-before
  //   SCRIPT-PEOPLE  the first step is not `people`, or another one is
  //   SCRIPT-FILE    a file's name is more than a name, or is made twice
  //   SCRIPT-ORDER   a step needs a file that no step before it has brought or made
  //   SCRIPT-SHA256  an input has no SHA-256 of 64 lower case base16 digits
  static base::Result<CeremonyScript> parse(std::string_view yaml, const std::string& file);
  static base::Result<CeremonyScript> read_file(const std::filesystem::path& path);

  // refused, SCRIPT-DATES: it is not for this time.
  base::Status check_at(base::Time now) const;
};

// May `step` begin? Those of `approvals` that are for its act must meet the rule; other ones are
// left alone. Errors: check_approvals()'s; refused, SCRIPT-PEOPLE: somebody named is not among
// them.
base::Result<std::vector<Approver>> check_before_step(const CeremonyScript& script,
                                                      const ScriptStep& step, const People& people,
                                                      const std::vector<Approval>& approvals,
                                                      base::Time now);

// An input's octets are those that the script names. refused, SCRIPT-SHA256.
base::Status check_input(const ScriptStep& step, std::string_view octets);

}  // namespace tld::keys
