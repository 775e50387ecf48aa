// SPDX-License-Identifier: GPL-2.0-only
#include "signer/wait_ration.h"

#include <algorithm>

namespace tld::signer {

bool WaitRation::in_budget(base::Deadline now) const {
  return paid_at_.load(std::memory_order_relaxed) <= now + burst * one_in;
}

void WaitRation::charge(base::Deadline began, std::chrono::nanoseconds waited) {
  const std::chrono::nanoseconds cost = waited * one_in / static_cast<int>(places_);
  base::Deadline old = paid_at_.load(std::memory_order_relaxed);
  while (!paid_at_.compare_exchange_weak(old, std::max(old, began) + cost)) {
  }
}

WaitRation::Place::Place(WaitRation& ration, base::Deadline now)
    : ration_(ration), began_(now), held_(ration.in_budget(now)) {
  if (!held_) return;
  held_ = ration_.free_.fetch_sub(1, std::memory_order_acquire) > 0;
  if (!held_) ration_.free_.fetch_add(1, std::memory_order_release);
}

void WaitRation::Place::leave(base::Deadline now) {
  if (!held_) return;
  held_ = false;
  ration_.charge(began_, now - began_);
  ration_.free_.fetch_add(1, std::memory_order_release);
}

}  // namespace tld::signer
