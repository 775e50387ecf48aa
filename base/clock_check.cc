// SPDX-License-Identifier: GPL-2.0-only
#include "base/clock_check.h"

#include <algorithm>

namespace tld::base {

using std::chrono::nanoseconds;

namespace {

constexpr int fastest_slew = 10;    // chrony's: a twelfth of the time
constexpr int worst_drift = 5'000;  // a quartz: 200 ppm

}  // namespace

ClockCheck::ClockCheck(Options options, const ClockReading& first)
    : options_(options), seen_(first.steady), allowance_(options.step) {
  agree(first);
}

nanoseconds ClockCheck::difference(const ClockReading& reading) const {
  return reading.wall - reading.steady - offset_;
}

void ClockCheck::agree(const ClockReading& reading) {
  offset_ = reading.wall - reading.steady;
  const bool suffices = options_.rule == Rule::ignore || reading.synchronised;
  state_ = suffices ? State::agrees : State::unsynchronised;
  was_trusted_ = was_trusted_ || suffices;
}

void ClockCheck::follow(const ClockReading& reading) {
  const nanoseconds jump = std::chrono::abs(difference(reading));
  const bool is_stepped = state_ == State::stepped;
  const nanoseconds drift = is_stepped ? (reading.steady - since_) / worst_drift : nanoseconds{0};
  if (!was_trusted_ || jump <= allowance_ + drift) {
    allowance_ = std::max(allowance_ - jump, nanoseconds{0});
    agree(reading);
  } else if (!is_stepped) {
    state_ = State::stepped;
    since_ = reading.steady;
  }
}

void ClockCheck::look(const ClockReading& reading) {
  allowance_ = std::min(options_.step, allowance_ + (reading.steady - seen_) / fastest_slew);
  seen_ = reading.steady;
  if (state_ != State::behind) return follow(reading);
  if (reading.wall < published_->time_since_epoch() - options_.behind) return;
  if (was_confirmed_) return follow(reading);
  agree(reading);  // what was kept is the publication's time, and no better
}

void ClockCheck::must_not_be_before(Time time, const ClockReading& reading) {
  if (accepted_ && time <= *accepted_) return;
  const nanoseconds kept = reading.steady + offset_;
  if (kept >= time.time_since_epoch() - options_.behind) {
    was_confirmed_ = was_confirmed_ || state_ != State::behind;
    return;
  }
  if (published_ && state_ == State::behind && time <= *published_) return;
  published_ = time;
  if (!was_confirmed_) offset_ = time.time_since_epoch() - reading.steady;
  state_ = State::behind;
}

void ClockCheck::accept(const ClockReading& reading) {
  // What was published by the time that was kept until now, or is just being published by it.
  const Time kept{
      std::chrono::ceil<std::chrono::seconds>(reading.steady + offset_ + options_.behind)};
  accepted_ = std::max({accepted_.value_or(kept), published_.value_or(kept), kept});
  was_trusted_ = was_confirmed_ = true;
  allowance_ = options_.step;
  agree(reading);
}

const char* to_string(ClockCheck::State state) {
  switch (state) {
    case ClockCheck::State::agrees:
      return "agrees";
    case ClockCheck::State::stepped:
      return "stepped";
    case ClockCheck::State::behind:
      return "behind";
    case ClockCheck::State::unsynchronised:
      return "unsynchronised";
  }
  return "?";
}

}  // namespace tld::base
