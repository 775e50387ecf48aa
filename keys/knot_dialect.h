// SPDX-License-Identifier: GPL-2.0-only
//
// Requests and signed-key files as Knot DNS's keymgr writes and reads them (3.2): the time in a
// header is in seconds since 1970, there is no policy in the file and no proof of possession, slots
// start when keys come and go, and records are in zone-file form over several lines.
//
// A file is taken into our own form first, with the policy that is given, and then read as strictly
// as that: what a message says about lines is about our form.
//
// Thread rule: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "keys/key_signing_request.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"
#include "keys/slot.h"

namespace tld::keys {

// Knot's request asks for a slot where its keys change; between two, one is put in each slot
// length, so that signatures overlap as the policy says. Proofs are not to be had: check() does not
// ask.
base::Result<KeySigningRequest> read_knot_request(std::string_view text, dns::NameView apex,
                                                  const Policy& policy, const std::string& source);
base::Result<SignedKeys> read_knot_response(std::string_view text, dns::NameView apex,
                                            const Policy& policy, const std::string& source);

// REQUIRES: times between 1970 and last_time (keys/time_text.h).
std::string knot_request_text(std::span<const Slot> bundles, base::Time made_at);
std::string knot_response_text(std::span<const Slot> slots, base::Time made_at);

}  // namespace tld::keys
