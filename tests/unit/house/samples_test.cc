// SPDX-License-Identifier: GPL-2.0-only
//
// Every YAML sample in the documents is read by the code that reads the operator's file. A sample
// says in its first line which file it is: "# tld.yaml".
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "hsm/daemon/config.h"
#include "keys/ceremony_script.h"
#include "keys/people.h"
#include "keys/policy.h"
#include "plugin/config.h"

namespace {

namespace fs = std::filesystem;

constexpr const char* files[] = {"tld.yaml", "policy.yaml", "primary.yaml", "people.yaml",
                                 "ceremony.yaml"};

struct Sample {
  std::string file;  // what its first line says
  std::string text;
  std::string where;  // for messages
};

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<Sample> samples_in(const fs::path& document) {
  const std::string open = "```yaml\n";
  const std::string text = read(document);
  std::vector<Sample> out;
  for (std::size_t at = 0; (at = text.find(open, at)) != std::string::npos;) {
    at += open.size();
    const std::string sample = text.substr(at, text.find("```", at) - at);
    const std::string first = sample.substr(0, sample.find('\n'));
    out.push_back({first.starts_with("# ") ? first.substr(2) : "", sample,
                   document.filename().string() + ": " + first});
  }
  return out;
}

std::vector<Sample> all_samples() {
  const fs::path top = TLD_SOURCE_DIR;
  std::vector<Sample> all = samples_in(top / "README.md");
  for (const auto& entry : fs::recursive_directory_iterator(top / "docs")) {
    if (entry.path().extension() != ".md") continue;
    for (Sample& sample : samples_in(entry.path())) all.push_back(std::move(sample));
  }
  return all;
}

std::string message(const auto& result) {
  return result ? "" : result.error().message;
}

// tld-hsmd's reader takes a file.
std::string read_as_daemon_config(const std::string& text) {
  const fs::path file = fs::path(testing::TempDir()) / ("sample-" + std::to_string(getpid()));
  std::ofstream(file) << text;
  const std::string outcome = message(tld::hsm::read_daemon_config(file));
  fs::remove(file);
  return outcome;
}

std::string read_as(const std::string& file, const Sample& sample) {
  if (file == "tld.yaml") return message(tld::plugin::parse_config(sample.text, sample.where));
  if (file == "policy.yaml") return message(tld::keys::Policy::parse(sample.text, sample.where));
  if (file == "people.yaml") return message(tld::keys::People::parse(sample.text, sample.where));
  if (file == "ceremony.yaml") {
    return message(tld::keys::CeremonyScript::parse(sample.text, sample.where));
  }
  return read_as_daemon_config(sample.text);
}

// "" if the sample is right. One that does not name its file must be one of them all the same.
std::string outcome_of(const Sample& sample) {
  if (std::ranges::find(files, sample.file) != std::end(files)) return read_as(sample.file, sample);
  std::string faults;
  for (const char* file : files) {
    const std::string outcome = read_as(file, sample);
    if (outcome.empty()) return "";
    faults += std::string("as ") + file + ": " + outcome + "; ";
  }
  return faults;
}

TEST(Samples, AreReadByTheCodeThatReadsTheFile) {
  std::map<std::string, int> seen;
  for (const Sample& sample : all_samples()) {
    EXPECT_EQ(outcome_of(sample), "") << sample.where;
    ++seen[sample.file];
  }
  for (const char* file : files) {
    EXPECT_GT(seen[file], 0) << "no sample of " << file;
  }
}

// The policy sample in docs/configuration.md says that it is the defaults.
TEST(Samples, PolicyHasTheDefaults) {
  for (const Sample& sample : samples_in(fs::path(TLD_SOURCE_DIR) / "docs/configuration.md")) {
    if (sample.file != "policy.yaml") continue;
    const auto policy = tld::keys::Policy::parse(sample.text, sample.where);
    ASSERT_TRUE(policy) << message(policy);
    EXPECT_TRUE(policy.value() == tld::keys::Policy{});
  }
}

// A reader that let anything pass would make the tests above worthless.
TEST(Samples, WrongOnesAreFound) {
  EXPECT_NE(outcome_of({"tld.yaml", "store: {path: x}\nzone: []\n", "x"}), "");
  EXPECT_NE(outcome_of({"policy.yaml", "signatures: {valid: P1D}\n", "x"}), "");
  EXPECT_NE(outcome_of({"primary.yaml", "socket: relative\n", "x"}), "");
  EXPECT_NE(outcome_of({"", "a: b\n", "x"}), "");
}

}  // namespace
