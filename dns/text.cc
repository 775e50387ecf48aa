// SPDX-License-Identifier: GPL-2.0-only
#include "dns/text.h"

#include <cstdint>

namespace tld::dns {

void append_escaped(std::string& out, std::string_view octets, std::string_view specials,
                    bool space_is_printable) {
  const char first_printable = space_is_printable ? ' ' : '!';
  for (const char c : octets) {
    if (c < first_printable || c > '~') {  // char may be signed: octets above 127 are below ' '
      const auto value = static_cast<unsigned char>(c);
      out += {'\\', static_cast<char>('0' + value / 100), static_cast<char>('0' + value / 10 % 10),
              static_cast<char>('0' + value % 10)};
      continue;
    }
    if (specials.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

std::string quoted(std::string_view octets) {
  std::string out = "\"";
  append_escaped(out, octets, "\"\\", true);
  return out += '"';
}

std::string base32hex_text(std::string_view octets) {
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuv";
  std::string out;
  out.reserve((octets.size() * 8 + 4) / 5);
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : octets) {
    pending = (pending << 8 | static_cast<unsigned char>(c)) & 0xfff;  // at most 4 + 8 bits wait
    for (bits += 8; bits >= 5; bits -= 5) out += digits[pending >> (bits - 5) & 31];
  }
  if (bits > 0) out += digits[pending << (5 - bits) & 31];
  return out;
}

}  // namespace tld::dns
