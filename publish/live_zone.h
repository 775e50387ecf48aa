// SPDX-License-Identifier: GPL-2.0-only
//
// What the server answers from: the current publication of one zone. A question takes it once and
// keeps it to its end, however often the zone is swapped meanwhile.
//
// Thread rule: generation() is one atomic load. current() takes a shared lock that a swap holds for
// the time of a pointer assignment; a caller that remembers the generation need not call it again
// until that changes. swap_in() may run in any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/guarded.h"
#include "signer/signed_zone.h"
#include "zones/store.h"

namespace tld::publish {

struct Publication {
  std::shared_ptr<const signer::SignedZone> signed_zone;
  zones::Publication publication;
  base::Time since{};
};

class LiveZone {
 public:
  // Changes with every swap; 0: nothing was published yet.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // The current publication; null before the first swap.
  std::shared_ptr<const Publication> current() const { return state_.read()->current; }
  std::shared_ptr<const signer::SignedZone> signed_zone() const;

  void swap_in(std::shared_ptr<const Publication> next);

#ifdef TLD_TEST_HOOKS
  // Serves the publication before the current one, and back again at the next call.
  void swap_with_previous();
#endif

 private:
  struct State {
    std::shared_ptr<const Publication> current;
#ifdef TLD_TEST_HOOKS
    std::shared_ptr<const Publication> previous;
#endif
  };
  base::Guarded<State> state_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace tld::publish
