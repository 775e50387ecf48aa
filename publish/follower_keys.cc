// SPDX-License-Identifier: GPL-2.0-only
//
// Other keys of a zone that is served.
#include <utility>

#include "publish/follower.h"

namespace tld::publish {

using base::Status;

void Follower::use_keys(signer::SignedZone::Keys keys) {
  *new_keys_.lock() = std::move(keys);
  wake();
}

// What goes live later is signed by them; what is live is served with them at once.
Status Follower::take_keys() {
  const auto keys = std::exchange(*new_keys_.lock(), std::nullopt);
  if (!keys || *keys == zone_.keys) return base::ok();
  const auto live = live_.current();
  std::shared_ptr<const signer::SignedZone> next;
  if (live) {
    next = signer::SignedZone::with_keys(*live->signed_zone, *keys);
    const Status accepted = verify(*next);
    if (!accepted) {
      if (!*new_keys_.read()) *new_keys_.lock() = *keys;
      return accepted;
    }
  }
  zone_.keys = *keys;
  compaction_.reset();
  if (latest_) {
    const bool is_live = live && latest_->signed_zone == live->signed_zone;
    latest_->signed_zone =
        is_live ? next : signer::SignedZone::with_keys(*latest_->signed_zone, *keys);
  }
  if (next) swap(next, live->publication);
  return base::ok();
}

}  // namespace tld::publish
