// SPDX-License-Identifier: GPL-2.0-only
//
// What a key signs to prove that a token holds it. It begins with type covered 65535 and algorithm
// 255, both reserved: no RRSIG RDATA can begin so (RFC 4034 §3.1, RFC 6895 §3.1), hence a proof can
// never serve as a signature over records, and the RRSIG gate never lets one through.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tld::hsm {

constexpr std::size_t smallest_nonce = 16;
constexpr std::size_t largest_nonce = 64;

std::string proof_message(std::string_view nonce);

}  // namespace tld::hsm
