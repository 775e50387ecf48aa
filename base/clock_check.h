// SPDX-License-Identifier: GPL-2.0-only
//
// Can the system's wall clock be believed? It is held against the clock that counts since the boot,
// which nobody can set. The time kept here is that clock plus an offset; the offset follows the
// wall clock as fast as NTP slews one, and no faster. When the wall clock jumps, the time that is
// kept goes on as before, and is not trusted any more until the wall clock comes back to it or
// somebody accepts the new one.
//
// Thread rule: used by one thread at a time. Readings are passed in.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace tld::base {

struct ClockReading {
  std::chrono::nanoseconds wall{};    // since 1970, UTC
  std::chrono::nanoseconds steady{};  // since the boot, suspended time included
  bool synchronised = false;          // so says the kernel (adjtimex(2))
};

class ClockCheck {
 public:
  enum class State {
    agrees,
    stepped,         // the wall clock was set, or jumped
    behind,          // the wall clock is before a publication that was made already
    unsynchronised,  // and the rule requires that it is synchronised
  };
  enum class Rule { ignore, require_synchronised };
  struct Options {
    Rule rule = Rule::ignore;
    // A jump of more is a step; a virtual machine may stand still for less.
    std::chrono::nanoseconds step = std::chrono::minutes{1};
    // So far behind a publication is another server's clock, not a wrong one.
    std::chrono::nanoseconds behind = std::chrono::minutes{1};
  };

  ClockCheck(Options options, const ClockReading& first);

  // Once every few seconds: after a longer time only so much is let pass as after a short one.
  void look(const ClockReading& reading);
  // Something was published at `time`: an earlier clock is wrong. If no publication was in
  // agreement with this clock yet, as at a start, the time that is kept goes on from there.
  void must_not_be_before(Time time, const ClockReading& reading);
  // The wall clock is right, whatever was thought.
  void accept(const ClockReading& reading);

  State state() const { return state_; }
  // What is kept is this plus the clock that counts since the boot.
  std::chrono::nanoseconds offset() const { return offset_; }
  // Wall clock minus what is kept.
  std::chrono::nanoseconds difference(const ClockReading& reading) const;

 private:
  void follow(const ClockReading& reading);
  void agree(const ClockReading& reading);

  const Options options_;
  State state_ = State::agrees;
  std::chrono::nanoseconds offset_{};
  std::chrono::nanoseconds seen_{};       // the last reading's steady clock
  std::chrono::nanoseconds since_{};      // of a step, by the steady clock
  std::chrono::nanoseconds allowance_{};  // for following the wall clock
  std::optional<Time> published_, accepted_;
  bool was_trusted_ = false;
  bool was_confirmed_ = false;  // by a publication
};

const char* to_string(ClockCheck::State state);

}  // namespace tld::base
