// SPDX-License-Identifier: GPL-2.0-only
//
// Signs in the background what is missing or must be made anew in one zone, in the order of its
// slots (apex, other data, DS, NSEC3), a few at a time, so that on-demand work finds short queues.
// Keys that sign come first, those that are warming after them.
//
// Thread rule: one thread of its own; the methods are safe from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "signer/signed_zone.h"
#include "signer/signing_service.h"

namespace tld::signer {

class Filler {
 public:
  struct Options {
    std::size_t window = 16;                             // signatures in the making at once
    std::chrono::milliseconds pause_after_failure{1000};  // a token that fails is not hammered
    std::chrono::milliseconds pass_interval{30000};       // between looks for what runs out
  };
  using Current = std::function<std::shared_ptr<const SignedZone>()>;  // null: nothing to do yet

  Filler(Options options, Current current, SigningService& service,
         std::shared_ptr<const base::Clock> clock);
  ~Filler();

  void wake();  // the current zone has changed
  // Signatures started in the pass that runs or failed last; 0 after a pass that left none missing.
  std::size_t missing() const { return missing_.load(); }

 private:
  struct Window;
  void run();
  bool pass(const std::shared_ptr<const SignedZone>& zone);
  bool pass(const std::shared_ptr<const SignedZone>& zone, std::size_t key);
  bool sleep(std::chrono::milliseconds time);  // false: stopping

  const Options options_;
  const Current current_;
  SigningService& service_;
  const std::shared_ptr<const base::Clock> clock_;
  std::atomic<std::size_t> missing_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// Makes those signatures of `slots` by each signing key of `zone` that are not there yet, `window` at a time,
// and waits for them.
// The first failure ends it. Blocks; stops early with unavailable when `stop` becomes true.
base::Status sign_all(const std::shared_ptr<const SignedZone>& zone,
                      const std::vector<zones::Slot>& slots, SigningService& service,
                      std::size_t window, const std::atomic<bool>& stop);

}  // namespace tld::signer
