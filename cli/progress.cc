// SPDX-License-Identifier: GPL-2.0-only
#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace tld::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string rate_text(double rate) {
  if (rate >= 1e6) return fmt::format("{:.1f} M ", rate / 1e6);
  if (rate >= 1e3) return fmt::format("{:.1f} k ", rate / 1e3);
  return fmt::format("{:.0f} ", rate);
}

std::string left_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::min(seconds + 0.5, 359999.0));
  if (whole < 3600) return fmt::format("{}:{:02} left", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} left", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string bar_text(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(width));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void write_to_stderr(const std::string& text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody left to show it to
}

}  // namespace

std::string progress_line(const std::string& what, const std::string& unit, std::uint64_t done,
                          std::uint64_t total, milliseconds elapsed, std::size_t width) {
  const double seconds = std::max(static_cast<double>(elapsed.count()) / 1000.0, 0.001);
  const double rate = static_cast<double>(done) / seconds;
  std::string head = what, tail = " " + rate_text(rate) + unit + "/s";
  if (total > 0) {
    const double share = std::min(static_cast<double>(done) / static_cast<double>(total), 1.0);
    head += fmt::format(" {:3.0f} % ", share * 100);
    if (rate > 0) tail += ", " + left_text(static_cast<double>(total) * (1 - share) / rate);
    const std::size_t used = head.size() + tail.size() + 3;
    if (width > used) head += bar_text(share, std::min<std::size_t>(width - used, 40));
  }
  return (head + tail).substr(0, width > 0 ? width - 1 : 0);
}

ProgressBar::ProgressBar(std::string what, std::string unit)
    : ProgressBar(
          std::move(what), std::move(unit), [] { return steady_clock::now(); },
          ::isatty(STDERR_FILENO) == 1 ? Write(write_to_stderr) : Write()) {}

ProgressBar::ProgressBar(std::string what, std::string unit, Now now, Write write)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      now_(std::move(now)),
      write_(std::move(write)) {
  start_ = now_();
}

ProgressBar::~ProgressBar() {
  if (shown_) write_("\r\033[K");
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
  if (!write_) return;
  const auto now = now_();
  if (now - start_ < patience || (shown_ && now - shown_at_ < interval)) return;
  const auto elapsed = std::chrono::duration_cast<milliseconds>(now - start_);
  write_("\r" + progress_line(what_, unit_, done, total, elapsed, terminal_width()) + "\033[K");
  shown_ = true;
  shown_at_ = now;
}

std::function<void(std::uint64_t, std::uint64_t)> ProgressBar::callback() {
  return [this](std::uint64_t done, std::uint64_t total) { update(done, total); };
}

}  // namespace tld::cli
