// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/breaker.h"

#include <algorithm>

namespace tld::hsm {
namespace {

// A request that was told to try and of which nothing is heard for so long was lost.
constexpr std::chrono::seconds lost_after{10};

Breaker::Milliseconds doubled(Breaker::Milliseconds first, unsigned times,
                              Breaker::Milliseconds longest) {
  for (unsigned i = 1; i < times && first < longest; ++i) first *= 2;
  return std::min(first, longest);
}

}  // namespace

const char* to_string(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed:
      return "closed";
    case Breaker::State::open:
      return "open";
    case Breaker::State::half_open:
      return "half-open";
  }
  return "?";
}

// Derived, so that a test knows it and two tokens do not come back at the same moment.
Breaker::Milliseconds Breaker::jittered(Milliseconds time) const {
  std::uint64_t x = options_.seed + 0x9e3779b97f4a7c15ULL * (pauses_ + 1);  // splitmix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  const auto eighth = static_cast<std::uint64_t>(time.count() / 8);
  const auto offset = static_cast<std::int64_t>((x ^ (x >> 31)) % (2 * eighth + 1));
  return time + Milliseconds(offset - static_cast<std::int64_t>(eighth));
}

bool Breaker::wants_try(base::Deadline now) const {
  switch (state_) {
    case State::closed:
      return now - std::max(heard_, tried_) >= options_.look_after;
    case State::open:
      return now >= next_try_;
    case State::half_open:
      return now - tried_ >= lost_after;
  }
  return false;
}

void Breaker::begin_try(base::Deadline now) {
  tried_ = now;
  if (state_ == State::open) set(State::half_open, now);
}

void Breaker::set(State state, base::Deadline now) {
  if (state_ == state) return;
  state_ = state;
  since_ = now;
}

void Breaker::open(base::Deadline now, const std::string& why) {
  why_ = why;
  ++times_;
  const Milliseconds pause =
      distrusted_ ? doubled(options_.distrust, wrong_times_, options_.longest_distrust)
                  : doubled(options_.back_off, times_, options_.longest_back_off);
  next_try_ = now + jittered(pause);
  ++pauses_;
  if (state_ == State::closed) ++opened_;
  set(State::open, now);
}

bool Breaker::answered(base::Deadline now) {
  heard_ = now;
  failures_ = outruns_ = 0;
  if (state_ == State::closed || distrusted_) return false;
  times_ = 0;
  set(State::closed, now);
  return true;
}

bool Breaker::failed(base::Deadline now, const std::string& why) {
  ++failures_;
  if (state_ == State::open || (state_ == State::closed && failures_ < options_.failures)) {
    return false;
  }
  open(now, distrusted_ ? why_ : why);
  return true;
}

bool Breaker::outrun(base::Deadline now) {
  if (outruns_++ == 0) first_outrun_ = now;
  if (state_ == State::open) return false;
  if (state_ == State::closed &&
      (outruns_ < options_.failures || now - first_outrun_ < options_.silence)) {
    return false;
  }
  open(now, distrusted_ ? why_ : "it does not answer while others do");
  return true;
}

bool Breaker::judged(base::Deadline now, bool verifies) {
  if (verifies) {
    // One from before the back-off says nothing about the token since.
    if (!distrusted_ || state_ != State::half_open) return false;
    distrusted_ = false;
    times_ = 0;
    set(State::closed, now);
    return true;
  }
  if (distrusted_ && state_ == State::open) return false;  // of those that were under way
  if (now - last_wrong_ >= options_.forgiveness) wrong_times_ = 0;
  last_wrong_ = now;
  ++wrong_times_;
  distrusted_ = true;
  open(now, "it gave a signature that does not verify with the published DNSKEY");
  return true;
}

}  // namespace tld::hsm
