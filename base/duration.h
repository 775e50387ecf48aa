// SPDX-License-Identifier: GPL-2.0-only
//
// Durations as operators write them: ISO 8601 (P30D, PT1H, P1DT12H, P2W). Whole seconds; years and
// months are refused, since they have no fixed length.
//
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::base {

// PnDTnHnMnS with any of its parts (at least one, in that order), or PnW. Upper case, no sign, no
// fraction; invalid_input otherwise and above 100 years.
Result<std::chrono::seconds> parse_duration(std::string_view text);

// The shortest such text: P1DT12H, PT0S. REQUIRES: not negative.
std::string to_text(std::chrono::seconds duration);

}  // namespace tld::base
