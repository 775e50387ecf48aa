// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/wire_name.h"

namespace tld::hsm {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_label = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Takes one character or escape off the front; false for a broken escape.
bool take_octet(std::string_view& text, char& octet) {
  octet = text.front();
  text.remove_prefix(1);
  if (octet != '\\') return true;
  if (text.size() >= 3 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2])) {
    const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    octet = static_cast<char>(value);
    text.remove_prefix(3);
    return value <= 255;
  }
  if (text.empty() || is_digit(text.front())) return false;
  octet = text.front();
  text.remove_prefix(1);
  return true;
}

// Takes "label." off the front; empty when there is none or it is too long.
std::string take_label(std::string_view& text) {
  std::string label;
  while (!text.empty()) {
    if (text.front() == '.') {
      text.remove_prefix(1);
      return label.size() <= longest_label ? label : std::string();
    }
    char octet = 0;
    if (!take_octet(text, octet)) return {};
    label += lower(octet);
  }
  return {};
}

}  // namespace

base::Result<std::string> wire_name(std::string_view text) {
  std::string_view rest = text;
  std::string out;
  if (rest == ".")
    rest = {};
  else if (rest.empty())
    return base::invalid_input("a name must not be empty");
  while (!rest.empty()) {
    const std::string label = take_label(rest);
    if (label.empty()) {
      return base::invalid_input("'" + std::string(text) +
                                 "' is not an absolute domain name (with its final dot)");
    }
    out += static_cast<char>(label.size());
    out += label;
  }
  out += '\0';
  if (out.size() > longest_name) return base::invalid_input("a name has more than 255 octets");
  return out;
}

std::size_t wire_name_length(std::string_view octets) {
  std::size_t at = 0;
  while (at < octets.size() && at < longest_name) {
    const auto length = static_cast<unsigned char>(octets[at]);
    if (length == 0) return at + 1;
    if (length > longest_label || at + 1 + length >= octets.size()) return 0;
    for (const char c : octets.substr(at + 1, length)) {
      if (c != lower(c)) return 0;
    }
    at += 1U + length;
  }
  return 0;
}

unsigned label_count(std::string_view name) {
  unsigned count = 0;
  for (std::size_t at = 0; name[at] != '\0'; ++count)
    at += 1U + static_cast<unsigned char>(name[at]);
  return count;
}

bool at_or_below(std::string_view name, std::string_view apex) {
  while (name.size() > apex.size()) name.remove_prefix(1U + static_cast<unsigned char>(name[0]));
  return name == apex;
}

}  // namespace tld::hsm
