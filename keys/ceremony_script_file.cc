// SPDX-License-Identifier: GPL-2.0-only
//
// From the file to the script: what each step may say.
#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "base/yaml.h"
#include "dns/name.h"
#include "hsm/algorithm.h"
#include "keys/ceremony_script.h"
#include "keys/ceremony_script_rules.h"
#include "keys/ceremony_script_size.h"
#include "keys/chained_lines.h"
#include "keys/input_file.h"

namespace tld::keys {
namespace {

using base::YamlMap;
using Kind = ScriptStep::Kind;

std::string one_of(YamlMap& map, const char* key, const char* first, const char* second,
                   const std::string& otherwise) {
  std::string value = map.text(key, otherwise);
  if (value != otherwise && value != first && value != second) {
    map.reject(key, fmt::format("must be {} or {}", first, second));
  }
  return value;
}

bool yes_or_no(YamlMap& map, const char* key, bool otherwise) {
  return one_of(map, key, "yes", "no", otherwise ? "yes" : "no") == "yes";
}

base::Time read_time(YamlMap& map, const char* key, const std::string& text) {
  const auto time = utc_from_text(text);
  if (!time) map.reject(key, time.error().message);
  return time ? time.value() : base::Time{};
}

base::Time read_time(YamlMap& map, const char* key, base::Time otherwise) {
  const std::string text = map.text(key, "");
  return text.empty() ? otherwise : read_time(map, key, text);
}

// Who chooses the token chooses where the KSK lives.
void read_token(YamlMap& map, ScriptStep& step) {
  step.token = map.text("token");
  step.token_serial = map.text("token-serial", "");
}

void read_key_generate(YamlMap& map, ScriptStep& step) {
  read_token(map, step);
  step.role = map.text("role");
  if (step.role != "ksk" && step.role != "zsk") map.reject("role", "must be ksk or zsk");
  step.algorithm = map.text("algorithm");
  if (hsm::find_algorithm(step.algorithm) == nullptr) {
    map.reject("algorithm", "must be ECDSAP256SHA256 or RSASHA256");
  }
  step.output = map.text("output");
  step.policy = map.text("policy", "");
  step.key_register = map.text("register", "");
  const std::string wrappable = one_of(map, "wrappable", "yes", "no", "");
  if (!wrappable.empty()) step.wrappable = wrappable == "yes";
}

ScriptKsk read_ksk(YamlMap& map) {
  ScriptKsk ksk;
  ksk.dnskey = map.text("dnskey");
  ksk.from = read_time(map, "from", ksk.from);
  ksk.until = read_time(map, "until", ksk.until);
  if (ksk.until <= ksk.from) map.reject("until", "must be later than from");
  ksk.announced = yes_or_no(map, "announce", true);
  return ksk;
}

void read_sign_ksr(YamlMap& map, ScriptStep& step) {
  read_token(map, step);
  step.file = map.text("file");
  step.output = map.text("output");
  map.maps("ksks", [&step](YamlMap& ksk) { step.ksks.push_back(read_ksk(ksk)); });
  step.policy = map.text("policy", "");
  step.previous = map.text("previous", "");
  step.key_register = map.text("register", "");
  step.signers = map.text("signers", "");
  step.foreign = map.texts("foreign");
  step.emergency_for = map.texts("emergency-for");
  step.horizon = map.text("horizon", "");
  if (!step.horizon.empty()) {
    const auto horizon = base::parse_duration(step.horizon);
    if (!horizon) map.reject("horizon", horizon.error().message);
  }
  step.dialect = one_of(map, "dialect", "ours", "knot", "ours");
  step.ds_at_parent = yes_or_no(map, "ds-at-parent", false);
  step.trust_anchor = map.text("trust-anchor", "");
}

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
      return read_key_generate(map, step);
    case Kind::sign_ksr:
      return read_sign_ksr(map, step);
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
  const auto kind = kind_named(name);
  if (!kind) {
    map.reject("step", "'" + name + "' is no step: " + all_kinds());
    return step;
  }
  step.kind = *kind;
  read_fields(map, step);
  return step;
}

}  // namespace

base::Result<CeremonyScript> CeremonyScript::parse(std::string_view yaml, const std::string& file) {
  if (yaml.size() > max_script_octets) {
    return base::invalid_input(file + ": SCRIPT-SIZE: larger than 256 KiB");
  }
  CeremonyScript script;
  script.sha256 = sha256_hex(yaml);
  YamlMap top = YamlMap::document(std::string(yaml), file);
  const std::string zone = top.text("zone");
  const auto name = dns::Name::from_text(zone);
  if (!name) top.reject("zone", name.error().message);
  if (name) script.zone = name.value().text();
  script.title = top.text("title");
  script.not_before = read_time(top, "not-before", top.text("not-before"));
  script.not_after = read_time(top, "not-after", top.text("not-after"));
  top.maps("steps", [&script](YamlMap& map) { script.steps.push_back(read_step(map)); });
  TLD_TRY(top.finish());
  if (auto status = check_script(script); !status) return status.error().in(file);
  if (auto status = check_size(script); !status) return status.error().in(file);
  return script;
}

base::Result<CeremonyScript> CeremonyScript::read_file(const std::filesystem::path& path) {
  TLD_TRY(const std::string text, read_input_file(path, max_script_octets));
  return parse(text, path.string());
}

}  // namespace tld::keys
