// SPDX-License-Identifier: GPL-2.0-only
//
// The people who may approve acts on keys and publications, their roles and OpenSSH public keys,
// and how many of which role an act needs (docs/people.md). A YAML file in versions: each names the
// SHA-256 of the one before, and is adopted with approvals under the rules of that one.
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tld::keys {

// CentralNic's statement, section 4.2.1, calls them SO, SA and WI.
enum class Role { crypto_officer, crypto_operator, observer };
const char* to_string(Role role);

struct Person {
  std::string name;  // lower case letters, digits and . _ -; begins with a letter
  Role role = Role::observer;
  std::vector<std::string> keys;  // as canonical_ssh_key() gives them; at least one
  base::Time valid_from{}, expires{};
  std::optional<base::Time> observer_since;  // .KZ 4.6: before the duties of another role
  std::vector<Role> previous_roles;

  bool is_valid_at(base::Time now) const { return valid_from <= now && now < expires; }
};

// How many different people must approve. Officers and operators count for `total`, observers
// countersign.
struct QuorumRule {
  unsigned officers = 1;
  unsigned operators = 1;
  unsigned observers = 0;
  unsigned total = 2;
  unsigned of = 0;  // at most so many people are officers and operators; 0: any number
  friend bool operator==(const QuorumRule&, const QuorumRule&) = default;
};

// What people approve. The names of these acts are those of the commands and of the audit log.
const std::vector<std::string>& approved_acts();

// Of the audit log. Years have no fixed length: a leap year and three years with one.
struct Retention {
  std::chrono::seconds online = std::chrono::days{366};
  std::chrono::seconds archive = std::chrono::days{1096};
};

struct People {
  unsigned version = 1;
  std::string previous;  // SHA-256 (base16) of the version before; "" for the first
  std::vector<Person> people;
  bool observer_first = true;                // .KZ 4.6
  std::map<std::string, QuorumRule> quorum;  // for each act
  Retention retention;
  std::string sha256;  // of the file's octets

  // Errors are invalid_input, "FILE:LINE: ..." for what is no such file, and check()'s.
  static base::Result<People> parse(std::string_view yaml, const std::string& file);
  static base::Result<People> read_file(const std::filesystem::path& path);

  // invalid_input:
  //   PEOPLE-NAME            a name that is none
  //   PEOPLE-TWICE           a name or a key is there twice
  //   PEOPLE-TWO-ROLES       ... in two roles
  //   PEOPLE-FEW             fewer than two people in a role (.KZ 4.4, 4.5; C 4.2.1)
  //   PEOPLE-DATES           a person's time ends before it begins
  //   PEOPLE-OBSERVER-FIRST  an officer or operator was not an observer before (.KZ 4.6)
  //   PEOPLE-QUORUM          a rule that these people cannot meet, or that one alone could
  //   PEOPLE-VERSION         the first version names one before it, or a later one does not
  //   PEOPLE-RETENTION       the audit log would forget approvals while they could be used again
  // (PEOPLE-KEY, PEOPLE-ROLE: parse() says them with the line.)
  base::Status check() const;
  // invalid_input, PEOPLE-EXPIRED: fewer than two people of a role are valid at `now`.
  base::Status check_at(base::Time now) const;

  // nullptr: nobody of that name.
  const Person* find(const std::string& name) const;
  // REQUIRES: act is one of approved_acts().
  const QuorumRule& rule_for(const std::string& act) const;
  // Somebody of this name or with one of these keys is there in another role too.
  bool is_in_two_roles(const Person& person) const;
};

// May `next` follow `now`? invalid_input:
//   PEOPLE-PREVIOUS        it names another version before it, or is not the next version
//   PEOPLE-OBSERVER-FIRST  somebody becomes an officer or operator who was nobody before
//   PEOPLE-ROLES-BEFORE    somebody's role changes and previous-roles does not have the old one
base::Status check_succession(const People& now, const People& next);

}  // namespace tld::keys
