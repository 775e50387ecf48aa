// SPDX-License-Identifier: GPL-2.0-only
//
// Keeps the token open: loads the module, finds the token, logs in, looks for the configured keys;
// again with back-off when the token goes away. After a refused PIN it never tries again.
//
// Thread rule: run() is the keeper's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "hsm/daemon/config.h"
#include "hsm/daemon/token_state.h"
#include "hsm/daemon/watchdog.h"
#include "hsm/pin.h"

namespace tld::hsm {

class Keeper {
 public:
  Keeper(const DaemonConfig& config, TokenState& state, Watchdog::Line& line, base::Log& log);
  void run();  // returns when the state is stopped

 private:
  bool keep_trying();
  base::Result<std::shared_ptr<Token>> open();
  base::Status log_in(Token& token, const std::string& pin_file);
  base::Status find_keys(const std::shared_ptr<Token>& token);
  void say_away(const base::Error& error);

  const DaemonConfig& config_;
  TokenState& state_;
  Watchdog::Line& line_;
  base::Log& log_;
  const RefusedPin refused_pin_;
  bool pin_was_refused_ = false;
  std::string said_;
};

}  // namespace tld::hsm
