// SPDX-License-Identifier: GPL-2.0-only
//
// A machine with an audit log, people of three roles, and what they do.
//
// Thread rule: one thread.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/unit/cli/fixture.h"

namespace tld::cli::testing {

class RecordsTest : public TldctlTest {
 protected:
  RecordsTest() { EXPECT_EQ(tldctl({"audit", "init", "--audit-log", log_}).exit_code, 0); }

  Outcome run(std::vector<std::string> words) const {
    return tldctl(words, "export TLD_AUDIT_LOG=" + log_ + ";");
  }
  // "TYPE RESULT", oldest first.
  std::vector<std::string> entries() const {
    const auto json = run({"audit", "show", "--limit", "1000", "--json"}).json();
    std::vector<std::string> all;
    for (const auto& entry : json.at("entries")) {
      all.push_back(entry.at("type").get<std::string>() + " " +
                    entry.at("result").get<std::string>());
    }
    return all;
  }
  nlohmann::json last_entry() const {
    return run({"audit", "show", "--limit", "1", "--json"}).json().at("entries").at(0);
  }
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + path(".fixture") + " && " + command).c_str()), 0) << command;
  }
  std::string key(const std::string& name) const {
    const std::string file = ".fixture/" + name;
    if (!exists(file)) shell("ssh-keygen -q -t ed25519 -N '' -C " + name + " -f " + name);
    return path(file);
  }
  std::string person(const std::string& name, const std::string& role) const {
    key(name);
    std::string text = read(".fixture/" + name + ".pub");
    text.pop_back();
    return fmt::format(
        "  - {{name: {}, role: {}, keys: [{}], valid-from: 2020-01-01, expires: 2100-01-01, "
        "observer-since: 2019-01-01}}\n",
        name, role, text);
  }
  std::string six_people() const {
    return "people:\n" + person("ann", "SO") + person("amy", "SO") + person("bob", "SA") +
           person("ben", "SA") + person("wit", "WI") + person("win", "WI");
  }
  std::string approve(const std::string& act, const std::string& object, const std::string& name,
                      const std::string& zone) const {
    std::vector<std::string> words = {"approve", act, object, "--person", name, "--key", key(name)};
    if (!zone.empty()) words.insert(words.end(), {"--zone", zone});
    const Outcome signed_ = run(words);
    EXPECT_EQ(signed_.exit_code, 0) << signed_.err;
    return object + "." + name + ".approval";
  }
  Outcome adopt(const std::string& file, const std::vector<std::string>& approvers) const {
    std::vector<std::string> words = {"people", "adopt", file};
    for (const std::string& name : approvers) {
      words.insert(words.end(), {"--approval", approve("people-adopt", file, name, "")});
    }
    return run(words);
  }

  const std::string log_ = path("log");
};

}  // namespace tld::cli::testing
