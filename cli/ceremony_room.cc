// SPDX-License-Identifier: GPL-2.0-only
#include "cli/ceremony_room.h"

#include <algorithm>
#include <iostream>

#include "base/terminal_text.h"

namespace tld::cli {
namespace {

std::string trimmed(const std::string& text) {
  constexpr const char* blank = " \t\r";
  const std::size_t from = text.find_first_not_of(blank);
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

bool is_stop(const std::string& word) {
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::ranges::equal(word, std::string("stop"), same);
}

RoomAnswer answer_of(const std::string& line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  if (!is_stop(trimmed(line.substr(0, colon)))) return {true, line};
  return {false, trimmed(line.substr(std::min(colon + 1, line.size())))};
}

}  // namespace

void tell_room(const std::string& line) {
  std::cerr << base::terminal_text(line) << std::endl;
}

RoomAnswer ask_room() {
  for (;;) {
    tell_room("  Enter goes on, a text is noted and goes on, `stop` or `stop: why` ends it:");
    std::string line;
    if (!std::getline(std::cin, line)) return {false, "end of input"};
    line = trimmed(line);
    if (line.size() <= max_room_note) return answer_of(line);
    tell_room("  that is longer than a note may be; say it shorter");
  }
}

}  // namespace tld::cli
