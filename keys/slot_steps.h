// SPDX-License-Identifier: GPL-2.0-only
//
// What publishing a slot of a signed-key file does to a zone's keys, and whether it may be done: no
// file, whoever signed it, makes a zone bogus whose key register knows better. So the ceremony, the
// import and the server each ask this before a slot is signed, installed, published.
//
// Errors are `refused`:
//   KEY-UNKNOWN   the slot lists a key that the register does not have: `tldctl keys add` first
//   KEY-TAG-USED  ... whose tag, or its tag when revoked, another key of the zone has or had
//   KEY-RETIRED   ... that is compromised and was removed
//   KEY-...       of check_steps() (key_steps.h), for a key that comes or goes too early
//
// While another operator's key signs the zone and none of ours does, slots are not in use yet (or
// no longer): people lead the move, and a slot is refused for its keys only.
//
// Thread rule: values and pure functions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/rdata.h"
#include "keys/managed_key.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"

namespace tld::keys {

// Of a slot: the DNSKEY RRset, and the KSKs that sign it.
struct Listing {
  base::Time start;
  std::vector<dns::Dnskey> dnskeys, signers;
};
Listing listing_of(const Slot& slot);

// What has not happened to the keys yet and will when the slot is published: published, activated
// and retired of KSKs, removed; what comes first.
base::Result<KeySteps> slot_steps(const Keys& keys, const Listing& slot);

// May it be published then? REQUIRES: no event of `keys` is later than `time`.
base::Status check_slot(const Policy& policy, const Keys& keys, const Listing& slot,
                        base::Time time);
// The same for a slot that is signed ahead of its time: that ZSKs leave it is not held against it,
// because they will have retired by then, or the server holds it back.
base::Status check_planned(const Policy& policy, const Keys& keys, const Listing& slot,
                           base::Time time);

// The slots of a file that may be published as far as is known at `now`, those to come at their
// start; and why one that began later than the last of them to begin may not be, "" when all may.
struct Publishable {
  std::set<base::Time> starts;
  std::string held_back;
  friend bool operator==(const Publishable&, const Publishable&) = default;
};
Publishable publishable(const Policy& policy, const Keys& keys, const SignedKeys& file,
                        base::Time now);

// Another operator's ZSK signs the zone and none of ours: a move that is not over (moving in), or
// has just been carried out (moving out).
bool is_signed_elsewhere(const Keys& keys);

}  // namespace tld::keys
