// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/pool_member.h"

#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace tld::hsm {
namespace {

Breaker::Options seeded(Breaker::Options options, const std::string& name) {
  const base::Sha256 hash = base::sha256(name);
  std::memcpy(&options.seed, hash.data(), sizeof options.seed);
  return options;
}

}  // namespace

PoolMember::PoolMember(std::string name, std::shared_ptr<KeyDoor> door,
                       std::shared_ptr<base::Log> log, Breaker::Options options)
    : name_(std::move(name)),
      door_(std::move(door)),
      log_(std::move(log)),
      breaker_(seeded(options, name_)) {}

PoolMember::View PoolMember::view() const {
  const std::lock_guard lock(mutex_);
  return {breaker_.state(), breaker_.distrusted(), breaker_.since(), breaker_.why(),
          breaker_.opened()};
}

PoolMember::Fitness PoolMember::fitness(base::Deadline now) const {
  const std::lock_guard lock(mutex_);
  const bool wants_try = breaker_.wants_try(now);
  if (breaker_.state() == Breaker::State::closed) return wants_try ? Fitness::silent : Fitness::fit;
  if (wants_try) return Fitness::wants_try;
  return breaker_.distrusted() ? Fitness::distrusted : Fitness::doubtful;
}

void PoolMember::begin(base::Deadline now, bool is_try) {
  ++under_way_;
  if (!is_try) return;
  const std::lock_guard lock(mutex_);
  breaker_.begin_try(now);
}

void PoolMember::learn(base::Deadline begun, base::Deadline now) {
  constexpr std::int64_t weight = 8;
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(now - begun);
  counters_.latency.add(time);
  const std::int64_t sample = time.count();
  const std::int64_t before = latency_.load(std::memory_order_relaxed);
  // Two threads may lose a sample of each other's: it is an estimate.
  latency_.store(before == 0 ? sample : before + (sample - before) / weight,
                 std::memory_order_relaxed);
}

void PoolMember::answered(base::Deadline begun, base::Deadline now) {
  --under_way_;
  learn(begun, now);
  const std::lock_guard lock(mutex_);
  if (breaker_.answered(now)) say();
}

// No reason to trust it more; but what is slow for good is waited for longer in time.
void PoolMember::answered_late(base::Deadline begun, base::Deadline now) {
  --under_way_;
  learn(begun, now);
}

void PoolMember::failed(base::Deadline now, const base::Error& error) {
  --under_way_;
  counters_.failed.fetch_add(1, std::memory_order_relaxed);
  const std::string own = "token " + name_ + ": ";  // doors may say themselves who they are
  const std::string& text = error.message;
  const std::string why = text.starts_with(own) ? text.substr(own.size()) : text;
  const std::lock_guard lock(mutex_);
  if (breaker_.failed(now, why)) say();
}

void PoolMember::refused() {
  --under_way_;
}

void PoolMember::outrun(base::Deadline now) {
  const std::lock_guard lock(mutex_);
  if (breaker_.outrun(now)) say();
}

void PoolMember::judged(base::Deadline now, bool verifies) {
  if (!verifies) counters_.wrong_signatures.fetch_add(1, std::memory_order_relaxed);
  if (verifies && !distrusted_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  const bool changed = breaker_.judged(now, verifies);
  distrusted_.store(breaker_.distrusted(), std::memory_order_relaxed);
  if (changed) say();
}

// A token that is away for a day is tried thousands of times: one line for each reason.
void PoolMember::say() {
  const std::string text = "hsm: token " + name_ + ": ";
  if (breaker_.state() == Breaker::State::closed) {
    said_.clear();
    log_->write(base::Level::notice, text + "breaker closed: it is used again");
    return;
  }
  if (said_ == breaker_.why()) return;
  said_ = breaker_.why();
  if (breaker_.distrusted()) {
    log_->write(base::Level::critical, text + "breaker open: " + said_ +
                                           ". It gets one request at a time, seldom, until one "
                                           "verifies. Does its CKA_ID name another key?");
  } else {
    log_->write(base::Level::warning, text + "breaker open: " + said_ + ". Others are asked first");
  }
}

}  // namespace tld::hsm
