// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony_script_size.h"

#include <fmt/format.h>

#include "keys/chained_lines.h"
#include "keys/transcript.h"

namespace tld::keys {
namespace {

// "sha256-of-NAME":"64 digits", in the audit log; the transcript's is shorter.
constexpr std::size_t sum_octets = 64 + 20;
constexpr std::size_t emergency_octets = sizeof(".emergency-65535") - 1;
constexpr std::size_t escaped = 6;  // an octet in JSON, at worst

// What a line has besides: its note, who approved it, and its fixed fields. The ceremony's line in
// the audit log has, instead of a note, the title and names what was made.
static_assert(max_sums_octets + escaped * max_note + 10'000 <= max_chained_line);
static_assert(2 * max_sums_octets + escaped * max_text_octets <= max_chained_line);

base::Error too_large(const char* what, std::size_t is, std::size_t max) {
  return base::invalid_input(fmt::format("SCRIPT-SIZE: {}: {}, more than {}", what, is, max));
}

base::Status at_most(std::size_t max, std::size_t is, const char* what) {
  return is <= max ? base::ok() : base::Status(too_large(what, is, max));
}

std::size_t octets_of(const std::vector<std::string>& names) {
  std::size_t octets = 0;
  for (const std::string& name : names) octets += name.size() + sum_octets;
  return octets;
}

std::size_t octets_made(const ScriptStep& step) {
  const std::size_t each = step.output.size() + emergency_octets + sum_octets;
  return octets_of(files_made(step)) + step.emergency_for.size() * each;
}

base::Status check_step_size(const ScriptStep& step) {
  const auto reads = files_read(step);
  const std::size_t makes = files_made(step).size() + step.emergency_for.size();
  TLD_TRY(at_most(max_step_files, reads.size() + makes, "files of a step"));
  TLD_TRY(at_most(max_sums_octets, octets_of(reads) + octets_made(step),
                  "octets of the names and sums of a step's files"));
  TLD_TRY(at_most(max_step_files, step.people.size(), "people of a step"));
  return at_most(max_text_octets, step.text.size(), "octets to be read aloud");
}

}  // namespace

base::Status check_size(const CeremonyScript& script) {
  TLD_TRY(at_most(max_script_steps, script.steps.size(), "steps"));
  TLD_TRY(at_most(max_text_octets, script.title.size(), "octets of the title"));
  std::size_t made = 0;
  for (const ScriptStep& step : script.steps) {
    TLD_TRY(check_step_size(step));
    made += octets_made(step);
  }
  return at_most(max_sums_octets, made, "octets of the names and sums of all that is made");
}

}  // namespace tld::keys
