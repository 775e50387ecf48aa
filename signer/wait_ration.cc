// SPDX-License-Identifier: GPL-2.0-only
#include "signer/wait_ration.h"

namespace tld::signer {

WaitRation::Place::Place(WaitRation& ration)
    : ration_(ration), held_(ration.free_.fetch_sub(1, std::memory_order_acquire) > 0) {
  if (!held_) ration_.free_.fetch_add(1, std::memory_order_release);
}

WaitRation::Place::~Place() {
  if (held_) ration_.free_.fetch_add(1, std::memory_order_release);
}

}  // namespace tld::signer
