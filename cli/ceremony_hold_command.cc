// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl ceremony hold: who may hold it, its act in the audit log, its transcript, its report. What
// the steps do is in script_steps.h.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <system_error>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/ceremony_room.h"
#include "cli/command.h"
#include "cli/script_steps.h"
#include "keys/audit_place.h"
#include "keys/ceremony_script.h"
#include "keys/input_file.h"
#include "keys/transcript.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* act_name = "ceremony";
constexpr std::size_t max_transcript = 64 << 20, min_room = 256 << 10;  // octets

struct Options {
  std::string script, directory = ".", transcript, ksk_token, zsk_token;
  std::vector<std::string> approvals;
};

base::Time now() {
  return base::SystemClock().now();
}

// --- before anything is done ---

// Each act's approvers; all approvals are used up together.
using Approvers = std::map<std::string, std::vector<keys::Approver>>;

base::Result<keys::CeremonyScript> read_script(const Options& options) {
  TLD_TRY(auto script, keys::CeremonyScript::read_file(options.script));
  TLD_TRY(script.check_at(now()));
  return script;
}

base::Result<Approvers> check_approved(const keys::CeremonyScript& script,
                                       const keys::People& people,
                                       const std::vector<keys::Approval>& approvals) {
  TLD_TRY(check_acts_of(approvals, script.acts()));
  Approvers all;
  for (const keys::ScriptStep& step : script.steps) {
    const std::string act = act_before(step.kind);
    if (act.empty() || all.contains(act)) continue;
    TLD_TRY(all[act], check_before_step(script, step, people, approvals, now()));
  }
  return all;
}

