// SPDX-License-Identifier: GPL-2.0-only
#include "keys/time_text.h"

#include <fmt/format.h>

namespace tld::keys {
namespace {

base::Error not_a_time(std::string_view text, const char* why) {
  return base::invalid_input(
      fmt::format("\"{}\" is not a time like 20260131235959 (UTC): {}", text.substr(0, 32), why));
}

bool is_fourteen_digits(std::string_view text) {
  return text.size() == 14 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

unsigned digits(std::string_view text, std::size_t at, std::size_t count) {
  unsigned value = 0;
  for (const char c : text.substr(at, count)) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

}  // namespace

std::string time_text(base::Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string readable_time(base::Time time) {
  const std::string digits = time_text(time);
  return fmt::format("{}-{}-{} {}:{}", digits.substr(0, 4), digits.substr(4, 2),
                     digits.substr(6, 2), digits.substr(8, 2), digits.substr(10, 2));
}

base::Result<base::Time> time_from_text(std::string_view text) {
  if (!is_fourteen_digits(text)) return not_a_time(text, "it must be 14 digits");
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(digits(text, 0, 4))},
                                         std::chrono::month{digits(text, 4, 2)},
                                         std::chrono::day{digits(text, 6, 2)}};
  const unsigned hour = digits(text, 8, 2), minute = digits(text, 10, 2);
  const unsigned second = digits(text, 12, 2);
  if (!date.ok()) return not_a_time(text, "there is no such day");
  if (hour > 23 || minute > 59 || second > 59) return not_a_time(text, "there is no such second");
  const base::Time time = std::chrono::sys_days{date} + std::chrono::hours{hour} +
                          std::chrono::minutes{minute} + std::chrono::seconds{second};
  if (time < base::Time{} || time > last_time) {
    return not_a_time(text, "it must lie between 1970 and 2106");
  }
  return time;
}

}  // namespace tld::keys
