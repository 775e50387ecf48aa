// SPDX-License-Identifier: GPL-2.0-only
//
// tld-hsmd's configuration file: one token, the socket it is served on, who may use it, and which
// zones each key may sign for. Strict: whatever is not understood is an error with file and line.
//
// Thread rule: values.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "hsm/key.h"
#include "hsm/rrsig_gate.h"

namespace tld::hsm {

struct DaemonConfig {
  std::string socket;                            // absolute path
  std::string token_uri;                         // RFC 7512
  unsigned sessions = 4;                         // logged-in sessions, each with its thread
  std::vector<uid_t> allowed_users;              // by SO_PEERCRED
  std::chrono::seconds operation_deadline{5};    // a C_Sign that takes longer ends the process
  std::map<KeyId, std::vector<GateZone>> zones;  // which zones each key may sign for
};

// invalid_input "FILE:LINE: what is wrong" or "FILE: cannot read".
base::Result<DaemonConfig> read_daemon_config(const std::string& file);

}  // namespace tld::hsm
