// SPDX-License-Identifier: GPL-2.0-only
//
// The little that this room must know of names in wire form (RFC 1035 §3.1), since it may not use
// dns/: the process that holds a token trusts no code of its clients.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::hsm {

// An absolute name ("kz.") in lower-case wire form; `\.` and `\DDD` are understood.
base::Result<std::string> wire_name(std::string_view text);

// Length of the uncompressed, lower-case name that `octets` begins with; 0 when there is none.
std::size_t wire_name_length(std::string_view octets);

// Labels without the root. REQUIRES: `name` is a whole wire name.
unsigned label_count(std::string_view name);

// Both whole wire names; true also when they are equal.
bool at_or_below(std::string_view name, std::string_view apex);

}  // namespace tld::hsm
