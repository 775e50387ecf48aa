// SPDX-License-Identifier: GPL-2.0-only
//
// One token as pools see it: its door with a name, its breaker, and how fast it answers. All pools
// that use a token share its PoolMember, so that what one zone meets the others need not.
//
// Thread rule: safe from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/latency_histogram.h"
#include "base/log.h"
#include "hsm/breaker.h"
#include "hsm/key.h"

namespace tld::hsm {

class PoolMember {
 public:
  struct View {
    Breaker::State state = Breaker::State::closed;
    bool distrusted = false;    // it gave a wrong signature
    base::Deadline since = {};  // of the state; the epoch: since the start
    std::string why = {};       // why it opened last; empty: never
    std::uint64_t opened = 0;   // times since the start
  };
  struct Counters {                                  // totals since the start
    base::LatencyHistogram latency;                  // of answers, queueing included, late ones too
    std::atomic<std::uint64_t> failed{0};            // requests that it did not fulfil
    std::atomic<std::uint64_t> wrong_signatures{0};  // that did not verify
  };
  enum class Fitness {
    fit,
    silent,      // fit as far as known, but nothing was heard of it for long
    wants_try,   // it failed or was wrong; the pause is over
    doubtful,    // it failed
    distrusted,  // it was wrong
  };

  // `options.seed` is derived from the name.
  PoolMember(std::string name, std::shared_ptr<KeyDoor> door, std::shared_ptr<base::Log> log,
             Breaker::Options options = {});
  PoolMember(const PoolMember&) = delete;
  PoolMember& operator=(const PoolMember&) = delete;

  const std::string& name() const { return name_; }
  KeyDoor& door() const { return *door_; }
  View view() const;

  Fitness fitness(base::Deadline now) const;
  // A request goes to it. Exactly one of the next four follows.
  void begin(base::Deadline now, bool is_try);
  void answered(base::Deadline begun, base::Deadline now);
  void answered_late(base::Deadline begun, base::Deadline now);  // after outrun()
  void failed(base::Deadline now, const base::Error& error);
  void refused();  // an error that says nothing of the token

  void outrun(base::Deadline now);
  void judged(base::Deadline now, bool verifies);

  const Counters& counters() const { return counters_; }
  std::size_t under_way() const { return under_way_.load(std::memory_order_relaxed); }
  // How long an answer usually takes, queueing included; zero: not known yet.
  std::chrono::microseconds usual_latency() const {
    return std::chrono::microseconds(latency_.load(std::memory_order_relaxed));
  }

 private:
  void learn(base::Deadline begun, base::Deadline now);
  void say();  // REQUIRES: mutex_

  const std::string name_;
  const std::shared_ptr<KeyDoor> door_;
  const std::shared_ptr<base::Log> log_;
  mutable std::mutex mutex_;
  Breaker breaker_;   // guarded by mutex_
  std::string said_;  // guarded by mutex_: why it opened, as the log has it
  Counters counters_;
  std::atomic<bool> distrusted_{false};  // as the breaker's, to be read without the lock
  std::atomic<std::size_t> under_way_{0};
  std::atomic<std::int64_t> latency_{0};  // microseconds, smoothed
};

}  // namespace tld::hsm
