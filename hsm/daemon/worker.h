// SPDX-License-Identifier: GPL-2.0-only
//
// One session of the token and the thread that signs with it.
//
// Thread rule: run() is the worker's thread.
#pragma once

#include <map>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/daemon/config.h"
#include "hsm/daemon/token_state.h"
#include "hsm/daemon/watchdog.h"

namespace tld::hsm {

class Worker {
 public:
  Worker(const DaemonConfig& config, TokenState& state, Watchdog::Line& line,
         const base::Clock& clock, base::Log& log);
  void run();  // returns when the state is stopped

 private:
  void serve(TokenState::Opened opened);
  void serve_jobs(std::uint64_t number);
  base::Result<std::string> perform(const Job& job);
  base::Result<std::string> sign(const TokenKey& key, const Request& request);
  base::Result<const TokenKey*> key(const KeyId& id);
  base::Result<std::string> message_to_sign(const TokenKey& key, const Request& request) const;

  const DaemonConfig& config_;
  TokenState& state_;
  Watchdog::Line& line_;
  const base::Clock& clock_;
  base::Log& log_;
  std::unique_ptr<Session> session_;
  std::string gone_;                             // why the token must be opened again
  std::map<KeyId, TokenKey> keys_;               // as session_ sees them
  std::map<KeyId, base::Deadline> next_search_;  // of keys that were not there
};

}  // namespace tld::hsm
