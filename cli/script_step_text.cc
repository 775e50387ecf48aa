// SPDX-License-Identifier: GPL-2.0-only
//
// What a step of a script says, field by field: what is not shown is not approved.
#include <fmt/format.h>

#include "cli/script_steps.h"

namespace tld::cli {
namespace {

using keys::ScriptStep;
using nlohmann::ordered_json;
using Kind = ScriptStep::Kind;

struct Field {
  const char* name;    // as in the script
  ordered_json value;  // null: not given
  std::string text;    // for people: what it means, too, where it is not given
};
using Fields = std::vector<Field>;

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

Field field(const char* name, const std::string& value, const char* otherwise = "") {
  if (value.empty()) return {name, nullptr, otherwise};
  return {name, value, value};
}
Field field(const char* name, const std::vector<std::string>& values) {
  if (values.empty()) return {name, ordered_json::array(), "none"};
  return {name, values, joined(values)};
}

void add_token(Fields& fields, const ScriptStep& step) {
  fields.push_back(field("token", step.token));
  fields.push_back(field("token-serial", step.token_serial, "not given: any"));
}

void add_policy_and_register(Fields& fields, const ScriptStep& step) {
  fields.push_back(field("policy", step.policy, "not given: the built-in values"));
  fields.push_back(field("register", step.key_register, "none: nothing is checked by it"));
}

Fields fields_of_key(const ScriptStep& step) {
  Fields fields = {field("role", step.role), field("algorithm", step.algorithm)};
  add_token(fields, step);
  fields.push_back(field("output", step.output));
  add_policy_and_register(fields, step);
  if (step.wrappable) {
    fields.push_back({"wrappable", *step.wrappable,
                      *step.wrappable ? "yes: the key can leave the token, wrapped" : "no"});
  } else {
    fields.push_back({"wrappable", nullptr, "not given: as the policy says"});
  }
  return fields;
}

Field ksk_field(const keys::ScriptKsk& ksk) {
  const bool from_first = ksk.from == base::Time::min(), to_last = ksk.until == base::Time::max();
  const std::string from = from_first ? "" : keys::utc_text(ksk.from);
  const std::string until = to_last ? "" : keys::utc_text(ksk.until);
  std::string text = ksk.dnskey;
  if (from_first && to_last) text += ", in each slot";
  if (!from_first) text += " from " + from;
  if (!to_last) text += " until " + until;
  text += ksk.announced ? ", announced" : ", not announced";
  return {"ksks",
          {{"dnskey", ksk.dnskey},
           {"from", from_first ? ordered_json() : ordered_json(from)},
           {"until", to_last ? ordered_json() : ordered_json(until)},
           {"announce", ksk.announced}},
          text};
}

Fields fields_of_signing(const ScriptStep& step) {
  Fields fields = {field("file", step.file)};
  add_token(fields, step);
  fields.push_back(field("output", step.output));
  for (const keys::ScriptKsk& ksk : step.ksks) fields.push_back(ksk_field(ksk));
  fields.push_back(field("previous", step.previous, "none: this is the first ceremony"));
  add_policy_and_register(fields, step);
  fields.push_back(
      field("signers", step.signers, "none: no signature over the request is asked for"));
  fields.push_back(field("foreign", step.foreign));
  fields.push_back(field("emergency-for", step.emergency_for));
  fields.push_back(
      field("horizon", step.horizon, "not given: two spans and one validity of the policy"));
  fields.push_back(field("dialect", step.dialect));
  fields.push_back({"ds-at-parent", step.ds_at_parent,
                    step.ds_at_parent ? "yes: the new DS is there, KSKs may be swapped" : "no"});
  fields.push_back(field("trust-anchor", step.trust_anchor, "none is made"));
  return fields;
}

Fields fields_of(const ScriptStep& step) {
  switch (step.kind) {
    case Kind::people:
      return {field("people", step.people)};
    case Kind::input:
      return {field("file", step.file), field("sha256", step.sha256)};
    case Kind::key_generate:
      return fields_of_key(step);
    case Kind::sign_ksr:
      return fields_of_signing(step);
    case Kind::output:
      return {field("file", step.file)};
    case Kind::read_aloud:
      return {field("text", step.text)};
  }
  return {};
}

}  // namespace

std::vector<std::string> step_lines(const ScriptStep& step) {
  std::vector<std::string> lines;
  for (const Field& one : fields_of(step)) {
    lines.push_back(fmt::format("{:<15}{}", std::string(one.name) + ":", one.text));
  }
  return lines;
}

nlohmann::ordered_json step_json(const ScriptStep& step) {
  ordered_json fields = ordered_json::object();
  std::string text = to_string(step.kind);
  for (const Field& one : fields_of(step)) {
    text += fmt::format("{} {}: {}", text.find(' ') == std::string::npos ? ":" : ";", one.name,
                        one.text);
    if (std::string(one.name) == "ksks") {
      fields["ksks"].push_back(one.value);
    } else {
      fields[one.name] = one.value;
    }
  }
  return {{"step", to_string(step.kind)},
          {"act", act_before(step.kind)},
          {"people", step.people},
          {"reads", files_read(step)},
          {"makes", files_made(step)},
          {"fields", fields},
          {"text", text}};
}

}  // namespace tld::cli
