// SPDX-License-Identifier: GPL-2.0-only
//
// tld-hsmd without its socket: the token's keeper, its workers and their watchdog.
//
// Thread rule: submit(), keys() and health() from any thread.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/daemon/config.h"
#include "hsm/daemon/keeper.h"
#include "hsm/daemon/token_state.h"
#include "hsm/daemon/watchdog.h"
#include "hsm/daemon/worker.h"

namespace tld::hsm {

class Service {
 public:
  // `config`, `clock` and `log` outlive it.
  Service(const DaemonConfig& config, const base::Clock& clock, base::Log& log);
  ~Service();  // waits for calls into the token, closes it
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // sign or prove; each `done` exactly once, perhaps at once.
  void submit(std::vector<Job> jobs);
  // Called when a session finds no more to do. REQUIRES: once, before the first submit().
  void when_idle(std::function<void()> call) { state_.when_idle(std::move(call)); }
  base::Result<std::vector<KeyInfo>> keys() const { return state_.keys(); }
  Health health() const { return state_.health(); }

 private:
  const DaemonConfig& config_;
  TokenState state_;
  Watchdog watchdog_;
  Watchdog::Line& closing_;
  Keeper keeper_;
  std::deque<Worker> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace tld::hsm
