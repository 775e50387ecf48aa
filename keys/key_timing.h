// SPDX-License-Identifier: GPL-2.0-only
//
// The intervals and times of RFC 7583, from a policy and what has happened to a key.
//
// Thread rule: values and pure functions.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "keys/managed_key.h"
#include "keys/policy.h"

namespace tld::keys {

// How long something that was replaced is still remembered somewhere, safety included.
struct Retention {
  std::chrono::seconds dnskeys;     // Ipub: Dprp + TTLkey + publish-safety
  std::chrono::seconds signatures;  // Iret without Dsgn: Dprp + TTLsig + retire-safety
  std::chrono::seconds ds;          // Iret of a KSK: DprpP + TTLds + retire-safety
};
// `highest_ds_ttl`: seen at the parent; the policy's counts if it is longer.
Retention retention(const Policy& policy, std::chrono::seconds highest_ds_ttl);
Retention retention(const Policy& policy, const Keys& keys);

// RFC 7583 §3.2.2, §3.3. What has not happened yet is predicted where what it waits for has
// happened, and is absent otherwise.
struct KeyTimes {
  std::optional<base::Time> generated;  // Tgen
  std::optional<base::Time> published;  // Tpub, of the DNSKEY
  std::optional<base::Time> ready;      // Trdy: known everywhere
  std::optional<base::Time> submitted;  // Tsbm: DS submitted
  std::optional<base::Time> ds_known;   // DS known everywhere
  std::optional<base::Time> active;     // Tact
  std::optional<base::Time> retired;    // Tret; predicted from the lifetime
  std::optional<base::Time> dead;       // Tdea: nothing that it signed is remembered
  std::optional<base::Time> removed;    // Trem
};
KeyTimes key_times(const Policy& policy, const ManagedKey& key);

}  // namespace tld::keys
