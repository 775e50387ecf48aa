// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "keys/ceremony_script_rules.h"
#include "keys/chained_lines.h"

namespace tld::keys {
namespace {

using Kind = ScriptStep::Kind;

struct KindFacts {
  const char* name;
  Kind kind;
  const char* act;
};
constexpr std::array kinds = {
    KindFacts{"people", Kind::people, "ceremony"},
    KindFacts{"input", Kind::input, ""},
    KindFacts{"key-generate", Kind::key_generate, "key-generate"},
    KindFacts{"sign-ksr", Kind::sign_ksr, "activation"},
    KindFacts{"output", Kind::output, ""},
    KindFacts{"read-aloud", Kind::read_aloud, ""},
};

const KindFacts& facts_of(Kind kind) {
  return *std::ranges::find(kinds, kind, &KindFacts::kind);
}

constexpr std::size_t max_name = 100;  // octets; with what is put behind it a file's name still

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= max_name && name.front() != '.' && name.front() != '-' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string::npos;
}

std::string lower(std::string text) {
  for (char& octet : text) {
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet | 0x20);
  }
  return text;
}

// What the name is on a disk that takes upper and lower case for one, and drops dots at the end
// (FAT): two names with one such form may be one file.
std::string disk_name(const std::string& name) {
  return lower(name.substr(0, name.find_last_not_of('.') + 1));
}

bool is_emergency_on_disk(const ScriptStep& step, const std::string& name) {
  ScriptStep lowered;
  lowered.output = lower(step.output);
  lowered.emergency_for = step.emergency_for;
  return is_emergency_file(lowered, disk_name(name));
}

// Which files are there, step by step.
class Files {
 public:
  base::Status take(const ScriptStep& step) {
    if (step.kind == Kind::input) return add(step.file);
    for (const std::string& name : files_read(step)) {
      if (is_there(name)) continue;
      return base::invalid_input(
          fmt::format("SCRIPT-ORDER: {} needs {}, which no step before it has brought or made",
                      to_string(step.kind), name));
    }
    for (const std::string& name : files_made(step)) {
      TLD_TRY(add(name));
    }
    if (step.emergency_for.empty()) return base::ok();
    with_emergency_.push_back(&step);
    const auto taken = std::ranges::find_if(
        there_, [&step](const std::string& name) { return is_emergency_on_disk(step, name); });
    return taken == there_.end() ? base::ok() : twice(*taken);
  }

 private:
  static base::Status twice(const std::string& name) {
    return base::invalid_input(
        "SCRIPT-FILE: " + name +
        " is brought or made twice (names that differ in case or dots at the end are one)");
  }
  bool is_emergency(const std::string& name) const {
    return std::ranges::any_of(with_emergency_, [&name](const ScriptStep* step) {
      return is_emergency_file(*step, name);
    });
  }
  bool is_there(const std::string& name) const {
    return there_.contains(name) || is_emergency(name);
  }
  base::Status add(const std::string& name) {
    if (!is_plain_name(name)) {
      return base::invalid_input("SCRIPT-FILE: '" + name +
                                 "' must be a name of at most 100 letters, digits and . _ -, "
                                 "without a folder");
    }
    const bool is_emergency_too = std::ranges::any_of(
        with_emergency_,
        [&name](const ScriptStep* step) { return is_emergency_on_disk(*step, name); });
    if (is_emergency_too || !on_disk_.insert(disk_name(name)).second) return twice(name);
    there_.insert(name);
    return base::ok();
  }
  std::set<std::string> there_, on_disk_;
  std::vector<const ScriptStep*> with_emergency_;
};

base::Status check_step(const ScriptStep& step, bool is_first) {
  if ((step.kind == Kind::people) != is_first) {
    return base::invalid_input(
        "SCRIPT-PEOPLE: the first step must be `people`, and no other one may be");
  }
  const bool is_sha256 = step.sha256.size() == 64 &&
                         step.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (step.kind == Kind::input && !is_sha256) {
    return base::invalid_input("SCRIPT-SHA256: of " + step.file +
                               ": must be 64 lower case base16 digits");
  }
  return base::ok();
}

// --- people ---

base::Status check_enough(const People& people, const std::string& act, base::Time time) {
  const QuorumRule& rule = people.rule_for(act);
  const auto valid = [&](Role role) {
    return static_cast<std::size_t>(std::ranges::count_if(people.people, [&](const Person& one) {
      return one.role == role && one.is_valid_at(time);
    }));
  };
  const std::size_t officers = valid(Role::crypto_officer);
  const std::size_t operators = valid(Role::crypto_operator);
  const std::size_t observers = valid(Role::observer);
  const bool enough = officers >= rule.officers && operators >= rule.operators &&
                      officers + operators >= rule.total && observers >= rule.observers;
  if (enough) return base::ok();
  return base::refused(fmt::format(
      "SCRIPT-PEOPLE: {} asks for {} people, {} crypto-officers, {} crypto-operators, {} "
      "observers; valid at {} are {}, {}, {}, {}",
      act, rule.total, rule.officers, rule.operators, rule.observers, utc_text(time),
      officers + operators, officers, operators, observers));
}

