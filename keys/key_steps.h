// SPDX-License-Identifier: GPL-2.0-only
//
// What may be done to a zone's keys, and when: a pure function of policy, key events and time.
//
// A step is refused for what it adds: its order in a key's life, the waits of the policy, and any
// mix of remembered data that would not validate because of it (key_states.h). Facts that others
// have brought about (signed_all, signatures_gone, ds_ttl_seen, ds_seen, ds_gone, backup_proved,
// compromised) are only checked for their order.
//
// Errors are `refused`, "CHECK: KEY: ...":
//   KEY-ORDER        the step does not come after what must have happened, or has happened already
//   KEY-FOREIGN      the private half is another operator's: it has no backup here
//   KEY-RETIRED      a key that was retired or removed is never used again
//   KEY-COMPROMISED  a compromised key is not taken into use
//   KEY-BACKUP       the policy asks for a proved backup before a key is listed or activated
//   KEY-PREPUBLISH   the policy's prepublish has not passed
//   KEY-POSTPUBLISH  the policy's postpublish has not passed
//   KEY-RULE-...     of key_states.h
//
// Thread rule: values and pure functions.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "keys/managed_key.h"
#include "keys/policy.h"

namespace tld::keys {

// KEY-BACKUP alone: may this key be listed or used, as far as backups go?
base::Status check_backup(const Policy& policy, const ManagedKey& key);

// KEY-ORDER and KEY-RETIRED alone: can this have happened to `key` at `time`, after all its events?
// REQUIRES: `key` has been generated.
base::Status check_order(const ManagedKey& key, KeyEventKind kind, base::Time time);

// May all these steps be done at once, now? REQUIRES: each step's key is in `keys`; no event of
// `keys` is later than `now`.
base::Status check_steps(const Policy& policy, const Keys& keys, const KeySteps& steps,
                         base::Time now);

// When the steps may be done at the earliest, if nothing else happens: `now`, or later. The error
// is that of check_steps() when waiting does not help.
base::Result<base::Time> earliest(const Policy& policy, const Keys& keys, const KeySteps& steps,
                                  base::Time now);

}  // namespace tld::keys
