// SPDX-License-Identifier: GPL-2.0-only
#include "base/duration.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace tld::base {
namespace {

using std::chrono::seconds;

constexpr std::int64_t day = 86'400;
constexpr std::int64_t longest = 100 * 366 * day;

struct Unit {
  char letter;
  bool in_time_part;  // after the "T"
  std::int64_t length;
};
constexpr std::array<Unit, 4> units{
    {{'D', false, day}, {'H', true, 3'600}, {'M', true, 60}, {'S', true, 1}}};

Error bad(std::string_view text) {
  return invalid_input("'" + std::string(text) +
                       "' is not a duration like P30D, PT1H or P1DT12H (ISO 8601, whole seconds)");
}

// Takes "<digits><letter>" off the front; false when it is not there.
bool take_part(std::string_view& rest, std::int64_t& count, char& letter) {
  const char* end = rest.data() + rest.size();
  if (rest.empty() || rest.front() < '0' || rest.front() > '9') return false;
  const auto [next, error] = std::from_chars(rest.data(), end, count);
  if (error != std::errc() || next == end || count > longest) return false;
  letter = *next;
  rest.remove_prefix(static_cast<std::size_t>(next - rest.data()) + 1);
  return true;
}

// The unit of that letter, behind the units used already; units.end() when there is none.
const Unit* next_unit(const Unit* from, char letter, bool in_time_part) {
  while (from != units.end() && (from->letter != letter || from->in_time_part != in_time_part)) {
    ++from;
  }
  return from;
}

}  // namespace

Result<seconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  if (rest.size() < 3 || rest.front() != 'P') return bad(text);
  rest.remove_prefix(1);
  std::int64_t total = 0;
  std::int64_t count = 0;
  char letter = 0;
  if (rest.back() == 'W') {
    if (!take_part(rest, count, letter) || !rest.empty()) return bad(text);
    total = count * 7 * day;
  }
  bool in_time_part = false;
  const Unit* unit = units.begin();
  while (!rest.empty()) {
    if (!in_time_part && rest.front() == 'T') {
      in_time_part = true;
      rest.remove_prefix(1);
    }
    if (!take_part(rest, count, letter)) return bad(text);
    unit = next_unit(unit, letter, in_time_part);
    if (unit == units.end()) return bad(text);
    total += count * unit->length;
    ++unit;
    if (total > longest) break;
  }
  if (total > longest) return invalid_input("'" + std::string(text) + "' is above 100 years");
  return seconds(total);
}

std::string to_text(seconds duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "PT0S";
  std::string out = "P";
  bool in_time_part = false;
  for (const Unit& unit : units) {
    const std::int64_t count = rest / unit.length;
    rest %= unit.length;
    if (count == 0) continue;
    if (unit.in_time_part && !in_time_part) out += 'T';
    in_time_part = unit.in_time_part;
    out += std::to_string(count) + unit.letter;
  }
  return out;
}

}  // namespace tld::base
