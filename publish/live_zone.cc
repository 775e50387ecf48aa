// SPDX-License-Identifier: GPL-2.0-only
#include "publish/live_zone.h"

namespace tld::publish {

std::shared_ptr<const signer::SignedZone> LiveZone::signed_zone() const {
  const auto publication = current();
  return publication ? publication->signed_zone : nullptr;
}

void LiveZone::swap_in(std::shared_ptr<const Publication> next) {
  {
    const auto state = state_.lock();
#ifdef TLD_TEST_HOOKS
    // The follower may have read what the hook has just taken back: the two stay different ones.
    const auto& current = state->current;
    if (!current || current->publication != next->publication) state->previous = current;
#endif
    state->current.swap(next);
  }
  generation_.fetch_add(1, std::memory_order_release);
  // The old publication, if this was its last reference, is freed here, outside the lock.
}

#ifdef TLD_TEST_HOOKS
void LiveZone::swap_with_previous() {
  {
    const auto state = state_.lock();
    if (!state->previous) return;
    state->current.swap(state->previous);
  }
  generation_.fetch_add(1, std::memory_order_release);
}
#endif

}  // namespace tld::publish
