// SPDX-License-Identifier: GPL-2.0-only
#include "cli/script_steps.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "cli/act.h"
#include "cli/ceremony_room.h"
#include "cli/ceremony_sitting.h"
#include "cli/key_generation.h"
#include "cli/token_session.h"
#include "hsm/token_uri.h"
#include "keys/input_file.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;
using keys::ScriptStep;
using keys::TranscriptStep;
using Kind = ScriptStep::Kind;

constexpr std::size_t max_input = 64 << 20;  // octets

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

bool needs_token(const ScriptStep& step) {
  return step.kind == Kind::key_generate || step.kind == Kind::sign_ksr;
}

bool is_of_zsk(const ScriptStep& step) {
  return step.role == "zsk";
}

SittingOptions sitting_of(const ScriptStep& step, const std::string& zone) {
  SittingOptions options;
  options.zone = zone;
  options.policy = step.policy;
  options.request = step.file;
  options.previous = step.previous;
  options.signers = step.signers;
  options.horizon = step.horizon;
  options.key_register = step.key_register;
  options.dialect = step.dialect;
  options.foreign = step.foreign;
  options.emergency_for = step.emergency_for;
  options.ds_at_parent = step.ds_at_parent;
  for (const keys::ScriptKsk& ksk : step.ksks) {
    options.ksks.push_back({"", ksk.dnskey, ksk.from, ksk.until, ksk.announced});
  }
  return options;
}

KeyGeneration generation_of(const ScriptStep& step, const std::string& zone) {
  KeyGeneration wanted;
  wanted.algorithm = step.algorithm;
  wanted.zone = zone;
  wanted.role = step.role;
  wanted.policy = step.policy;
  wanted.key_register = step.key_register;
  wanted.wrappable = step.wrappable;
  return wanted;
}

std::string signed_by(const std::vector<keys::KskTerm>& ksks, const std::string& signer) {
  std::string text;
  for (const dns::Dnskey& key : dnskeys_of(ksks)) {
    text += fmt::format("{}KSK {}", text.empty() ? "signed by " : ", ", key.key_tag());
  }
  return text + (signer.empty() ? "" : "; the request is signed by " + signer);
}

// `made` gets each file that is in its place, also when a later one fails.
base::Status make_all(const SittingOptions& options, const Sitting& sitting,
                      const PlannedSitting& planned, std::vector<Made>& made) {
  TLD_TRY(sign_all(options, sitting, planned.plan, made));
  TLD_TRY(const auto anchor, write_trust_anchor(options, sitting, planned.ksks));
  if (anchor) made.push_back(*anchor);
  return base::ok();
}

// For the transcript, the audit log and the room.
struct UsedToken {
  std::string label, serial, module;
  std::string text() const {
    return fmt::format("token '{}', serial {}, module {}", label, serial, module);
  }
  void add_to(Report& report) const {
    report.evidence["token"] = label;
    report.evidence["token-serial"] = serial;
    report.evidence["module"] = module;
  }
};

// Tells the room before anything is done in it.
base::Result<UsedToken> accept_token(const ScriptStep& step, const std::string& uri,
                                     const TokenSession& token) {
  TLD_TRY(check_token_of(step, token.token_label(), token.token_serial()));
  TLD_TRY(const auto parsed, hsm::TokenUri::parse(uri));
  UsedToken used{token.token_label(), token.token_serial(), parsed.module_path()};
  tell_room("  " + used.text());
  return used;
}

}  // namespace

// --- before anything is done ---

base::Result<std::vector<std::string>> ScriptSteps::outputs_there(const ScriptStep& step) const {
  const auto wanted = files_made(step);
  std::vector<std::string> names;
  std::error_code fault;
  for (fs::directory_iterator entry(places_.directory, fault), end; !fault && entry != end;
       entry.increment(fault)) {
    const std::string name = entry->path().filename().string();
    const bool is_output = std::ranges::count(wanted, name) != 0 || is_emergency_file(step, name);
    if (is_output) names.push_back(name);
  }
  if (!fault) return names;
  return base::unavailable("cannot read " + places_.directory.string() + ": " + fault.message());
}

