// SPDX-License-Identifier: GPL-2.0-only
//
// How many questions may wait for a signature at once, and how much of the time. PowerDNS deals UDP
// questions round-robin to its threads: a thread that waits holds up its share, and beyond 5,000
// queued ones PowerDNS exits (docs/query-path.md). So one thread is always kept free, and the others
// wait for a quarter of the time at most: with a slow token a few questions wait in vain, the rest is
// SERVFAIL at once, and no queue grows.
//
// Thread rule: safe from any thread; never blocks.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace tld::signer {

class WaitRation {
 public:
  static constexpr int one_in = 4;                    // a place is for waiting a quarter of the time
  static constexpr std::chrono::milliseconds burst{40};  // per place, waited in one go

  // `places`: PowerDNS's distributor-threads minus one; 0: nobody waits.
  explicit WaitRation(unsigned places) : places_(places), free_(static_cast<int>(places)) {}

  // A place to wait in from `now` on, given back by leave(); false when there was none.
  class Place {
   public:
    Place(WaitRation& ration, base::Deadline now);
    ~Place() { leave(began_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    explicit operator bool() const { return held_; }
    void leave(base::Deadline now);  // what was waited is charged

   private:
    WaitRation& ration_;
    base::Deadline began_;
    bool held_;
  };

 private:
  bool in_budget(base::Deadline now) const;
  void charge(base::Deadline began, std::chrono::nanoseconds waited);

  const unsigned places_;
  std::atomic<int> free_;
  // When all that was waited so far will have been paid for (the generic cell rate algorithm).
  std::atomic<base::Deadline> paid_at_{base::Deadline{}};
};

}  // namespace tld::signer
