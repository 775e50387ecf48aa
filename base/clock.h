// SPDX-License-Identifier: GPL-2.0-only
//
// The one clock. DNSSEC time (validity, key timing) comes from now(), and is passed on as a
// parameter; waiting and deadlines use steady_clock, which no operator or NTP step can move.
//
// Thread rule: all implementations are safe to call from any thread.
#pragma once

#include <atomic>
#include <chrono>

namespace tld::base {

using Time = std::chrono::sys_seconds;                 // absolute time, UTC, whole seconds
using Deadline = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  // False: nothing that carries a time may be signed by it (base/checked_clock.h).
  virtual bool is_trusted() const { return true; }
};

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
};

// For tests: stands still until it is set.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start.time_since_epoch().count()) {}
  Time now() const override { return Time{std::chrono::seconds{now_.load()}}; }
  void set(Time t) { now_ = t.time_since_epoch().count(); }
  void advance(std::chrono::seconds by) { now_ += by.count(); }
  bool is_trusted() const override { return trusted_; }
  void set_trusted(bool trusted) { trusted_ = trusted; }

 private:
  std::atomic<bool> trusted_{true};
  std::atomic<std::chrono::seconds::rep> now_;
};

}  // namespace tld::base
