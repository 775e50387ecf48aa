// SPDX-License-Identifier: GPL-2.0-only
//
// How many questions may wait for a signature at once. PowerDNS deals UDP questions round-robin to
// its threads and exits beyond 5,000 queued ones: a thread that waits holds up its share, so one
// thread is always kept free, and nobody waits long (docs/query-path.md).
//
// Thread rule: safe from any thread; never blocks.
#pragma once

#include <atomic>

namespace tld::signer {

class WaitRation {
 public:
  // `places`: PowerDNS's distributor-threads minus one; 0: nobody waits.
  explicit WaitRation(unsigned places) : free_(static_cast<int>(places)) {}

  // A place to wait in, given back by the destructor; false when there was none.
  class Place {
   public:
    explicit Place(WaitRation& ration);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    explicit operator bool() const { return held_; }

   private:
    WaitRation& ration_;
    bool held_;
  };

 private:
  std::atomic<int> free_;
};

}  // namespace tld::signer
