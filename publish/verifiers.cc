// SPDX-License-Identifier: GPL-2.0-only
#include "publish/verifiers.h"

#include <fmt/format.h>

#include <sstream>

#include "base/child_process.h"

namespace tld::publish {
namespace {

std::vector<std::string> words_of(const std::string& command, const std::filesystem::path& file,
                                  dns::NameView zone) {
  std::istringstream text(command);
  std::vector<std::string> words;
  for (std::string word; text >> word;) {
    if (word == "{file}") word = file.string();
    if (word == "{zone}") word = zone.text();
    words.push_back(word);
  }
  return words;
}

std::string end_of(const base::ChildResult& done) {
  constexpr std::size_t enough = 2000;
  std::string said = done.errors + done.output;
  if (said.size() > enough) said = "... " + said.substr(said.size() - enough);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return said;
}

base::Result<std::string> complaint_of(const std::string& command,
                                       const std::filesystem::path& file, dns::NameView zone,
                                       const VerifierRun& run) {
  auto words = words_of(command, file, zone);
  if (words.empty()) return base::invalid_input("a verifier is an empty command");
  const std::string program = words[0];
  if (run.in_background) {
    const std::vector<std::string> prefix{"nice",        "-n",   "19", "setpriv",
                                          "--pdeathsig", "KILL", "--"};
    words.insert(words.begin(), prefix.begin(), prefix.end());
  }
  auto ended = base::run_child(words, run.time_limit, run.stop);
  if (!ended) {
    return base::unavailable(
        fmt::format("{} could not judge {}: {}", program, zone.text(), ended.error().message));
  }
  const base::ChildResult& done = ended.value();
  if (done.exit_code == 0) return std::string();
  constexpr int cannot_be_run = 126;  // and 127: no such program; above: ended by a signal
  if (done.exit_code >= cannot_be_run) {
    return base::unavailable(fmt::format("{} could not judge {}: it ended with {}: {}", program,
                                         zone.text(), done.exit_code, end_of(done)));
  }
  return fmt::format("{} ended with {}: {}", program, done.exit_code, end_of(done));
}

}  // namespace

std::vector<std::string> default_verifiers() {
  return {"ldns-verify-zone {file}", "dnssec-verify -q -o {zone} {file}",
          "kzonecheck -d on -o {zone} {file}"};
}

base::Result<std::string> complaint_about(const std::filesystem::path& file, dns::NameView zone,
                                          const VerifierRun& run) {
  for (const std::string& command : run.commands) {
    TLD_TRY(std::string complaint, complaint_of(command, file, zone, run));
    if (!complaint.empty()) return complaint;
  }
  return std::string();
}

}  // namespace tld::publish
