// SPDX-License-Identifier: GPL-2.0-only
//
// The server's clock: the system's as long as it can be believed (base/clock_check.h). now() does
// not jump when somebody sets the system's clock; is_trusted() says so within an interval of looks.
// What happens is logged: what was seen, what the server does now, what to do.
//
// Thread rule: safe from any thread. now() and is_trusted() take no lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/clock_check.h"
#include "base/log.h"

namespace tld::base {

class ClockSource {
 public:
  virtual ~ClockSource() = default;
  virtual std::chrono::nanoseconds steady() const = 0;  // as in ClockReading
  virtual ClockReading read() const = 0;
};

// CLOCK_BOOTTIME, CLOCK_REALTIME and adjtimex(2).
class KernelClocks final : public ClockSource {
 public:
  std::chrono::nanoseconds steady() const override;
  ClockReading read() const override;
};

class CheckedClock final : public Clock {
 public:
  struct View {
    ClockCheck::State state = ClockCheck::State::agrees;
    std::chrono::seconds difference{};  // wall clock minus now()
    bool synchronised = false;
    std::uint64_t stops = 0;  // times that it was not trusted any more
    std::string trouble;      // "" when it is trusted; else what was seen, and what to do
  };

  CheckedClock(ClockCheck::Options options, std::shared_ptr<Log> log,
               std::unique_ptr<const ClockSource> source = std::make_unique<KernelClocks>());

  Time now() const override;
  bool is_trusted() const override { return trusted_.load(std::memory_order_acquire); }

  // As ClockCheck's.
  void look();
  void must_not_be_before(Time time);
  std::string accept();  // returns what came of it, in a line

  View view() const;

 private:
  void note(const ClockReading& reading);
  std::string trouble(const ClockReading& reading) const;

  const std::shared_ptr<Log> log_;
  const std::unique_ptr<const ClockSource> source_;
  mutable std::mutex mutex_;  // of what follows but the atomics
  ClockCheck check_;
  ClockCheck::State told_ = ClockCheck::State::agrees;
  Time must_be_after_{};
  std::uint64_t stops_ = 0;
  std::atomic<std::int64_t> offset_;  // nanoseconds: check_.offset()
  std::atomic<bool> trusted_{true};
};

}  // namespace tld::base