base::Status ScriptSteps::check_none_there(const ScriptStep& step) const {
  TLD_TRY(const auto there, outputs_there(step));
  if (there.empty()) return base::ok();
  return base::refused(fmt::format("SCRIPT-FILE: {}, which {} makes, is there already",
                                   place(there.front()), to_string(step.kind)));
}

base::Status ScriptSteps::check_token(const ScriptStep& step) const {
  if (!needs_token(step)) return base::ok();
  const std::string& uri = is_of_zsk(step) ? places_.zsk_token : places_.ksk_token;
  if (uri.empty()) {
    return base::refused(fmt::format("{} needs {}", to_string(step.kind),
                                     is_of_zsk(step) ? "--zsk-token" : "--ksk-token"));
  }
  TLD_TRY(const auto token, TokenSession::open(uri, step.kind == Kind::key_generate));
  return check_token_of(step, token.token_label(), token.token_serial());
}

base::Status ScriptSteps::check() const {
  for (const ScriptStep& step : script_.steps) {
    Sums ignored;
    if (step.kind == Kind::input) {
      TLD_TRY(load(step, ignored));
    }
    TLD_TRY(check_none_there(step));
  }
  if (::access(places_.directory.c_str(), W_OK) != 0) {
    return base::unavailable("cannot write into " + places_.directory.string());
  }
  for (const ScriptStep& step : script_.steps) {
    TLD_TRY(check_token(step));
  }
  return base::ok();
}

// --- one step ---

base::Result<ScriptSteps::Octets> ScriptSteps::load(const ScriptStep& step, Sums& sums) const {
  Octets all;
  for (const std::string& name : files_read(step)) {
    const auto known = there_.find(name);
    if (step.kind != Kind::input && known == there_.end()) {
      return base::refused("SCRIPT-ORDER: " + name + " was not made");
    }
    TLD_TRY(std::string octets, keys::read_input_file(place(name), max_input));
    const std::string sum = sums[name] = sha256_text(octets);
    if (step.kind == Kind::input) {
      TLD_TRY(check_input(step, octets));
    } else if (sum != known->second) {
      return base::refused(
          fmt::format("SCRIPT-SHA256: {} has SHA-256 {}; it had {} when it was brought or made",
                      name, sum, known->second));
    }
    all[name] = std::move(octets);
  }
  return all;
}

base::Status ScriptSteps::carry_out(const ScriptStep& step, const keys::ChainLink& head,
                                    TranscriptStep& line) {
  TLD_TRY(check_none_there(step));
  TLD_TRY(const auto octets, load(step, line.inputs));
  auto status = perform(step, octets, head, line);
  made_.insert(line.outputs.begin(), line.outputs.end());
  there_.insert(line.outputs.begin(), line.outputs.end());
  return status;
}

base::Status ScriptSteps::perform(const ScriptStep& step, const Octets& octets,
                                  const keys::ChainLink& head, TranscriptStep& line) {
  switch (step.kind) {
    case Kind::people:
    case Kind::read_aloud:
      return wait_for_room(step, head, line);
    case Kind::input:
      there_.insert(line.inputs.begin(), line.inputs.end());
      return base::ok();
    case Kind::output:
      return base::ok();  // load() found it as it was made
    case Kind::key_generate:
    case Kind::sign_ksr:
      return perform_as_act(step, octets, line);
  }
  return base::internal("a step of no kind");
}

base::Status ScriptSteps::perform_as_act(const ScriptStep& step, const Octets& octets,
                                         TranscriptStep& line) {
  const ReadFile read = [&octets](const std::string& file,
                                  std::size_t max) -> base::Result<std::string> {
    const auto found = octets.find(file);
    if (found == octets.end()) return base::internal(file + " is not among the step's files");
    if (found->second.size() <= max) return found->second;
    return base::invalid_input(fmt::format("{}: larger than {} octets", file, max));
  };
  TLD_TRY(auto act, Act::begin(chosen_, act_before(step.kind), script_.zone + " to " + step.output,
                               {}, {{"script", script_.sha256}}));
  Report report;
  const auto status = without_exceptions([&] {
    return step.kind == Kind::key_generate ? generate(step, read, line, report)
                                           : sign(step, read, line, report);
  });
  if (!status) return act.end_step(failure(step, line, status.error()));
  for (const auto& [name, sum] : line.outputs) report.evidence["sha256-of-" + name] = sum;
  return act.end_step(std::move(report));
}

