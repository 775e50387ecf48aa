// SPDX-License-Identifier: GPL-2.0-only
//
// What a policy wants to be done next with a zone's own keys: the rolls, step by step. A pure
// function of policy, key events and time; check_steps() has the last word on each.
//
//   ZSK         pre-publication (RFC 7583 §2.1): publish the spare, activate it when the lifetime
//               of the active one is over, remove the old one
//   compromised ZSK   the spare takes over as soon as it is known everywhere; retire-now: in one
//               step; replace-then-retire: the old one signs on until the spare has signed all
//   KSK         double-KSK or double-DS (RFC 7583 §2.2), as soon as there is another KSK; likewise
//               when compromised
//   algorithm   RFC 6781 §4.1.4, as soon as there are keys of the policy's algorithm beside others:
//               signatures, DNSKEYs, DS; the old ones leave as DS, DNSKEYs, signatures
//
// Thread rule: values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "keys/managed_key.h"
#include "keys/policy.h"

namespace tld::keys {

struct Proposal {
  std::string what;  // "ZSK roll"
  KeySteps steps;
  // Both wanted and allowed from here on, if nothing else happens; absent: it waits for a fact.
  std::optional<base::Time> time;
  std::string waits_for;             // why not now; "" if it may be done now
  std::optional<base::Time> latest;  // the policy wants it done by then
  base::Time due = {};               // the policy wants it from then on
};

// REQUIRES: no event of `keys` is later than `now`.
std::vector<Proposal> next_steps(const Policy& policy, const Keys& keys, base::Time now);

}  // namespace tld::keys
