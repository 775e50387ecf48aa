// SPDX-License-Identifier: GPL-2.0-only
//
// Writes the text of a signed-key file or of a key signing request: the counterpart of
// SignedKeys::parse and KeySigningRequest::parse.
//
// Thread rule: pure functions.
#pragma once

#include <span>
#include <string>

#include "base/clock.h"
#include "keys/slot.h"

namespace tld::keys {

// REQUIRES: times between 1970 and last_time (keys/time_text.h).
std::string signed_keys_text(const Policy& policy, std::span<const Slot> slots, base::Time made_at);
std::string request_text(const Policy& policy, std::span<const Slot> bundles, base::Time made_at);

}  // namespace tld::keys
