// SPDX-License-Identifier: GPL-2.0-only
//
// Octets as text (base16, base64: RFC 4648) and their digests. Octet strings are std::string and
// std::string_view throughout: never NUL-terminated text.
//
// Thread rule: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::base {

std::string to_hex(std::string_view octets);              // lower case
Result<std::string> from_hex(std::string_view text);      // either case, even length
std::string to_base64(std::string_view octets);           // padded, one line
Result<std::string> from_base64(std::string_view text);   // strict alphabet, padding required

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(std::string_view octets);
std::string_view as_octets(const Sha256& digest);

std::string sha1(std::string_view octets);    // 20 octets; for NSEC3 and DS only
std::string sha384(std::string_view octets);  // 48 octets

}  // namespace tld::base