base::Status check_named(const ScriptStep& step, const People& people, base::Time time) {
  for (const std::string& name : step.people) {
    const Person* person = people.find(name);
    if (person == nullptr) return base::refused("SCRIPT-PEOPLE: nobody is called " + name);
    if (!person->is_valid_at(time)) {
      return base::refused(fmt::format("SCRIPT-PEOPLE: {} is {} from {} to {}, not at {}", name,
                                       to_string(person->role), utc_text(person->valid_from),
                                       utc_text(person->expires), utc_text(time)));
    }
  }
  return base::ok();
}

}  // namespace

const char* to_string(Kind kind) {
  return facts_of(kind).name;
}
std::string act_before(Kind kind) {
  return facts_of(kind).act;
}

std::optional<Kind> kind_named(const std::string& name) {
  const auto found =
      std::ranges::find_if(kinds, [&name](const KindFacts& facts) { return name == facts.name; });
  return found == kinds.end() ? std::nullopt : std::optional(found->kind);
}

std::string all_kinds() {
  std::string text;
  for (const KindFacts& facts : kinds) text += (text.empty() ? "" : ", ") + std::string(facts.name);
  return text;
}

std::vector<std::string> files_read(const ScriptStep& step) {
  std::vector<std::string> files;
  for (const std::string* file :
       {&step.file, &step.policy, &step.previous, &step.key_register, &step.signers}) {
    if (!file->empty()) files.push_back(*file);
  }
  // Where a signature over the request is demanded: as `ssh-keygen -Y sign` names it.
  if (!step.signers.empty()) files.push_back(step.file + ".sig");
  for (const ScriptKsk& ksk : step.ksks) files.push_back(ksk.dnskey);
  for (const auto* several : {&step.foreign, &step.emergency_for}) {
    files.insert(files.end(), several->begin(), several->end());
  }
  return files;
}

std::vector<std::string> files_made(const ScriptStep& step) {
  std::vector<std::string> files;
  for (const std::string* file : {&step.output, &step.trust_anchor}) {
    if (!file->empty()) files.push_back(*file);
  }
  return files;
}

bool is_emergency_file(const ScriptStep& step, std::string_view name) {
  const std::string prefix = step.output + ".emergency-";
  if (step.emergency_for.empty() || !name.starts_with(prefix)) return false;
  const std::string_view tag = name.substr(prefix.size());
  return !tag.empty() && tag.size() <= 5 &&
         tag.find_first_not_of("0123456789") == std::string_view::npos;
}

base::Status check_token_of(const ScriptStep& step, const std::string& label,
                            const std::string& serial) {
  const bool is_it =
      step.token == label && (step.token_serial.empty() || step.token_serial == serial);
  if (is_it) return base::ok();
  return base::refused(fmt::format(
      "SCRIPT-TOKEN: {} is for the token '{}'{}; this is '{}', serial {}", to_string(step.kind),
      step.token, step.token_serial.empty() ? "" : ", serial " + step.token_serial, label, serial));
}

base::Status check_script(const CeremonyScript& script) {
  if (script.not_after <= script.not_before) {
    return base::invalid_input("SCRIPT-DATES: not-after must be later than not-before");
  }
  Files files;
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    TLD_TRY(check_step(script.steps[i], i == 0));
    TLD_TRY(files.take(script.steps[i]));
  }
  return base::ok();
}

base::Status CeremonyScript::check_at(base::Time now) const {
  if (not_before <= now && now < not_after) return base::ok();
  return base::refused(fmt::format("SCRIPT-DATES: the script is for {} to {}, now is {}",
                                   utc_text(not_before), utc_text(not_after), utc_text(now)));
}

std::vector<std::string> CeremonyScript::acts() const {
  std::vector<std::string> all;
  for (const ScriptStep& step : steps) {
    std::string act = act_before(step.kind);
    if (!act.empty() && std::ranges::count(all, act) == 0) all.push_back(std::move(act));
  }
  return all;
}

base::Status check_people(const CeremonyScript& script, const People& people, base::Time time) {
  for (const ScriptStep& step : script.steps) {
    TLD_TRY(check_named(step, people, time));
  }
  for (const std::string& act : script.acts()) {
    TLD_TRY(check_enough(people, act, time));
  }
  return base::ok();
}

base::Result<std::vector<Approver>> check_before_step(const CeremonyScript& script,
                                                      const ScriptStep& step, const People& people,
                                                      const std::vector<Approval>& approvals,
                                                      base::Time now) {
  TLD_TRY(script.check_at(now));
  const std::string act = act_before(step.kind);
  if (act.empty()) return std::vector<Approver>{};
  TLD_TRY(auto approvers, check_approvals(people, {script.zone, act, script.sha256, now},
                                          approvals_for(act, approvals)));
  for (const std::string& name : step.people) {
    if (std::ranges::find(approvers, name, &Approver::person) == approvers.end()) {
      return base::refused("SCRIPT-PEOPLE: " + name +
                           " is named and has not approved the ceremony");
    }
  }
  return approvers;
}

base::Status check_input(const ScriptStep& step, std::string_view octets) {
  const std::string sha256 = sha256_hex(octets);
  if (sha256 == step.sha256) return base::ok();
  return base::refused(fmt::format("SCRIPT-SHA256: {} has SHA-256 {}; the script says {}",
                                   step.file, sha256, step.sha256));
}

}  // namespace tld::keys
