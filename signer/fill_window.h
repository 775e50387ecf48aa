// SPDX-License-Identifier: GPL-2.0-only
//
// How many signatures a Filler has in the making at once: a few at least, and with a token that is
// fast as many as it makes in some milliseconds. They are sent in batches: when half of them have
// landed, as many again go at once.
//
// Thread rule: safe from any thread; enter() from one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "signer/agenda.h"

namespace tld::signer {

// The limit, by what has landed in which time.
class FillLimit {
 public:
  FillLimit(std::size_t least, std::size_t most) : least_(least), most_(most), limit_(least) {}

  std::size_t limit() const { return limit_; }
  std::size_t go_on_at() const { return limit_ / 2; }
  void landed() { ++landed_; }
  // It was full, and is being filled up again.
  void refill(base::Deadline now);

 private:
  const std::size_t least_;
  const std::size_t most_;
  std::size_t limit_;
  std::size_t landed_ = 0;  // since refilled_at_
  base::Deadline refilled_at_{};
};

class FillWindow {
 public:
  FillWindow(std::size_t least, std::size_t most) : limit_(least, most) {}

  void enter();  // waits until there is room
  void leave(const Agenda::Work& work, bool success);
  bool has_failed();
  std::vector<Agenda::Work> drain();  // waits for all that is in the making; what failed

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  FillLimit limit_;
  std::size_t open_ = 0;
  bool full_ = false;  // since the limit was reached, until half have landed
  std::vector<Agenda::Work> failed_;
};

}  // namespace tld::signer
