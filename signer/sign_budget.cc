// SPDX-License-Identifier: GPL-2.0-only
#include "signer/sign_budget.h"

#include <algorithm>

namespace tld::signer {

using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds burst = std::chrono::seconds{1};
constexpr nanoseconds longest_debt = std::chrono::seconds{1};

}  // namespace

SignBudget::SignBudget(std::uint32_t rate)
    : rate_(rate), interval_(nanoseconds{std::chrono::seconds{1}} / rate) {}

nanoseconds SignBudget::draw(base::Deadline now) {
  base::Deadline paid_at = paid_at_.load(std::memory_order_relaxed);
  for (;;) {
    const base::Deadline next = std::max(paid_at, now) + interval_;
    if (next > now + burst) return next - now - burst;
    if (paid_at_.compare_exchange_weak(paid_at, next)) return nanoseconds{0};
  }
}

void SignBudget::give_back() {
  base::Deadline paid_at = paid_at_.load(std::memory_order_relaxed);
  while (!paid_at_.compare_exchange_weak(paid_at, paid_at - interval_)) {
  }
}

void SignBudget::overdraw(base::Deadline now) {
  base::Deadline paid_at = paid_at_.load(std::memory_order_relaxed);
  base::Deadline next;
  do {
    next = std::min(std::max(paid_at, now) + interval_, now + burst + longest_debt);
    next = std::max(next, paid_at);
  } while (!paid_at_.compare_exchange_weak(paid_at, next));
}

nanoseconds SignBudgets::draw(base::Deadline now) const {
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    const nanoseconds wait = budgets_[i]->draw(now);
    if (wait == nanoseconds{0}) continue;
    while (i > 0) budgets_[--i]->give_back();
    return wait;
  }
  return nanoseconds{0};
}

void SignBudgets::overdraw(base::Deadline now) const {
  for (const auto& budget : budgets_) budget->overdraw(now);
}

}  // namespace tld::signer
