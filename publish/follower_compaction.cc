// SPDX-License-Identifier: GPL-2.0-only
//
// The base of the latest version made anew in the background.
#include <utility>

#include "publish/follower.h"
#include "signer/filler.h"
#include "zones/update.h"

namespace tld::publish {

using base::Status;
using std::chrono::milliseconds;

// Only of what is signed: what is missing would be missing again behind it.
void Follower::compact_when_worth_it() {
  if (compaction_ || !latest_) return;
  const auto from = latest_->signed_zone;
  const std::size_t size = zones::overlay_size(from->zone());
  if (size < options_.compact_above) return;
  const bool is_signed = from->is_signed();
  if (!is_signed && size < 10 * options_.compact_above) return;
  compaction_.emplace();
  compaction_->from = latest_->publication;
  compaction_->is_signed = is_signed;
  compaction_->result = std::async(
      std::launch::async,
      [from, keys = zone_.keys, policy = zone_.policy,
       log = zone_.log]() -> base::Result<std::shared_ptr<const signer::SignedZone>> {
        TLD_TRY(auto zone, zones::compact(from->zone()));
        auto next = std::make_shared<signer::SignedZone>(std::move(zone), keys, policy, log);
        signer::carry_over(*from, *next);
        return std::shared_ptr<const signer::SignedZone>(std::move(next));
      });
}

// What waits for signatures waits on. The base that it had goes with its last version that serves.
void Follower::wait_on_other_base(std::shared_ptr<const signer::SignedZone> zone) {
  signer::carry_over(*latest_->signed_zone, *zone);
  auto waiting = std::move(not_live_);
  take_other_lineage({latest_->publication, std::move(zone)});
  not_live_ = std::move(waiting);
  compactions_.fetch_add(1, std::memory_order_relaxed);
}

// What was published since the compaction began goes on top of it.
Status Follower::finish_compaction() {
  if (!compaction_ || compaction_->result.wait_for(milliseconds{0}) != std::future_status::ready) {
    return base::ok();
  }
  const auto live = live_.current();
  if (!live || !latest_) return base::ok();
  Compaction done = std::move(*compaction_);
  compaction_.reset();
  TLD_TRY(const auto base, done.result.get());
  TLD_TRY(const auto changes, store_->changes_since(zone_.apex, done.from));
  if (changes.whole || changes.publication != latest_->publication) return base::ok();
  TLD_TRY(const auto update,
          zones::update(base->zone_pointer(), changes.names, {changes.publication.serial}));
  if (update.rebuilt || !update.refusals.empty()) return base::ok();
  const auto zone = signer::SignedZone::next(*base, update.zone);
  if (live->publication != latest_->publication) {
    wait_on_other_base(zone);
    return base::ok();
  }
  // What was published meanwhile is signed already: changes would wait until that is done again.
  const auto to_sign = done.is_signed
                           ? signer::carry_over(*latest_->signed_zone, *zone, update.to_sign)
                           : signer::carry_over(*latest_->signed_zone, *zone);
  TLD_TRY(signer::sign_all(zone, to_sign, service_, options_.signing_window, stopping_));
  TLD_TRY(verify(*zone));
  latest_->signed_zone = zone;
  swap(zone, latest_->publication);
  compactions_.fetch_add(1, std::memory_order_relaxed);
  return base::ok();
}

}  // namespace tld::publish
