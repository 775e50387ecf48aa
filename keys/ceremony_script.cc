// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/yaml.h"
#include "dns/name.h"
#include "hsm/algorithm.h"
#include "keys/chained_lines.h"
#include "keys/input_file.h"

namespace tld::keys {
namespace {

using base::YamlMap;
using Kind = ScriptStep::Kind;

constexpr std::size_t max_octets = 1 << 20;

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

// --- reading ---

void read_fields(YamlMap& map, ScriptStep& step) {
  switch (step.kind) {
    case Kind::people:
      step.people = map.texts("people");
      if (step.people.empty()) map.reject("people", "names nobody");
      return;
    case Kind::input:
      step.file = map.text("file");
      step.sha256 = map.text("sha256");
      return;
    case Kind::key_generate:
      step.role = map.text("role");
      if (step.role != "ksk" && step.role != "zsk") map.reject("role", "must be ksk or zsk");
      step.algorithm = map.text("algorithm");
      if (hsm::find_algorithm(step.algorithm) == nullptr) {
        map.reject("algorithm", "must be ECDSAP256SHA256 or RSASHA256");
      }
      step.output = map.text("output");
      return;
    case Kind::sign_ksr:
      step.file = map.text("file");
      step.output = map.text("output");
      return;
    case Kind::output:
      step.file = map.text("file");
      return;
    case Kind::read_aloud:
      step.text = map.text("text");
      return;
  }
}

ScriptStep read_step(YamlMap& map) {
  ScriptStep step;
  const std::string name = map.text("step");
  const auto found =
      std::ranges::find_if(kinds, [&name](const KindFacts& facts) { return name == facts.name; });
  if (found == kinds.end()) {
    map.reject(
        "step",
        "'" + name + "' is no step: people, input, key-generate, sign-ksr, output, read-aloud");
    return step;
  }
  step.kind = found->kind;
  read_fields(map, step);
  return step;
}

base::Time read_time(YamlMap& map, const char* key) {
  const std::string text = map.text(key);
  const auto time = utc_from_text(text);
  if (!time) map.reject(key, time.error().message);
  return time ? time.value() : base::Time{};
}

// --- rules ---

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.front() != '-' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string::npos;
}

// Which files are there, step by step.
class Files {
 public:
  base::Status take(const ScriptStep& step) {
    const bool brings = step.kind == Kind::input;
    if (!step.file.empty() && !brings && !there_.contains(step.file)) {
      return base::invalid_input(
          fmt::format("SCRIPT-ORDER: {} needs {}, which no step before it has brought or made",
                      to_string(step.kind), step.file));
    }
    if (brings) {
      TLD_TRY(add(step.file));
    }
    if (step.output.empty()) return base::ok();
    return add(step.output);
  }

 private:
  base::Status add(const std::string& name) {
    if (!is_plain_name(name)) {
      return base::invalid_input("SCRIPT-FILE: '" + name +
                                 "' must be a name of letters, digits and . _ -, without a folder");
    }
    if (!there_.insert(name).second) {
      return base::invalid_input("SCRIPT-FILE: " + name + " is brought or made twice");
    }
    return base::ok();
  }
  std::set<std::string> there_;
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

base::Status check(const CeremonyScript& script) {
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

}  // namespace

const char* to_string(Kind kind) {
  return facts_of(kind).name;
}
std::string act_before(Kind kind) {
  return facts_of(kind).act;
}

base::Result<CeremonyScript> CeremonyScript::parse(std::string_view yaml, const std::string& file) {
  CeremonyScript script;
  script.sha256 = sha256_hex(yaml);
  YamlMap top = YamlMap::document(std::string(yaml), file);
  const std::string zone = top.text("zone");
  const auto name = dns::Name::from_text(zone);
  if (!name) top.reject("zone", name.error().message);
  if (name) script.zone = name.value().text();
  script.title = top.text("title");
  script.not_before = read_time(top, "not-before");
  script.not_after = read_time(top, "not-after");
  top.maps("steps", [&script](YamlMap& map) { script.steps.push_back(read_step(map)); });
  TLD_TRY(top.finish());
  if (auto status = check(script); !status) return status.error().in(file);
  return script;
}

base::Result<CeremonyScript> CeremonyScript::read_file(const std::filesystem::path& path) {
  TLD_TRY(const std::string text, read_input_file(path, max_octets));
  return parse(text, path.string());
}

base::Status CeremonyScript::check_at(base::Time now) const {
  if (not_before <= now && now < not_after) return base::ok();
  return base::refused(fmt::format("SCRIPT-DATES: the script is for {} to {}, now is {}",
                                   utc_text(not_before), utc_text(not_after), utc_text(now)));
}

base::Result<std::vector<Approver>> check_before_step(const CeremonyScript& script,
                                                      const ScriptStep& step, const People& people,
                                                      const std::vector<Approval>& approvals,
                                                      base::Time now) {
  TLD_TRY(script.check_at(now));
  const std::string act = act_before(step.kind);
  if (act.empty()) return std::vector<Approver>{};
  std::vector<Approval> for_act;
  std::ranges::copy_if(approvals, std::back_inserter(for_act),
                       [&act](const Approval& approval) { return approval.statement.act == act; });
  TLD_TRY(auto approvers, check_approvals(people, {script.zone, act, script.sha256, now}, for_act));
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
