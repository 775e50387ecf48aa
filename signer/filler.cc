// SPDX-License-Identifier: GPL-2.0-only
#include "signer/filler.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "signer/log/signature_log.h"

namespace tld::signer {

using std::chrono::milliseconds;

Filler::Filler(Options options, Current current, SigningService& service,
               std::shared_ptr<const base::Clock> clock)
    : options_(options),
      current_(std::move(current)),
      service_(service),
      clock_(std::move(clock)),
      window_(std::make_shared<FillWindow>(options.window, options.largest_window)),
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

bool Filler::rest(milliseconds time, bool wakes) {
  std::unique_lock lock(mutex_);
  // To wait for no time is a call into the kernel, too.
  if (time > milliseconds{0}) {
    changed_.wait_for(lock, time, [&] { return (wakes && woken_) || stopping_; });
  }
  if (wakes) woken_ = false;
  return !stopping_;
}

void Filler::run() {
  bool goes_on = true;
  while (goes_on) {
    if (window_->has_failed()) {
      take_back_failures();
      // Not even wake() may bring the next try forward.
      goes_on = rest(options_.pause_after_failure, false);
    } else {
      goes_on = rest(step(), true);
    }
  }
  window_->drain();
}

milliseconds Filler::step() {
  auto zone = current_();
  if (!zone) return options_.longest_rest;
  const base::Time now = clock_->now();
  if (agenda_.update(zone, now)) held_.reset();
  zone_ = std::move(zone);
  if (!held_ || !agenda_.is_needed(*held_, now)) {
    held_ = agenda_.next(now);
    looked_in_log_ = false;
  }
  missing_.store(agenda_.missing() + (held_ ? 1 : 0));
  if (held_) return make(*held_);
  return std::clamp<milliseconds>(agenda_.idle(now), milliseconds{0}, options_.longest_rest);
}

milliseconds Filler::make(const Agenda::Work& work) {
  if (is_recalled()) {
    held_.reset();
    return milliseconds{0};
  }
  if (!clock_->is_trusted()) return options_.pause_after_failure;
  const auto wait = zone_->key(work.key).budgets().draw(std::chrono::steady_clock::now());
  if (wait > wait.zero()) return std::chrono::ceil<milliseconds>(wait);
  window_->enter();
  const auto leave = [window = window_, work](const base::Status& status) {
    window->leave(work, status.has_value());
  };
  if (!service_.start(zone_, work.key, work.slot, Reason::background, leave)) {
    window_->leave(work, false);
  }
  held_.reset();
  return milliseconds{0};
}

// Once for what is held: the log does not change.
bool Filler::is_recalled() {
  if (std::exchange(looked_in_log_, true)) return false;
  return recall(*zone_, held_->key, held_->slot, clock_->now());
}

void Filler::take_back_failures() {
  for (const Agenda::Work& work : window_->drain()) agenda_.set_aside(work, clock_->now());
  missing_.store(agenda_.missing());
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
