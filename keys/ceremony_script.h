// SPDX-License-Identifier: GPL-2.0-only
//
// The script of a ceremony (docs/people.md): who must be there and what is done in which order,
// with which files, written and approved beforehand. People approve the script's SHA-256, for each
// act that one of its steps needs; a step is not begun before that. All that a step uses is named
// in it, so that nothing else can decide what is signed.
//
// Thread rule: values and pure functions.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keys/approval.h"

namespace tld::keys {

// It is listed in and signs the slots that start from `from` on and before `until`.
struct ScriptKsk {
  std::string dnskey;  // the file with its DNSKEY record
  base::Time from = base::Time::min(), until = base::Time::max();
  bool announced = true;  // CDS and CDNSKEY name it
};

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
  // Of key-generate and sign-ksr: the token's label, and its serial number, "" for any.
  std::string token, token_serial;
  std::string file, sha256, output, role, algorithm, text;
  std::string policy, key_register;  // "": the built-in values, none
  std::optional<bool> wrappable;     // of key-generate; not given: as the policy says
  // Of sign-ksr. `previous`: "" for the first ceremony; `signers`: "" demands no signature.
  std::string previous, signers, trust_anchor, horizon, dialect = "ours";
  std::vector<ScriptKsk> ksks;
  std::vector<std::string> foreign, emergency_for;
  bool ds_at_parent = false;
};
const char* to_string(ScriptStep::Kind kind);

// The act that people must have approved before such a step, "" if none: ceremony, key-generate,
// activation (of the KSK's token).
std::string act_before(ScriptStep::Kind kind);

// The files that the step reads, and those that it makes but for its emergency files.
std::vector<std::string> files_read(const ScriptStep& step);
std::vector<std::string> files_made(const ScriptStep& step);
// OUTPUT.emergency-KEYTAG of a step with `emergency-for`: which tags is known when keys are read.
bool is_emergency_file(const ScriptStep& step, std::string_view name);

struct CeremonyScript {
  std::string zone;  // absolute name
  std::string title;
  base::Time not_before{}, not_after{};
  std::vector<ScriptStep> steps;
  std::string sha256;  // of the file's octets

  // invalid_input, "FILE:LINE: ..." for what is no script, else "FILE: RULE: ...":
  //   SCRIPT-DATES   not-after is before not-before
  //   SCRIPT-PEOPLE  the first step is not `people`, or another one is
  //   SCRIPT-FILE    a file's name is more than a name, above 100 octets, or made twice (those
  //                  that differ only by letter case or dots at the end are one)
  //   SCRIPT-ORDER   a step needs a file that no step before it has brought or made
  //   SCRIPT-SHA256  an input has no SHA-256 of 64 lower case base16 digits
  //   SCRIPT-SIZE    it is larger than ceremony_script_size.h says
  static base::Result<CeremonyScript> parse(std::string_view yaml, const std::string& file);
  static base::Result<CeremonyScript> read_file(const std::filesystem::path& path);

  // refused, SCRIPT-DATES: it is not for this time.
  base::Status check_at(base::Time now) const;
  // The acts that its steps need, each once, in the order of the steps.
  std::vector<std::string> acts() const;
};

// Could these people hold it at `time`? refused, SCRIPT-PEOPLE: somebody named is not one of them,
// or is not valid then; or too few valid people for the rule of an act.
base::Status check_people(const CeremonyScript& script, const People& people, base::Time time);

// May `step` begin? Those of `approvals` that are for its act must meet the rule; other ones are
// left alone. Errors: check_approvals()'s; refused, SCRIPT-PEOPLE: somebody named is not among
// them.
base::Result<std::vector<Approver>> check_before_step(const CeremonyScript& script,
                                                      const ScriptStep& step, const People& people,
                                                      const std::vector<Approval>& approvals,
                                                      base::Time now);

// refused, SCRIPT-TOKEN: the token with this label and serial number is not that of the step.
base::Status check_token_of(const ScriptStep& step, const std::string& label,
                            const std::string& serial);

// An input's octets are those that the script names. refused, SCRIPT-SHA256.
base::Status check_input(const ScriptStep& step, std::string_view octets);

}  // namespace tld::keys
