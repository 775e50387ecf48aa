// SPDX-License-Identifier: GPL-2.0-only
//
// What will happen to a zone's keys if everybody does what next_steps() proposes as soon as it may
// be done: a simulation from now on. Keys that the register lacks are made up and marked; signing
// anew takes the policy's sign-delay, the parent its registration and propagation delay. DNSKEY
// changes are shown at the earliest time: the slot of a signed-key file that brings one may be
// earlier (key_schedule.h).
//
// Warnings, by name:
//   PLAN-COVERAGE  signed keys end before the plan does
//   PLAN-KEY       a key has to be made before it is wanted
//   PLAN-TTL       the TTL of the parent's DS or of the signed DNSKEY RRset is above the policy's
//   PLAN-DS        is_ds_unknown(): what the plan says of KSKs is not checked against the parent
//   PLAN-LOAD      signing anew asks for more signatures a second than the token has
//   PLAN-LATE      a step comes later than the policy wants
//   PLAN-WAITS     a step waits for something that will not happen by itself
//   PLAN-LENGTH    the plan was cut off after so many steps
//
// Thread rule: values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/name.h"
#include "keys/key_states.h"
#include "keys/managed_key.h"
#include "keys/policy.h"

namespace tld::keys {

struct PlanInput {
  dns::Name apex;
  Policy policy;
  Keys keys;
  base::Time now;
  base::Time until;
  // Of the signed-key file in use, if there is one.
  std::optional<base::Time> covered_until;
  std::optional<std::chrono::seconds> signed_dnskey_ttl;
  std::size_t most_made = 150;  // the work grows with the cube of it
};

struct PlanEvent {
  base::Time time;
  std::string what;  // "ZSK roll: ZSK 12345 (0123456789abcdef) activated; ZSK ... retired"
  friend bool operator==(const PlanEvent&, const PlanEvent&) = default;
};

struct StateSpan {
  base::Time from, until;
  KeyState state;
};

struct PlannedKey {
  std::string name;
  bool ksk = false;
  std::vector<KeyEvent> events;   // past, and as simulated
  std::vector<StateSpan> states;  // from `now` until the plan's end, without gaps
};

struct Plan {
  dns::Name apex;
  base::Time now, until;
  std::vector<PlannedKey> keys;     // but for those that are over before the plan begins
  std::vector<PlanEvent> events;    // by time
  std::vector<PlanEvent> warnings;  // by time; `what` begins with the name
};

// REQUIRES: now < until; no event of `keys` is later than `now`.
Plan make_plan(const PlanInput& input);

std::string plan_text(const Plan& plan);  // for a terminal of 100 columns
std::string plan_page(const Plan& plan);  // HTML with SVG; names nothing outside itself

}  // namespace tld::keys
