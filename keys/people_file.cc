// SPDX-License-Identifier: GPL-2.0-only
//
// Reading a file of people. (people.cc has the rules.)
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/yaml.h"
#include "keys/chained_lines.h"
#include "keys/input_file.h"
#include "keys/people.h"
#include "keys/ssh_public_key.h"

namespace tld::keys {
namespace {

using base::YamlMap;

constexpr std::size_t max_octets = 1 << 20;

struct RoleName {
  const char* name;
  Role role;
};
constexpr std::array role_names = {RoleName{"crypto-officer", Role::crypto_officer},
                                   RoleName{"SO", Role::crypto_officer},
                                   RoleName{"crypto-operator", Role::crypto_operator},
                                   RoleName{"SA", Role::crypto_operator},
                                   RoleName{"observer", Role::observer},
                                   RoleName{"WI", Role::observer}};

std::optional<Role> find_role(const std::string& name) {
  for (const RoleName& one : role_names) {
    if (name == one.name) return one.role;
  }
  return std::nullopt;
}

const char* const not_a_role =
    "PEOPLE-ROLE: must be crypto-officer (SO), crypto-operator (SA) or observer (WI)";

// 2026-11-22: midnight, UTC.
std::optional<base::Time> day(const std::string& text) {
  const auto time = utc_from_text(text + "T00:00:00Z");
  if (!time) return std::nullopt;
  return time.value();
}

base::Time read_day(YamlMap& map, const char* key) {
  const std::string text = map.text(key);
  const auto time = day(text);
  if (!time) map.reject(key, "'" + text + "' is not a day like 2026-01-31");
  return time.value_or(base::Time{});
}

void read_keys(YamlMap& map, Person& person) {
  const std::vector<std::string> texts = map.texts("keys");
  if (texts.empty()) map.reject("keys", "PEOPLE-KEY: at least one OpenSSH public key is needed");
  for (const std::string& text : texts) {
    auto key = canonical_ssh_key(text);
    if (!key) return map.reject("keys", "PEOPLE-KEY: " + key.error().message);
    person.keys.push_back(std::move(key).value());
  }
}

void read_roles(YamlMap& map, Person& person) {
  const auto role = find_role(map.text("role"));
  if (!role) return map.reject("role", not_a_role);
  person.role = *role;
  for (const std::string& text : map.texts("previous-roles")) {
    const auto previous = find_role(text);
    if (!previous) return map.reject("previous-roles", not_a_role);
    person.previous_roles.push_back(*previous);
  }
}

Person read_person(YamlMap& map) {
  Person person;
  person.name = map.text("name");
  read_roles(map, person);
  read_keys(map, person);
  person.valid_from = read_day(map, "valid-from");
  person.expires = read_day(map, "expires");
  const std::string since = map.text("observer-since", "");
  if (since.empty()) return person;
  person.observer_since = day(since);
  if (!person.observer_since) {
    map.reject("observer-since", "'" + since + "' is not a day like 2026-01-31");
  }
  return person;
}

bool read_number(std::string_view text, unsigned& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// "2" or "2 of 5".
void read_total(YamlMap& map, QuorumRule& rule) {
  const std::string text = map.text("total", "");
  if (text.empty()) {
    rule.total = std::max(rule.total, rule.officers + rule.operators);
    return;
  }
  const std::size_t of = text.find(" of ");
  const std::string_view all = text;
  if (!read_number(all.substr(0, of), rule.total) ||
      (of != std::string::npos && !read_number(all.substr(of + 4), rule.of))) {
    map.reject("total", "'" + text + "' is not a number, or two as in 2 of 5");
  }
}

void read_rule(YamlMap& map, QuorumRule& rule) {
  rule.officers = static_cast<unsigned>(map.number("crypto-officer", 0, 20, rule.officers));
  rule.operators = static_cast<unsigned>(map.number("crypto-operator", 0, 20, rule.operators));
  rule.observers = static_cast<unsigned>(map.number("observer", 0, 20, rule.observers));
  read_total(map, rule);
}

void read_quorum(YamlMap& map, People& people) {
  QuorumRule otherwise;
  map.map("default", [&](YamlMap& rule) {
    read_rule(rule, otherwise);
    for (auto& [act, one] : people.quorum) one = otherwise;
  });
  for (auto& [act, rule] : people.quorum) {
    map.map(act, [&rule = rule](YamlMap& one) { read_rule(one, rule); });
  }
}

}  // namespace

base::Result<People> People::parse(std::string_view yaml, const std::string& file) {
  People people;
  people.sha256 = sha256_hex(yaml);
  for (const std::string& act : approved_acts()) people.quorum[act] = {};
  // C 4.2.2: one of either role, and a witness.
  people.quorum["key-transfer"] = {0, 0, 1, 1, 0};
  YamlMap top = YamlMap::document(std::string(yaml), file);
  people.version = static_cast<unsigned>(top.number("version", 1, 1'000'000, 1));
  people.previous = top.text("previous", "");
  const std::string first = top.text("observer-first", "yes");
  if (first != "yes" && first != "no") top.reject("observer-first", "must be yes or no");
  people.observer_first = first == "yes";
  top.maps("people", [&](YamlMap& map) { people.people.push_back(read_person(map)); });
  top.map("quorum", [&](YamlMap& map) { read_quorum(map, people); });
  top.map("audit", [&](YamlMap& map) {
    people.retention.online = map.duration("online", people.retention.online);
    people.retention.archive = map.duration("archive", people.retention.archive);
  });
  TLD_TRY(top.finish());
  if (auto status = people.check(); !status) return status.error().in(file);
  return people;
}

base::Result<People> People::read_file(const std::filesystem::path& path) {
  TLD_TRY(const std::string text, read_input_file(path, max_octets));
  return parse(text, path.string());
}

}  // namespace tld::keys
