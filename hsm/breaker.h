// SPDX-License-Identifier: GPL-2.0-only
//
// A circuit breaker: what is remembered of one token so that requests go to another one while this
// one fails. Closed: it is used. Open: it is not, until a back-off has passed. Half-open: one
// request tries it.
//
// It opens after some failures in a row, when it is silent while others answer (outrun()), and at
// once on a wrong signature. After a failure any answer closes it. After a wrong signature only one
// that verifies, asked for when the back-off had passed, closes it: until then the token gets one
// request at a time, seldom, and what it gives is verified like everything else.
//
// Thread rule: used by one thread at a time. Time is a parameter.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace tld::hsm {

class Breaker {
 public:
  using Milliseconds = std::chrono::milliseconds;
  struct Options {
    unsigned failures = 3;       // in a row; also outrun() in a row
    Milliseconds silence{50};    // ... and so long without any answer
    Milliseconds back_off{250};  // doubled each time up to the longest; ± an eighth, from `seed`
    Milliseconds longest_back_off{15'000};
    Milliseconds distrust{1'000};  // the same after a wrong signature
    Milliseconds longest_distrust{60'000};
    std::chrono::seconds forgiveness = std::chrono::hours{1};  // without one: back to `distrust`
    Milliseconds look_after{30'000};  // not heard from for so long: wants a request
    std::uint64_t seed = 0;           // differs from token to token
  };
  enum class State { closed, open, half_open };

  explicit Breaker(Options options) : options_(options) {}

  State state() const { return state_; }
  // The token gave a wrong signature and has not made up for it.
  bool distrusted() const { return distrusted_; }
  base::Deadline since() const { return since_; }        // of state()
  const std::string& why() const { return why_; }        // why it opened last
  std::uint64_t opened() const { return opened_; }       // times that it was closed before
  base::Deadline next_try() const { return next_try_; }  // when it is open

  // Should the next request go to it to see how it does? At most one at a time is told so:
  // begin_try() says that it goes.
  bool wants_try(base::Deadline now) const;
  void begin_try(base::Deadline now);

  // What came of requests. Each returns whether the state is another one now.
  bool answered(base::Deadline now);
  bool failed(base::Deadline now, const std::string& why);
  bool outrun(base::Deadline now);  // another one, asked later, has answered first
  bool judged(base::Deadline now, bool verifies);

 private:
  void set(State state, base::Deadline now);
  void open(base::Deadline now, const std::string& why);
  Milliseconds jittered(Milliseconds time) const;

  Options options_;
  State state_ = State::closed;
  bool distrusted_ = false;
  base::Deadline since_{};
  base::Deadline next_try_{};
  base::Deadline tried_{};  // the last begin_try()
  base::Deadline heard_{};  // the last answer
  std::string why_;
  std::uint64_t opened_ = 0;
  std::uint64_t pauses_ = 0;
  unsigned failures_ = 0;  // in a row
  unsigned outruns_ = 0;   // in a row
  base::Deadline first_outrun_{};
  unsigned times_ = 0;        // opened without closing in between
  unsigned wrong_times_ = 0;  // wrong signatures that are not forgiven
  base::Deadline last_wrong_{};
};

const char* to_string(Breaker::State state);

}  // namespace tld::hsm