base::Status ScriptSteps::generate(const ScriptStep& step, const ReadFile& read,
                                   TranscriptStep& line, Report& report) const {
  KeyGeneration wanted = generation_of(step, script_.zone);
  wanted.token = is_of_zsk(step) ? places_.zsk_token : places_.ksk_token;
  wanted.dnskey = place(step.output);
  wanted.place = Place::must_be_free;
  UsedToken used;
  wanted.accept_token = [&](const TokenSession& token) -> base::Status {
    TLD_TRY(used, accept_token(step, wanted.token, token));
    line.note = used.text();
    return base::ok();
  };
  wanted.read = read;
  TLD_TRY(const auto key, generate_key(wanted));
  line.outputs[step.output] = key.dnskey_sha256;
  report = generated_report(wanted, key);
  used.add_to(report);
  line.note += fmt::format("; {} {}, wrappable: {}, id {}, SHA-256 of the key {}",
                           is_of_zsk(step) ? "ZSK" : "KSK", key.dnskey.key_tag(),
                           report.evidence["wrappable"], report.evidence["id"],
                           report.evidence["dnskey-sha256"]);
  return base::ok();
}

base::Status ScriptSteps::sign(const ScriptStep& step, const ReadFile& read, TranscriptStep& line,
                               Report& report) const {
  SittingOptions options = sitting_of(step, script_.zone);
  options.read = read;
  options.output = place(step.output);
  options.place = Place::must_be_free;
  if (!step.trust_anchor.empty()) options.trust_anchor = place(step.trust_anchor);
  TLD_TRY(const Sitting sitting, prepare_sitting(options));
  TLD_TRY(auto token, TokenSession::open(places_.ksk_token, false));
  TLD_TRY(const auto used, accept_token(step, places_.ksk_token, token));
  used.add_to(report);
  line.note = used.text();
  TLD_TRY(const auto planned, plan_sitting(options, sitting, token.session()));
  std::vector<Made> made;
  const auto status = make_all(options, sitting, planned, made);
  for (const Made& one : made) line.outputs[fs::path(one.file).filename().string()] = one.sha256;
  if (!status) return status;
  report.evidence["ksks"] = signed_by(planned.ksks, sitting.signer);
  line.note += "; " + report.evidence["ksks"];
  return base::ok();
}

// With what must not be lost of a step that failed: the token it used, and what else is found where
// its outputs belong, which may be somebody's.
base::Error ScriptSteps::failure(const ScriptStep& step, const TranscriptStep& line,
                                 base::Error why) const {
  if (!line.note.empty()) why.message += "; " + line.note;
  const auto there = outputs_there(step);
  if (!there) return why;
  for (const std::string& name : there.value()) {
    if (line.outputs.contains(name)) continue;
    const auto octets = keys::read_input_file(place(name), max_input);
    why.message += fmt::format("; found, not made by this step: {}, {}", name,
                               octets ? "SHA-256 " + sha256_text(octets.value()) : "unreadable");
  }
  return why;
}

base::Status ScriptSteps::wait_for_room(const ScriptStep& step, const keys::ChainLink& head,
                                        TranscriptStep& line) const {
  if (step.kind == Kind::people) {
    tell_room("  These must be here: " + joined(step.people));
  } else {
    tell_room("  Read aloud: " + step.text);
    for (const auto& [name, sum] : there_) tell_room("    " + name + "  SHA-256 " + sum);
    tell_room(fmt::format("    the transcript's line {}  SHA-256 {}", head.sequence, head.hash));
  }
  const RoomAnswer answer = ask_room();
  if (answer.goes_on) {
    line.note = answer.text;
    return base::ok();
  }
  line.result = "stopped";
  return base::refused("stopped" + (answer.text.empty() ? "" : ": " + answer.text));
}

}  // namespace tld::cli
