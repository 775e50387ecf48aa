// SPDX-License-Identifier: GPL-2.0-only
//
// Which DNSKEYs each slot of a future signed-key file lists: a pure function of policy and
// register.
//
// A ZSK is listed from `prepublish` before the one before it is activated (so there is a spare at
// all times) until it is no longer needed, and in no slot beyond: who steals a future set that
// names a stolen ZSK can replay it only near its use. Lifetimes are counted on from the ZSK that is
// active; what was retired stays for its postpublish; compromised keys go as early as they can.
// Foreign ZSKs stand in every slot until they may be removed. In an algorithm roll the active ZSK
// of the new algorithm is listed in slots that start once all its signatures are known everywhere,
// and the old one's in those that start before no DS of it is remembered (RFC 6781 §4.1.4); as long as
// both sign, no ZSK is planned to roll: the active one and a spare are listed to the end.
//
// Thread rule: pure functions.
#pragma once

#include <vector>

#include "base/result.h"
#include "keys/key_bundle.h"
#include "keys/managed_key.h"
#include "keys/policy.h"

namespace tld::keys {

// For each slot that starts at `from`, `from` + slot ... before `until`. `from` is taken as now.
// refused: SCHEDULE-KEYS: there are not enough unused ZSKs (with a proved backup, where the
// policy asks for one); how many more have to be made.
base::Result<std::vector<KeyBundle>> schedule(const Policy& policy, const Keys& keys,
                                              base::Time from, base::Time until);

}  // namespace tld::keys
