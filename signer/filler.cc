// SPDX-License-Identifier: GPL-2.0-only
#include "signer/filler.h"

namespace tld::signer {

// Counts signatures in the making, and remembers whether one failed.
struct Filler::Window {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t open = 0;
  bool failed = false;

  void enter(std::size_t limit) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open < limit; });
    ++open;
  }
  void leave(bool success) {
    {
      const std::lock_guard lock(mutex);
      --open;
      failed = failed || !success;
    }
    changed.notify_all();
  }
  void drain() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return open == 0; });
  }
  bool has_failed() {
    const std::lock_guard lock(mutex);
    return failed;
  }
};

Filler::Filler(Options options, Current current, SigningService& service,
               std::shared_ptr<const base::Clock> clock)
    : options_(options),
      current_(std::move(current)),
      service_(service),
      clock_(std::move(clock)),
      thread_([this] { run(); }) {}

Filler::~Filler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Filler::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

bool Filler::sleep(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return woken_ || stopping_; });
  woken_ = false;
  return !stopping_;
}

void Filler::run() {
  do {
    auto zone = current_();
    while (zone && !pass(zone)) {
      // After a failure, not even wake() may bring the next try forward.
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, options_.pause_after_failure, [this] { return stopping_; })) return;
      lock.unlock();
      zone = current_();
    }
  } while (sleep(options_.pass_interval));
}

// False: a signature could not be made; true: the whole zone was seen, or another one is current.
bool Filler::pass(const std::shared_ptr<const SignedZone>& zone) {
  for (const KeyUse use : {KeyUse::signing, KeyUse::warming}) {
    for (std::size_t key = 0; key < zone->key_count(); ++key) {
      if (zone->use(key) == use && !pass(zone, key)) return false;
    }
  }
  return true;
}

bool Filler::pass(const std::shared_ptr<const SignedZone>& zone, std::size_t key) {
  const auto window = std::make_shared<Window>();
  const base::Time now = clock_->now();
  std::size_t started = 0;
  for (zones::Slot slot = 0; slot < zone->zone().slot_limit() && !window->has_failed(); ++slot) {
    if (slot % 1024 == 0 && current_() != zone) break;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    Validity validity;
    if (zone->table(key).get_validity(slot, validity) &&
        !needs_refresh(zone->policy(), validity, now)) {
      continue;
    }
    if (!zone->zone().has_slot(slot)) continue;  // of an older version
    ++started;
    missing_.store(started);
    window->enter(options_.window);
    const auto leave = [window](const base::Status& status) { window->leave(status.has_value()); };
    if (!service_.start(zone, key, slot, Reason::background, leave)) window->leave(false);
  }
  window->drain();
  const bool failed = window->has_failed();
  if (!failed) missing_.store(0);
  return !failed;
}

base::Status sign_all(const std::shared_ptr<const SignedZone>& zone,
                      const std::vector<zones::Slot>& slots, SigningService& service,
                      std::size_t window, const std::atomic<bool>& stop) {
  std::deque<std::shared_ptr<Flight>> flights;
  base::Status outcome = base::ok();
  const auto settle = [&] {
    // A flight lands by its own deadline, so this wait is bounded.
    const auto landed = flights.front()->wait_until(base::Deadline::max());
    if (!*landed && outcome) outcome = *landed;
    flights.pop_front();
  };
  for (const zones::Slot slot : slots) {
    for (const std::size_t key : zone->signers()) {
      Validity made;
      if (zone->table(key).get_validity(slot, made)) continue;
      if (stop) outcome = base::unavailable("stopped");
      while (flights.size() >= window) settle();
      if (!outcome) break;
      auto flight = service.start(zone, key, slot, Reason::publication);
      if (flight) {
        flights.push_back(std::move(flight));
      } else {
        outcome = base::unavailable("too many signatures are in the making");
      }
    }
    if (!outcome) break;
  }
  while (!flights.empty()) settle();
  return outcome;
}

}  // namespace tld::signer
