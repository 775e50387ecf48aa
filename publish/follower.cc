// SPDX-License-Identifier: GPL-2.0-only
#include "publish/follower.h"

#include <fmt/format.h>

#include <utility>

#include "signer/filler.h"
#include "zones/check.h"

namespace tld::publish {

Follower::Follower(Options options, ZoneSetup zone, LiveZone& live,
                   signer::SigningService& service, std::shared_ptr<const base::Clock> clock,
                   std::shared_ptr<base::Log> log, OnPublished on_published)
    : options_(std::move(options)),
      zone_(std::move(zone)),
      live_(live),
      service_(service),
      clock_(std::move(clock)),
      log_(std::move(log)),
      on_published_(std::move(on_published)),
      waiting_(Waiting{clock_->now(), "the first load from the store"}) {
  thread_ = std::thread([this] { run(); });
}

Follower::~Follower() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Follower::run() {
  while (!stopping_) {
    const base::Status outcome = look();
    note(outcome);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, outcome ? options_.interval : options_.retry_after,
                   [this] { return stopping_.load(); });
  }
}

base::Status Follower::look() {
  if (!store_) {
    TLD_TRY(store_, zones::Store::open(options_.store_path, zones::Store::Mode::read_write));
  }
  const auto token = store_->change_token();
  if (!token) {
    store_.reset();  // perhaps the file was replaced: opened anew at the next look
    return token.error();
  }
  if (seen_ == token.value()) return base::ok();
  const auto current = live_.current();
  if (!pending_ || pending_token_ != token.value()) {
    TLD_TRY(prepare(token.value(), current.get()));
  }
  if (pending_) {
    if (current) {
      TLD_TRY(signer::sign_all(pending_->signed_zone, changed_, service_, options_.signing_window,
                               stopping_));
    }
    const std::uint32_t serial = pending_->signed_zone->zone().serial();
    live_.swap_in(std::exchange(pending_, nullptr));
    if (on_published_) on_published_(serial);
  }
  seen_ = token.value();
  return base::ok();
}

// Fills pending_ and changed_; leaves pending_ null when what is live is what the store has.
base::Status Follower::prepare(zones::ChangeToken token, const Publication* current) {
  pending_.reset();
  store_reads_.fetch_add(1, std::memory_order_relaxed);
  TLD_TRY(auto loaded, store_->load(zone_.apex));
  if (current != nullptr && current->feed_position == loaded.feed_position) return base::ok();
  const zones::CheckReport report = zones::check(loaded.content);
  if (!report.passed()) {
    return base::refused("the zone as it is in the store fails its checks: " + report.faults_text());
  }
  TLD_TRY(auto publication, store_->publish(zone_.apex, loaded.feed_position, clock_->now()));
  zone_.build.serial = publication.serial;
  TLD_TRY(auto snapshot, zones::build(*report.checked, zone_.build));
  auto next = std::make_shared<signer::SignedZone>(std::move(snapshot), zone_.keys, zone_.policy);
  changed_.clear();
  if (current != nullptr) changed_ = signer::carry_over(*current->signed_zone, *next);
  pending_ = std::make_shared<Publication>(
      Publication{std::move(next), loaded.feed_position, clock_->now()});
  pending_token_ = token;
  return base::ok();
}

void Follower::note(const base::Status& outcome) {
  const auto waiting = waiting_.lock();
  if (outcome) {
    waiting->reset();
    return;
  }
  const std::string& why = outcome.error().message;
  if (*waiting && (*waiting)->why == why) return;  // said already
  *waiting = Waiting{*waiting ? (*waiting)->since : clock_->now(), why};
  log_->write(base::Level::error,
              fmt::format("tld: zone {}: what the registry store {} has cannot go live: {}. What was "
                          "served before, if anything, is served on; it is tried again every {} ms",
                          zone_.apex.text(), options_.store_path.string(), why,
                          options_.retry_after.count()));
}

}  // namespace tld::publish
