// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/watchdog.h"

#include <unistd.h>

namespace tld::hsm {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_every{50};

}  // namespace

Watchdog::Watchdog(base::Log& log) : log_(log), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

Watchdog::Line& Watchdog::add(milliseconds limit) {
  const std::lock_guard lock(mutex_);
  return lines_.emplace_back(limit);
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    look();
    changed_.wait_for(lock, look_every);
  }
}

void Watchdog::look() {
  const nanoseconds now = steady_clock::now().time_since_epoch();
  for (const Line& line : lines_) {
    const nanoseconds since(line.since_.load());
    if (since.count() == 0 || now - since <= line.limit_) continue;
    log_.write(base::Level::critical,
               "tld-hsmd: a call into the token takes longer than " +
                   std::to_string(line.limit_.count()) +
                   " ms and cannot be cancelled; ending the process to be started again");
    // No destructor would return: the stuck thread holds the module's locks.
    _exit(exit_status);
  }
}

}  // namespace tld::hsm
