// SPDX-License-Identifier: GPL-2.0-only
//
// Runs the real tldctl in a directory of its own, with tokens of SoftHSM.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/unit/distinct_tags.h"

namespace tld::cli::testing {

struct Outcome {
  int exit_code = -1;
  std::string out, err;
  nlohmann::json json() const;  // of `out`; a test failure when it is none
};

class TldctlTest : public ::testing::Test {
 protected:
  TldctlTest();
  ~TldctlTest() override;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content,
                    unsigned mode = 0644) const;
  std::string read(const std::string& name) const;
  bool exists(const std::string& name) const;
  // Names in the directory, hidden ones too, but for what the fixture itself made.
  std::vector<std::string> files() const;

  // `prefix` is shell text in front of the command, e.g. "ulimit -f 1;"; `suffix` behind it.
  Outcome tldctl(const std::vector<std::string>& arguments, const std::string& prefix = "",
                 const std::string& suffix = "") const;
  std::string make_store() const;

  // A token of SoftHSM named `label`, PIN 1234; returns its URI.
  std::string make_token(const std::string& label) const;
  std::string token_uri(const std::string& label, const std::string& pin_file) const;
  // Makes a key; returns its id. The DNSKEY record is then in path(role + ".dnskey").
  std::string make_key(const std::string& token, const std::string& role,
                       const std::string& algorithm = "ECDSAP256SHA256") const;

 private:
  std::string directory_;
  mutable tests::DistinctTags tags_;
};

// One line, from tldctl.
::testing::AssertionResult is_one_complaint(const std::string& err);

}  // namespace tld::cli::testing
