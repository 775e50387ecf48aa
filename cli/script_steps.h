// SPDX-License-Identifier: GPL-2.0-only
//
// The steps of a ceremony's script (keys/ceremony_script.h), carried out one after the other in one
// directory. Whatever a step reads is hashed when it is brought or made and again when it is used,
// and what is used is the octets that were hashed.
//
// Thread rule: one thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "keys/ceremony_script.h"
#include "keys/transcript.h"

namespace tld::cli {

// Each field of the step by its name in the script, those that are not given too: "previous: none:
// this is the first ceremony". A line each for people, and the same for scripts. Not yet safe for a
// terminal.
std::vector<std::string> step_lines(const keys::ScriptStep& step);
nlohmann::ordered_json step_json(const keys::ScriptStep& step);

struct ScriptPlaces {
  std::filesystem::path directory;
  std::string ksk_token, zsk_token;  // URIs; "" where none was given
};

class ScriptSteps {
 public:
  using Sums = std::map<std::string, std::string>;  // a file's name → SHA-256, base16

  // Lifetime: `chosen` and `script` must outlive it.
  ScriptSteps(const Chosen& chosen, const keys::CeremonyScript& script, ScriptPlaces places)
      : chosen_(chosen), script_(script), places_(std::move(places)) {}

  // Could all be done, as far as that shows before anything is? The inputs are there with their
  // sums (SCRIPT-SHA256), no file that a step makes is (SCRIPT-FILE), the directory can be written,
  // and the tokens that steps need are given, answer, and are those of the script (SCRIPT-TOKEN).
  base::Status check() const;

  // Does one step, and fills the line's inputs, outputs, note, and `stopped` as result where the
  // room stopped it. What it made and stays although it fails is among the outputs too; what else
  // is found where they belong is in the error. refused: SCRIPT-SHA256, a file is not what it was;
  // SCRIPT-FILE, one that it makes is there, and stays as it is; SCRIPT-TOKEN.
  base::Status carry_out(const keys::ScriptStep& step, const keys::ChainLink& head,
                         keys::TranscriptStep& line);

  const Sums& made() const { return made_; }

 private:
  using Octets = std::map<std::string, std::string>;  // a file's name → what is in it

  std::string place(const std::string& name) const { return (places_.directory / name).string(); }
  base::Result<std::vector<std::string>> outputs_there(const keys::ScriptStep& step) const;
  base::Status check_none_there(const keys::ScriptStep& step) const;
  base::Status check_token(const keys::ScriptStep& step) const;
  base::Result<Octets> load(const keys::ScriptStep& step, Sums& sums) const;

  base::Status perform(const keys::ScriptStep& step, const Octets& octets,
                       const keys::ChainLink& head, keys::TranscriptStep& line);
  base::Status perform_as_act(const keys::ScriptStep& step, const Octets& octets,
                              keys::TranscriptStep& line);
  base::Status generate(const keys::ScriptStep& step, const ReadFile& read,
                        keys::TranscriptStep& line, Report& report) const;
  base::Status sign(const keys::ScriptStep& step, const ReadFile& read, keys::TranscriptStep& line,
                    Report& report) const;
  base::Status wait_for_room(const keys::ScriptStep& step, const keys::ChainLink& head,
                             keys::TranscriptStep& line) const;
  base::Error failure(const keys::ScriptStep& step, const keys::TranscriptStep& line,
                      base::Error why) const;

  const Chosen& chosen_;
  const keys::CeremonyScript& script_;
  ScriptPlaces places_;
  Sums there_;  // brought or made so far
  Sums made_;
};

}  // namespace tld::cli
