// SPDX-License-Identifier: GPL-2.0-only
#include "base/terminal_text.h"

#include <cstddef>
#include <string_view>

namespace tld::base {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t octets = 0;  // 0: there is no whole one
};

// RFC 3629: neither longer than need be, nor a surrogate, nor above U+10FFFF.
Character first_of(std::string_view text) {
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t octets = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc0 || lead > 0xf7 || text.size() < octets) return {};
  char32_t code = lead & (0x7fU >> octets);
  for (std::size_t at = 1; at < octets; ++at) {
    const auto next = static_cast<unsigned char>(text[at]);
    if ((next & 0xc0U) != 0x80) return {};
    code = code << 6U | (next & 0x3fU);
  }
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[octets] || code > 0x10ffff || is_surrogate) return {};
  return {code, octets};
}

bool is_obeyed(char32_t code) {
  const bool is_control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const bool turns_text = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return is_control || turns_text;
}

}  // namespace

std::string terminal_text(const std::string& text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const Character next = first_of(rest);
    if (next.octets == 0 || is_obeyed(next.code)) {
      shown += '?';
    } else {
      shown += rest.substr(0, next.octets);
    }
    rest.remove_prefix(next.octets == 0 ? 1 : next.octets);
  }
  return shown;
}

std::string terminal_lines(const std::string& text) {
  std::string shown;
  std::size_t from = 0;
  for (std::size_t to = text.find('\n'); to != std::string::npos; to = text.find('\n', from)) {
    shown += terminal_text(text.substr(from, to - from)) + '\n';
    from = to + 1;
  }
  return shown + terminal_text(text.substr(from));
}

}  // namespace tld::base
