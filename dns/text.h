// SPDX-License-Identifier: GPL-2.0-only
//
// Inside dns/ only: octets as zone-file text (RFC 1035 §5.1).
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace tld::dns {

constexpr char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// Appends `octets`; those in `specials` as \X, those that are not printable ASCII as \DDD. A space
// counts as printable exactly when `space_is_printable`.
void append_escaped(std::string& out, std::string_view octets, std::string_view specials,
                    bool space_is_printable);

// "text" within quotation marks: a <character-string>, or untrusted text in an error message.
std::string quoted(std::string_view octets);

// RFC 4648 §7 of octets of any number, lower case, no padding.
std::string base32hex_text(std::string_view octets);

}  // namespace tld::dns
