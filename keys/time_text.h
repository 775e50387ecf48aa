// SPDX-License-Identifier: GPL-2.0-only
//
// Absolute times as DNSSEC files write them: YYYYMMDDHHMMSS in UTC (RFC 4034 §3.2).
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace tld::keys {

// The last second that a 32-bit RRSIG time can say without wrapping (RFC 4034 §3.1.5): in 2106.
inline constexpr base::Time last_time{std::chrono::seconds{0xffffffffLL}};

// REQUIRES: 1970 <= time <= last_time.
std::string time_text(base::Time time);

// For people: "2026-01-31 23:59". REQUIRES: as time_text().
std::string readable_time(base::Time time);

// Exactly 14 digits that name a second between 1970 and last_time; leap seconds are refused.
base::Result<base::Time> time_from_text(std::string_view text);

}  // namespace tld::keys