base::Status check_transcript_place(const keys::CeremonyScript& script, const Options& options) {
  const fs::path path = options.transcript;
  std::error_code fault;
  if (fs::exists(fs::symlink_status(path, fault))) {
    return base::refused(options.transcript + " is there already: a transcript is a new file");
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  TLD_TRY(keys::check_not_in_audit_directory(path));
  if (::access(folder.c_str(), W_OK) != 0) {
    return base::refused("cannot write into " + folder.string());
  }
  const fs::space_info space = fs::space(folder, fault);
  if (!fault && space.available < min_room) {
    return base::refused("the disk has no room for a transcript in " + folder.string());
  }
  if (!fs::equivalent(folder, options.directory, fault)) return base::ok();
  for (const keys::ScriptStep& step : script.steps) {
    const auto made = files_made(step);
    const std::string name = path.filename().string();
    if (std::ranges::count(made, name) != 0 || is_emergency_file(step, name)) {
      return base::refused(
          "SCRIPT-FILE: the transcript's name is that of a file that the script "
          "makes: " +
          name);
    }
  }
  return base::ok();
}

// --- while it is held ---

// A step may have waited for the room for days: are the ceremony and this act still approved, now
// and by the people adopted now?
base::Result<std::vector<keys::Approver>> approvers_now(
    const Chosen& chosen, const keys::CeremonyScript& script, const keys::ScriptStep& step,
    const std::vector<keys::Approval>& approvals) {
  TLD_TRY(const auto people, people_of_this_machine(chosen));
  if (!people) return base::refused("this machine has adopted nobody any more");
  TLD_TRY(check_before_step(script, script.steps.front(), *people, approvals, now()));
  return check_before_step(script, step, *people, approvals, now());
}

class Holding {
 public:
  Holding(const Chosen& chosen, const keys::CeremonyScript& script, const Options& options,
          const std::vector<keys::Approval>& approvals, ScriptSteps& steps,
          keys::Transcript transcript)
      : chosen_(chosen),
        script_(script),
        options_(options),
        approvals_(approvals),
        steps_(steps),
        transcript_(std::move(transcript)) {}

  base::Result<Report> hold() {
    base::Status status = base::ok();
    for (std::size_t i = 0; status && i < script_.steps.size(); ++i) {
      const keys::ScriptStep& next = script_.steps[i];
      status = without_exceptions(
          [&] { return step(next, fmt::format("{}. {}", i + 1, to_string(next.kind))); });
    }
    ended_ = transcript_.end(status ? "done" : outcome_, now());
    if (!ended_) status = no_line_of("the end", status, ended_.error());
    return report(status);
  }

 private:
  base::Status step(const keys::ScriptStep& step, const std::string& name) {
    tell_room(name);
    for (const std::string& field : step_lines(step)) tell_room("    " + field);
    keys::TranscriptStep line;
    line.name = to_string(step.kind);
    base::Status status = without_exceptions([&] { return begin_and_carry_out(step, line); });
    if (!status) {
      if (line.result == "done") line.result = "failed";
      line.note = status.error().message;
      outcome_ = line.result;
      status = status.error().in(name);
    }
    const base::Status written = transcript_.append(line, now());
    if (!written) {
      outcome_ = "failed, with no line of " + name;
      return no_line_of(name, status, written.error());
    }
    tell_room("  " + line.result + (line.note.empty() ? "" : ": " + line.note));
    for (const auto& [file, sum] : line.outputs) tell_room("    " + file + "  SHA-256 " + sum);
    return status;
  }

  base::Status begin_and_carry_out(const keys::ScriptStep& step, keys::TranscriptStep& line) {
    // No retry with these approvals, so that it is refused when the disk is full too.
    if (auto ready = transcript_.check_ready(); !ready) return base::refused(ready.error().message);
    TLD_TRY(script_.check_at(now()));
    if (!act_before(step.kind).empty()) {
      TLD_TRY(line.approvals, approvers_now(chosen_, script_, step, approvals_));
    }
    return steps_.carry_out(step, transcript_.head(), line);
  }

  static base::Error no_line_of(const std::string& what, const base::Status& status,
                                const base::Error& why) {
    return base::refused(fmt::format("{}the transcript has no line of {}: {}",
                                     status ? "" : status.error().message + "; and ", what,
                                     why.message));
  }

  base::Result<Report> report(const base::Status& status) const {
    const std::string& head = transcript_.head().hash;
    Report report;
    report.evidence = {{"transcript", options_.transcript}, {"transcript-head", head}};
    if (!ended_) report.evidence["transcript-cut"] = "it has no last line";
    for (const auto& [file, sum] : steps_.made()) report.evidence["sha256-of-" + file] = sum;
    report.json = {{"zone", script_.zone},
                   {"title", script_.title},
                   {"script_sha256", script_.sha256},
                   {"transcript", options_.transcript},
                   {"transcript_head", head}};
    report.text = options_.transcript + ": transcript\n  head  " + head + "\n";
    const base::Status told = describe(report);
    if (status && told) return report;
    report.verdict = status ? told.error().message : status.error().message;
    if (!status && status.error().retry_can_help()) report.verdict_code = ExitCode::not_available;
    std::string kept;
    for (const auto& [file, sum] : steps_.made()) kept += (kept.empty() ? "" : ", ") + file;
    if (!kept.empty()) report.verdict += "; made before, and there: " + kept;
    return report;
  }

  // From the file itself; left out where that is not whole.
  base::Status describe(Report& report) const {
    TLD_TRY(const std::string text, keys::read_input_file(options_.transcript, max_transcript));
    TLD_TRY(const auto lines,
            keys::read_transcript(text, options_.transcript, transcript_.head().hash));
    report.json["lines"] = lines;
    report.text = keys::transcript_text(lines) + report.text;
    return base::ok();
  }

  const Chosen& chosen_;
  const keys::CeremonyScript& script_;
  const Options& options_;
  const std::vector<keys::Approval>& approvals_;
  ScriptSteps& steps_;
  keys::Transcript transcript_;
  std::string outcome_ = "failed";
  base::Status ended_ = base::ok();
};

base::Result<Report> begin_and_hold(const Chosen& chosen, const Options& options,
                                    const keys::CeremonyScript& script, const Approvers& approvers,
                                    const std::vector<keys::Approval>& approvals,
                                    ScriptSteps& steps, const std::string& object) {
  std::vector<keys::Approver> all;
  for (const auto& [act, some] : approvers) all.insert(all.end(), some.begin(), some.end());
  TLD_TRY(auto act, Act::begin_or_refuse(chosen, act_name, object, all,
                                         {{"script", script.sha256}, {"title", script.title}}));
  return act.end(without_exceptions([&]() -> base::Result<Report> {
    const std::string identity = entry_by_this_user(act_name, object).identity;
    TLD_TRY(auto transcript,
            keys::Transcript::create(options.transcript,
                                     {script.zone, script.title, script.sha256, identity}, now()));
    return Holding(chosen, script, options, approvals, steps, std::move(transcript)).hold();
  }));
}

base::Result<Report> hold(const Chosen& chosen, const Options& options) {
  TLD_TRY(required_audit_directory(chosen));
  std::string object = options.script;
  const auto refuse = [&](const base::Error& why) {
    return Act::refuse(chosen, act_name, object, why);
  };
  const auto people = people_of_this_machine(chosen);
  if (!people) return refuse(people.error());
  if (!people.value()) {
    return refuse(
        base::refused("this machine has adopted nobody (tldctl people adopt): a "
                      "ceremony is held by the people who approve its script"));
  }
  const auto script = read_script(options);
  if (!script) return refuse(script.error());
  object = script.value().zone + " by " + options.script;
  const auto approvals = read_approvals(options.approvals);
  if (!approvals) return refuse(approvals.error());
  const auto approvers = check_approved(script.value(), *people.value(), approvals.value());
  if (!approvers) return refuse(approvers.error());
  ScriptSteps steps(chosen, script.value(),
                    {options.directory, options.ksk_token, options.zsk_token});
  base::Status status = check_transcript_place(script.value(), options);
  if (status) status = steps.check();
  if (!status) return refuse(status.error());
  return begin_and_hold(chosen, options, script.value(), approvers.value(), approvals.value(),
                        steps, object);
}

void add_options(CLI::App* command, Options& options) {
  command->add_option("--script", options.script, "The script (YAML)")->required();
  command->add_option("--directory", options.directory, "Where the files are that the script names")
      ->capture_default_str();
  command->add_option("--transcript", options.transcript, "The transcript to write, a new file")
      ->required();
  command->add_option("--approval", options.approvals,
                      "Approvals of the script (tldctl approve ACT SCRIPT), for each act that it "
                      "needs: tldctl ceremony check lists them");
  command
      ->add_option("--ksk-token", options.ksk_token,
                   "The token with the KSK, as a PKCS #11 URI with pin-source=file: (never a PIN)")
      ->check(token_uri());
  command
      ->add_option("--zsk-token", options.zsk_token,
                   "The token for the script's new ZSKs, likewise")
      ->check(token_uri());
}

}  // namespace

void add_ceremony_hold(CLI::App& ceremony, Chosen& chosen) {
  CLI::App* command = add_command(
      ceremony, chosen, "hold",
      {"Hold a ceremony as its script says",
       "Carries out a ceremony's script (docs/people.md), step by step, where people were\n"
       "adopted and have approved its SHA-256 for each act that it needs. All is checked\n"
       "before anything is done; then the steps `people` and `read-aloud` wait for a line\n"
       "from the room. What was done stands in a transcript, whose head is shown and\n"
       "logged: tldctl audit transcript checks it.",
       "  tldctl ceremony hold --script ceremony.yaml --directory /media/ceremony \\\n"
       "    --transcript kz-2027-1.transcript \\\n"
       "    --approval ceremony.yaml.ceremony.ann ceremony.yaml.ceremony.bob \\\n"
       "      ceremony.yaml.activation.ann ceremony.yaml.activation.bob \\\n"
       "    --ksk-token "
       "'pkcs11:token=tld-ksk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/"
       "ksk.pin'"});
  const auto options = std::make_shared<Options>();
  add_options(command, *options);
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [options, &chosen] { return hold(chosen, *options); });
}

}  // namespace tld::cli
