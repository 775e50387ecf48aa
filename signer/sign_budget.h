// SPDX-License-Identifier: GPL-2.0-only
//
// How many signatures a second background work may ask of a token. What somebody waits for (a
// question, a publication) takes from the same budget and may overdraw it; background work waits
// until it is balanced again. So in any t seconds background work starts no signature that brings
// all that is asked of the token above rate * (t + 1).
//
// Thread rule: safe from any thread; never blocks. Time is passed in.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"

namespace tld::signer {

// Of one token: the generic cell rate algorithm, with a burst of one second's signatures.
class SignBudget {
 public:
  // Signatures a second. REQUIRES: rate > 0.
  explicit SignBudget(std::uint32_t rate);

  std::uint32_t rate() const { return rate_; }
  // Takes one signature and returns 0, or takes nothing and returns how long to wait for it.
  std::chrono::nanoseconds draw(base::Deadline now);
  void give_back();
  // Takes one in any case. A second of background work can be owed at most, so that what strangers
  // ask for does not keep background work away for long.
  void overdraw(base::Deadline now);

 private:
  const std::uint32_t rate_;
  const std::chrono::nanoseconds interval_;
  std::atomic<base::Deadline> paid_at_{base::Deadline{}};  // all that was taken is paid for then
};

// Of all tokens that may be asked for one key's signatures: whichever is asked, its budget has it.
class SignBudgets {
 public:
  SignBudgets() = default;  // no limit
  explicit SignBudgets(std::vector<std::shared_ptr<SignBudget>> budgets)
      : budgets_(std::move(budgets)) {}
  std::chrono::nanoseconds draw(base::Deadline now) const;  // from all of them or from none
  void overdraw(base::Deadline now) const;

 private:
  std::vector<std::shared_ptr<SignBudget>> budgets_;
};

}  // namespace tld::signer
