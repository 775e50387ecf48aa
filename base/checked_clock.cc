// SPDX-License-Identifier: GPL-2.0-only
#include "base/checked_clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/timex.h>
#include <time.h>

#include <ctime>

namespace tld::base {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using State = ClockCheck::State;

namespace {

nanoseconds read_clock(clockid_t id) {
  timespec time{};
  ::clock_gettime(id, &time);
  return seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

// A kernel that does not tell (a container may forbid the question) does not say that it is.
bool is_synchronised() {
  timex question{};
  return ::adjtimex(&question) != TIME_ERROR && (question.status & STA_UNSYNC) == 0;
}

std::string utc(nanoseconds since_1970) {
  const auto whole = std::chrono::floor<seconds>(since_1970);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(whole.count())));
}

}  // namespace

nanoseconds KernelClocks::steady() const {
  return read_clock(CLOCK_BOOTTIME);
}

ClockReading KernelClocks::read() const {
  constexpr nanoseconds at_once = std::chrono::milliseconds{1};
  constexpr int tries = 5;
  ClockReading reading;
  nanoseconds before;
  // Whoever is interrupted between the two has not seen a step.
  for (int i = 0; i < tries; ++i) {
    before = steady();
    reading.wall = read_clock(CLOCK_REALTIME);
    reading.steady = steady();
    if (reading.steady - before <= at_once) break;
  }
  reading.synchronised = is_synchronised();
  return reading;
}

CheckedClock::CheckedClock(ClockCheck::Options options, std::shared_ptr<Log> log,
                           std::unique_ptr<const ClockSource> source)
    : log_(std::move(log)),
      source_(std::move(source)),
      check_(options, source_->read()),
      offset_(check_.offset().count()) {
  const std::lock_guard lock(mutex_);
  note(source_->read());
}

Time CheckedClock::now() const {
  const nanoseconds kept = source_->steady() + nanoseconds{offset_.load(std::memory_order_acquire)};
  return Time{std::chrono::floor<seconds>(kept)};
}

void CheckedClock::look() {
  const std::lock_guard lock(mutex_);
  const ClockReading reading = source_->read();
  check_.look(reading);
  note(reading);
}

void CheckedClock::must_not_be_before(Time time) {
  const std::lock_guard lock(mutex_);
  const ClockReading reading = source_->read();
  check_.must_not_be_before(time, reading);
  if (check_.state() == State::behind) must_be_after_ = std::max(must_be_after_, time);
  note(reading);
}

std::string CheckedClock::accept() {
  const std::lock_guard lock(mutex_);
  const ClockReading reading = source_->read();
  check_.accept(reading);
  note(reading);
  if (check_.state() == State::agrees) {
    return "accepted: it is " + utc(reading.wall) + ", and signatures are made";
  }
  return "the time is " + utc(reading.wall) + ": " + trouble(reading);
}

CheckedClock::View CheckedClock::view() const {
  const std::lock_guard lock(mutex_);
  const ClockReading reading = source_->read();
  return {check_.state(), std::chrono::round<seconds>(check_.difference(reading)),
          reading.synchronised, stops_,
          check_.state() == State::agrees ? std::string() : trouble(reading)};
}

// The time first: who sees the clock trusted sees the time that it is trusted for.
void CheckedClock::note(const ClockReading& reading) {
  offset_.store(check_.offset().count(), std::memory_order_release);
  const State state = check_.state();
  trusted_.store(state == State::agrees, std::memory_order_release);
  if (state == told_) return;
  if (told_ == State::agrees) ++stops_;
  told_ = state;
  if (state == State::agrees) {
    log_->write(Level::notice, "tld: clock: it is " + utc(reading.wall) +
                                   ", the clock is trusted again: signatures are made");
  } else {
    log_->write(Level::critical, "tld: clock: " + trouble(reading));
  }
}

std::string CheckedClock::trouble(const ClockReading& reading) const {
  const std::string kept = utc(reading.steady + check_.offset());
  const std::string does =
      fmt::format("No signature is made; those that are there are served by the time {}", kept);
  const char* const accept = "`pdns_control TLD-CLOCK-ACCEPT` if the system's clock is right now";
  switch (check_.state()) {
    case State::stepped:
      return fmt::format("the system's clock was stepped by {} s, to {}. {}. Set it right, or {}",
                         std::chrono::round<seconds>(check_.difference(reading)).count(),
                         utc(reading.wall), does, accept);
    case State::behind:
      return fmt::format(
          "the system's clock says {}, and the store has a publication of {}. {}. "
          "Set it right, or {}",
          utc(reading.wall), utc(must_be_after_.time_since_epoch()), does, accept);
    case State::unsynchronised:
      return fmt::format(
          "the kernel does not say that the system's clock is synchronised, and "
          "`clock: require-synchronised` is configured. {}. Look at the NTP client",
          does);
    case State::agrees:
      break;
  }
  return "";
}

}  // namespace tld::base
