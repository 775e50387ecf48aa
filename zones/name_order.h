// SPDX-License-Identifier: GPL-2.0-only
//
// Sorting very many names canonically (RFC 4034 §6.1): each becomes a string of octets whose plain
// order is the names' order, so that a comparison is one memcmp.
//
// Thread rule: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "dns/name.h"

namespace tld::zones {

// Appends the sort key of `name` to `key`: the labels from the right, each ended by octet 0, octets
// 0 and 1 inside a label written as 1 1 and 1 2.
void append_sort_key(dns::NameView name, std::string& key);

// The first 16 octets of the sort key of `name` without its last `skipped` labels, zeros behind
// them. Of two names that share those labels, the one with the lesser prefix is the first; names
// with equal prefixes may still differ.
using SortKeyPrefix = std::array<std::uint64_t, 2>;
SortKeyPrefix sort_key_prefix(dns::NameView name, std::size_t skipped);

// The numbers 0 .. count - 1, in canonical order of name(number).
std::vector<std::uint32_t> canonical_permutation(
    std::size_t count, const std::function<dns::NameView(std::uint32_t)>& name);

}  // namespace tld::zones
