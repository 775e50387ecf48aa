// SPDX-License-Identifier: GPL-2.0-only
//
// The rules for a file of people. (people_file.cc reads one.)
#include "keys/people.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "keys/approval.h"

namespace tld::keys {
namespace {

constexpr std::array roles = {Role::crypto_officer, Role::crypto_operator, Role::observer};
constexpr std::size_t longest_name = 32;

bool shares_key(const Person& a, const Person& b) {
  return std::ranges::any_of(a.keys, [&b](const std::string& key) {
    return std::ranges::find(b.keys, key) != b.keys.end();
  });
}

base::Status check_name(const Person& person) {
  const std::string& name = person.name;
  const bool is_name =
      !name.empty() && name.size() <= longest_name && name[0] >= 'a' && name[0] <= 'z' &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
  if (is_name) return base::ok();
  return base::invalid_input(fmt::format(
      "PEOPLE-NAME: '{}' must be at most {} lower case letters, digits and . _ -, a letter first",
      name, longest_name));
}

base::Status check_pair(const Person& a, const Person& b) {
  const bool same_name = a.name == b.name;
  if (!same_name && !shares_key(a, b)) return base::ok();
  const std::string what =
      same_name ? a.name + " is there twice"
                : fmt::format("{} and {} have a public key in common", a.name, b.name);
  if (a.role == b.role) return base::invalid_input("PEOPLE-TWICE: " + what);
  return base::invalid_input(fmt::format("PEOPLE-TWO-ROLES: {}, as {} and as {}", what,
                                         to_string(a.role), to_string(b.role)));
}

base::Status check_person(const People& all, const Person& person) {
  TLD_TRY(check_name(person));
  if (person.expires <= person.valid_from) {
    return base::invalid_input(
        fmt::format("PEOPLE-DATES: {} expires before valid-from or with it", person.name));
  }
  std::vector<std::string> sorted = person.keys;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) {
    return base::invalid_input("PEOPLE-TWICE: " + person.name + " has a public key twice");
  }
  if (!all.observer_first || person.role == Role::observer) return base::ok();
  if (person.observer_since && *person.observer_since < person.valid_from) return base::ok();
  return base::invalid_input(
      fmt::format("PEOPLE-OBSERVER-FIRST: {} must have been an observer before becoming {} "
                  "(observer-since before valid-from)",
                  person.name, to_string(person.role)));
}

std::size_t count(const People& all, Role role) {
  return static_cast<std::size_t>(std::ranges::count(all.people, role, &Person::role));
}

base::Status check_rule(const People& all, const std::string& act, const QuorumRule& rule) {
  const std::size_t officers = count(all, Role::crypto_officer);
  const std::size_t operators = count(all, Role::crypto_operator);
  const auto wrong = [&act](const std::string& why) {
    return base::invalid_input(fmt::format("PEOPLE-QUORUM: {}: {}", act, why));
  };
  if (rule.officers > officers || rule.operators > operators ||
      rule.observers > count(all, Role::observer) || rule.total > officers + operators) {
    return wrong("asks for more people than there are");
  }
  if (rule.total < rule.officers + rule.operators) {
    return wrong("total is less than the officers and operators that it asks for");
  }
  if (rule.total == 0) return wrong("asks for no officer or operator");
  if (rule.total + rule.observers < 2) return wrong("one person alone could do it");
  if (rule.of != 0 && officers + operators > rule.of) {
    return wrong(fmt::format("\"of {}\", but {} people are officers and operators", rule.of,
                             officers + operators));
  }
  return base::ok();
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

base::Status check_version(const People& all) {
  const bool is_first = all.version == 1;
  if (is_first ? all.previous.empty() : is_sha256(all.previous)) return base::ok();
  return base::invalid_input(
      is_first ? "PEOPLE-VERSION: version 1 has no previous one"
               : "PEOPLE-VERSION: previous must be the SHA-256 of the version before, 64 lower "
                 "case base16 digits");
}

// While an approval can be used, the online log must remember that it was.
base::Status check_retention(const Retention& retention) {
  if (retention.online >= 2 * max_approval_lifetime && retention.archive >= retention.online) {
    return base::ok();
  }
  return base::invalid_input(fmt::format(
      "PEOPLE-RETENTION: audit.online {} must be at least {}, and audit.archive {} no less than it",
      base::to_text(retention.online), base::to_text(2 * max_approval_lifetime),
      base::to_text(retention.archive)));
}

}  // namespace

const char* to_string(Role role) {
  switch (role) {
    case Role::crypto_officer:
      return "crypto-officer";
    case Role::crypto_operator:
      return "crypto-operator";
    case Role::observer:
      return "observer";
  }
  return "?";
}

const std::vector<std::string>& approved_acts() {
  static const std::vector<std::string> acts = {"activation",   "ceremony",     "ds-attestation",
                                                "key-generate", "key-transfer", "people-adopt",
                                                "skr-import",   "zone-approve"};
  return acts;
}

base::Status People::check() const {
  TLD_TRY(check_version(*this));
  for (auto one = people.begin(); one != people.end(); ++one) {
    TLD_TRY(check_person(*this, *one));
    for (auto other = people.begin(); other != one; ++other) {
      TLD_TRY(check_pair(*other, *one));
    }
  }
  for (const Role role : roles) {
    if (count(*this, role) < 2) {
      return base::invalid_input(
          fmt::format("PEOPLE-FEW: {} has {} people; at least two are needed", to_string(role),
                      count(*this, role)));
    }
  }
  for (const auto& [act, rule] : quorum) {
    TLD_TRY(check_rule(*this, act, rule));
  }
  return check_retention(retention);
}

base::Status People::check_at(base::Time now) const {
  for (const Role role : roles) {
    const auto valid = std::ranges::count_if(people, [&](const Person& person) {
      return person.role == role && person.is_valid_at(now);
    });
    if (valid < 2) {
      return base::invalid_input(
          fmt::format("PEOPLE-EXPIRED: of {} {} people are valid now; at least two are needed",
                      to_string(role), valid));
    }
  }
  return base::ok();
}

const Person* People::find(const std::string& name) const {
  const auto found = std::ranges::find(people, name, &Person::name);
  return found == people.end() ? nullptr : &*found;
}

const QuorumRule& People::rule_for(const std::string& act) const {
  return quorum.at(act);
}

bool People::is_in_two_roles(const Person& person) const {
  return std::ranges::any_of(people, [&person](const Person& other) {
    return other.role != person.role && (other.name == person.name || shares_key(other, person));
  });
}

base::Status check_succession(const People& now, const People& next) {
  if (next.previous != now.sha256 || next.version != now.version + 1) {
    return base::invalid_input(fmt::format(
        "PEOPLE-PREVIOUS: version {} after {} of the file with SHA-256 {}; adopted is version {}, "
        "SHA-256 {}",
        next.version, next.version - 1, next.previous.empty() ? "none" : next.previous, now.version,
        now.sha256));
  }
  for (const Person& person : next.people) {
    const Person* before = now.find(person.name);
    if (before == nullptr) {
      if (person.role == Role::observer || !next.observer_first) continue;
      return base::invalid_input(fmt::format(
          "PEOPLE-OBSERVER-FIRST: {} is new and must be an observer first", person.name));
    }
    if (before->role != person.role &&
        std::ranges::find(person.previous_roles, before->role) == person.previous_roles.end()) {
      return base::invalid_input(
          fmt::format("PEOPLE-ROLES-BEFORE: {} was {}; previous-roles must say so", person.name,
                      to_string(before->role)));
    }
  }
  return base::ok();
}

}  // namespace tld::keys
