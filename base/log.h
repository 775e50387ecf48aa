// SPDX-License-Identifier: GPL-2.0-only
//
// Where a room says something to the operator: what happened, to which zone or key, what the
// server does now, what to do. Injected, so that PowerDNS's log, journald and tests can take it.
//
// Thread rule: write() is called from any thread.
#pragma once

#include <string_view>

namespace tld::base {

enum class Level { debug, info, notice, warning, error, critical };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Level level, std::string_view message) = 0;
};

// Writes "<N>message" lines to stderr: the priority prefix that journald reads (sd-daemon(3)).
class StderrLog final : public Log {
 public:
  void write(Level level, std::string_view message) override;
};

}  // namespace tld::base
