// SPDX-License-Identifier: GPL-2.0-only
#include "signer/fill_window.h"

#include <algorithm>

namespace tld::signer {
namespace {

// What somebody waits for overtakes the queue, but for what is in the token; each batch has costs
// of its own, which should be small beside its signatures.
constexpr std::chrono::milliseconds longest_queue{16};

}  // namespace

void FillLimit::refill(base::Deadline now) {
  const auto time =
      std::max<base::Deadline::duration>(now - refilled_at_, std::chrono::microseconds{1});
  const auto in_longest_queue =
      static_cast<std::size_t>(static_cast<double>(landed_) *
                               (longest_queue / std::chrono::duration<double, std::milli>(time)));
  limit_ = std::clamp((limit_ + in_longest_queue) / 2, least_, most_);
  landed_ = 0;
  refilled_at_ = now;
}

void FillWindow::enter() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !full_; });
  full_ = ++open_ >= limit_.limit();
}

void FillWindow::leave(const Agenda::Work& work, bool success) {
  const std::lock_guard lock(mutex_);
  --open_;
  if (success) {
    limit_.landed();
  } else {
    failed_.push_back(work);
  }
  const bool goes_on = full_ && open_ <= limit_.go_on_at();
  if (goes_on) {
    full_ = false;
    limit_.refill(std::chrono::steady_clock::now());
  }
  if (goes_on || open_ == 0) changed_.notify_all();
}

bool FillWindow::has_failed() {
  const std::lock_guard lock(mutex_);
  return !failed_.empty();
}

std::vector<Agenda::Work> FillWindow::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return open_ == 0; });
  return std::exchange(failed_, {});
}

}  // namespace tld::signer
