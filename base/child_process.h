// SPDX-License-Identifier: GPL-2.0-only
//
// Another program's standard output, with bounds on its size and its time.
//
// Thread rule: one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace tld::base {

struct ChildResult {
  std::string output;  // stdout
  std::string errors;  // stderr
  int exit_code = 0;   // 128 + N when signal N ended it
};

// Runs argv[0] (looked up in PATH) ; it reads `input`, a file. unavailable: it cannot be started,
// or `stop` (if given) became true and it was killed; timed_out: it has not ended by then and was
// killed; invalid_input: more than 4 MiB of output.
Result<ChildResult> run_child(const std::vector<std::string>& argv,
                              std::chrono::milliseconds time_limit,
                              const std::atomic<bool>* stop = nullptr,
                              const std::string& input = "/dev/null");

}  // namespace tld::base
