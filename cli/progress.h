// SPDX-License-Identifier: GPL-2.0-only
//
// A progress bar with rate and time left on stderr, for work that takes more than two seconds with
// a person watching: nothing is shown in a pipe or a file, and nothing of it stays.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace tld::cli {

// One line without newline, at most `width` columns: "import  42 % [####....] 1.2 M octets/s, 0:07
// left".
std::string progress_line(const std::string& what, const std::string& unit, std::uint64_t done,
                          std::uint64_t total, std::chrono::milliseconds elapsed,
                          std::size_t width);

class ProgressBar {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  using Write = std::function<void(const std::string&)>;

  // To stderr if it is a terminal, else nowhere.
  ProgressBar(std::string what, std::string unit);
  // For tests: `write` empty means nowhere.
  ProgressBar(std::string what, std::string unit, Now now, Write write);
  ~ProgressBar();  // wipes the line
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void update(std::uint64_t done, std::uint64_t total);
  // update() as a function, for whoever reports. Lifetime: that of this bar.
  std::function<void(std::uint64_t done, std::uint64_t total)> callback();

  static constexpr std::chrono::seconds patience{2};
  static constexpr std::chrono::milliseconds interval{200};

 private:
  std::string what_, unit_;
  Now now_;
  Write write_;
  std::chrono::steady_clock::time_point start_, shown_at_;
  bool shown_ = false;
};

}  // namespace tld::cli
