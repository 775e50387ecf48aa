// SPDX-License-Identifier: GPL-2.0-only
//
// The policy as the comment lines in front of a signed-key file's first slot:
//   ;; policy-algorithm: ECDSAP256SHA256
//   ;; policy-span: P90D
// One table for both directions; the lines stand in its order, each in its one canonical form, so
// that a changed octet is either refused or contradicts the slots (SKR-WINDOW, SKR-TTL ...).
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "keys/policy.h"

namespace tld::keys {

std::size_t policy_line_count();

// All lines, each with its final newline.
std::string policy_lines(const Policy& policy);

// Line `index` (without newline) into `policy`. REQUIRES: index < policy_line_count().
// invalid_input says what was expected.
base::Status read_policy_line(std::size_t index, std::string_view line, Policy& policy);

}  // namespace tld::keys
