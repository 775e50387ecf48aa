// SPDX-License-Identifier: GPL-2.0-only
#include "cli/ceremony_room.h"

#include <stdio_ext.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "base/terminal_text.h"

namespace tld::cli {
namespace {

constexpr const char* blank = " \t\r";
constexpr const char* blank_or_punctuation = " \t\r!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

std::string trimmed(const std::string& text, const char* of) {
  const std::size_t from = text.find_first_not_of(of);
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(of) - from + 1);
}

// ASCII, whatever the locale.
char lower(char octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet | 0x20) : octet;
}
bool is_of_a_word(char octet) {
  return (lower(octet) >= 'a' && lower(octet) <= 'z') || (octet >= '0' && octet <= '9');
}

// The line's first word, whatever stands before and behind it ("stop!", '"Stop'), and the rest.
struct FirstWord {
  std::string word, rest;
};
FirstWord first_word(const std::string& line) {
  const auto from = std::ranges::find_if(line, is_of_a_word);
  const auto end = std::find_if_not(from, line.end(), is_of_a_word);
  FirstWord found{{from, end}, {end, line.end()}};
  std::ranges::transform(found.word, found.word.begin(), lower);
  return found;
}

// nullopt: neither Enter, a note nor `stop`.
std::optional<RoomAnswer> answer_of(const std::string& line) {
  if (line.empty()) return RoomAnswer{true, ""};
  const FirstWord first = first_word(line);
  if (first.word == "stop") {
    return RoomAnswer{false, trimmed(first.rest, blank_or_punctuation).substr(0, max_room_note)};
  }
  constexpr const char* mark = "note:";
  if (!line.starts_with(mark)) return std::nullopt;
  const std::string note = trimmed(line.substr(std::string(mark).size()), blank);
  if (note.empty() || note.size() > max_room_note) return std::nullopt;
  return RoomAnswer{true, note};
}

// Who typed before the question was asked has not read it.
void forget_what_was_typed() {
  if (::isatty(STDIN_FILENO) == 0) return;
  __fpurge(stdin);
  ::tcflush(STDIN_FILENO, TCIFLUSH);
}

}  // namespace

void tell_room(const std::string& line) {
  std::cerr << base::terminal_text(line) << std::endl;
}

RoomAnswer ask_room() {
  for (;;) {
    forget_what_was_typed();
    tell_room("  Enter goes on, `note: TEXT` is noted and goes on, `stop` or `stop: WHY` ends it:");
    std::string line;
    if (!std::getline(std::cin, line)) return {false, "end of input"};
    if (auto answer = answer_of(trimmed(line, blank))) return *std::move(answer);
    tell_room("  not understood, nothing is done: a note is `note: TEXT` of at most " +
              std::to_string(max_room_note) + " octets");
  }
}

}  // namespace tld::cli
