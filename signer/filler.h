// SPDX-License-Identifier: GPL-2.0-only
//
// Signs in the background what is missing or must be made anew in one zone, in the order of its
// Agenda, a few at a time, so that on-demand work finds short queues, and no faster than the
// budgets of the key's tokens allow. What the log on disk has is taken from there and costs no
// budget. While the clock is not trusted it makes nothing.
//
// Thread rule: one thread of its own; the methods are safe from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "signer/agenda.h"
#include "signer/fill_window.h"
#include "signer/signed_zone.h"
#include "signer/signing_service.h"

namespace tld::signer {

class Filler {
 public:
  struct Options {
    std::size_t window = 16;           // signatures in the making at once, at least
    std::size_t largest_window = 256;  // with a token that is fast (fill_window.h)
    std::chrono::milliseconds pause_after_failure{1000};  // a token that fails is not hammered
    std::chrono::milliseconds longest_rest{30000};        // without a look for what has come due
  };
  using Current = std::function<std::shared_ptr<const SignedZone>()>;  // null: nothing to do yet

  Filler(Options options, Current current, SigningService& service,
         std::shared_ptr<const base::Clock> clock);
  ~Filler();

  void wake();  // the current zone has changed
  // Signatures that are missing or could not be made, and are not in the making; 0: none.
  std::size_t missing() const { return missing_.load(); }

 private:
  void run();
  std::chrono::milliseconds step();  // does one thing, and says how long there is nothing to do
  std::chrono::milliseconds make(const Agenda::Work& work);
  bool is_recalled();
  void take_back_failures();
  bool rest(std::chrono::milliseconds time, bool wakes);  // false: stopping

  const Options options_;
  const Current current_;
  SigningService& service_;
  const std::shared_ptr<const base::Clock> clock_;
  const std::shared_ptr<FillWindow> window_;
  // Only the thread uses these.
  Agenda agenda_;
  std::shared_ptr<const SignedZone> zone_;
  std::optional<Agenda::Work> held_;  // it waits for the budget
  bool looked_in_log_ = false;        // for held_

  std::atomic<std::size_t> missing_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// Makes those signatures of `slots` by each signing key of `zone` that are not there yet, `window`
// at a time, and waits for them. The first failure ends it. Blocks; stops early with unavailable
// when `stop` becomes true.
base::Status sign_all(const std::shared_ptr<const SignedZone>& zone,
                      const std::vector<zones::Slot>& slots, SigningService& service,
                      std::size_t window, const std::atomic<bool>& stop);

}  // namespace tld::signer
