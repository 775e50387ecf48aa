// SPDX-License-Identifier: GPL-2.0-only
//
// Ends the process when a call into the token takes too long: such a call cannot be cancelled, and
// its thread and session are lost. Whoever started the process starts it again.
//
// Thread rule: a Line belongs to one thread; the watchdog has a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.h"

namespace tld::hsm {

class Watchdog {
 public:
  static constexpr int exit_status = 75;  // EX_TEMPFAIL: the next start may be luckier

  // Of one thread that calls the token.
  class Line {
   public:
    explicit Line(std::chrono::milliseconds limit) : limit_(limit) {}

   private:
    friend class Watchdog;
    friend class Watched;
    const std::chrono::milliseconds limit_;
    std::atomic<std::int64_t> since_{0};  // steady clock in ns; 0: no call under way
  };

  explicit Watchdog(base::Log& log);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Lives as long as the watchdog.
  Line& add(std::chrono::milliseconds limit);

 private:
  void run();
  void look();

  base::Log& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Line> lines_;
  bool stop_ = false;
  std::thread thread_;
};

// While it lives, a call is under way.
class Watched {
 public:
  explicit Watched(Watchdog::Line& line) : line_(line) {
    line_.since_ =
        std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
  ~Watched() { line_.since_ = 0; }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Watchdog::Line& line_;
};

}  // namespace tld::hsm
