// SPDX-License-Identifier: GPL-2.0-only
//
// The two machines of a ceremony, where the one with the KSK has adopted people.
#pragma once

#include <cstdlib>
#include <string>

#include "tests/unit/cli/offline_ceremony.h"

namespace tld::cli::testing {

class PeoplesCeremony : public OfflineCeremony {
 protected:
  PeoplesCeremony() {
    people_ = "people:\n" + person("ann", "SO") + person("amy", "SO") + person("bob", "SA") +
              person("ben", "SA") + person("wit", "WI") + person("win", "WI") +
              person("old", "SA", "2021-01-01");
    make_ssh_key("eve");
    write("people.yaml", people_);
    EXPECT_EQ(tldctl(plus({"audit", "init"}, log_)).exit_code, 0);
    const Outcome adopted = adopt("people.yaml");
    EXPECT_EQ(adopted.exit_code, 0) << adopted.err;
  }

  void make_ssh_key(const std::string& name) const {
    const std::string make = "ssh-keygen -q -t ed25519 -N '' -C '' -f " + path(name);
    EXPECT_EQ(std::system(make.c_str()), 0);
  }
  std::string person(const std::string& name, const std::string& role,
                     const std::string& expires = "2099-01-01") const {
    make_ssh_key(name);
    const std::string key = read(name + ".pub");
    return "  - {name: " + name + ", role: " + role + ", keys: [" + key.substr(0, key.find('\n')) +
           "], valid-from: 2020-01-01, expires: " + expires + ", observer-since: 2019-01-01}\n";
  }
  // `person` says that it approves; the signature is by the key of `signer`.
  std::string approved(const std::string& person, const std::string& file = "kz.ksr",
                       const std::string& act = "ceremony", const std::string& signer = "") const {
    const std::string output = path(file + "." + act + "." + person);
    Words words = {"approve",
                   act,
                   path(file),
                   "--person",
                   person,
                   "--key",
                   path(signer.empty() ? person : signer),
                   "--output",
                   output};
    if (act != "people-adopt") words.insert(words.end(), {"--zone", "kz."});
    const Outcome made = tldctl(words);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return output;
  }
  Outcome adopt(const std::string& file) const {
    return tldctl(
        plus({"people", "adopt", path(file), "--approval", approved("ann", file, "people-adopt"),
              approved("bob", file, "people-adopt")},
             log_));
  }
  nlohmann::json last_entry() const {
    return tldctl(plus({"audit", "show", "--limit", "1", "--json"}, log_))
        .json()
        .at("entries")
        .at(0);
  }

  const Words log_ = {"--audit-log", path("log")};
  std::string people_;
};

}  // namespace tld::cli::testing
