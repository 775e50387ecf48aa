// SPDX-License-Identifier: GPL-2.0-only
//
// Validators that we did not write: programs that read a whole signed zone from a file and judge
// it. An operator names them as command lines in which {file} and {zone} are filled in; exit code 0
// means that the zone is accepted.
//
// Thread rule: pure functions but for the processes that they run.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"

namespace tld::publish {

// ldns, BIND and Knot: three implementations, the last one not built on OpenSSL.
std::vector<std::string> default_verifiers();

struct VerifierRun {
  std::vector<std::string> commands;
  std::chrono::milliseconds time_limit = std::chrono::hours{1};  // for each
  // A server's: with the lowest priority, ended with the thread that started it, or by `stop`.
  bool in_background = false;
  const std::atomic<bool>* stop = nullptr;
};

// What the first of the commands that does not accept the file says; "" when all accept it.
// unavailable: one could not judge (it cannot be run, crashed, was killed or took too long), which
// says nothing of the zone. invalid_input: an empty command.
base::Result<std::string> complaint_about(const std::filesystem::path& file, dns::NameView zone,
                                          const VerifierRun& run);

}  // namespace tld::publish
