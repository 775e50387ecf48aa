// SPDX-License-Identifier: GPL-2.0-only
//
// Slots of a signed-key file from what each is to list: the signing half of a ceremony. Slots may
// differ: ZSKs come and go, two KSKs sign during a roll, two algorithms during an algorithm roll.
//
// Thread rule: pure functions but for what `sign` does.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "hsm/key.h"
#include "keys/policy.h"
#include "keys/slot.h"
#include "keys/slot_signatures.h"

namespace tld::keys {

// Called after each signature, for people who wait.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

struct SigningKsk {
  hsm::PublicKey key;
  Sign sign;
};

struct PlannedSlot {
  base::Time start;
  std::vector<dns::Dnskey> zsks;       // listed; at least one
  std::vector<std::size_t> ksks;       // listed, and each signs: indices; at least one
  std::vector<std::size_t> announced;  // of those, the KSKs that CDS and CDNSKEY name
};

struct SigningPlan {
  dns::Name apex;
  Policy policy;
  std::vector<SigningKsk> ksks;
  std::vector<PlannedSlot> slots;
  Progress progress;  // may be empty
};

// Everything is checked before the first signature. Errors, each with its name:
//   CEREMONY-ALGORITHM  a slot has no KSK of one of its ZSKs' algorithms (RFC 4035 §2.2), or none
//                       of the policy's in its last slot
//   CEREMONY-ZSK        no ZSK, the same twice, or one that is no ZSK (flags other than 256)
//   CEREMONY-KSK        a slot without KSK, or one that announces no KSK or one it does not list
//   CEREMONY-KEY-TAG    two keys of a slot have the same key tag: make another key
//   CEREMONY-TIME       a signature would have to be valid before 1970 or after 2106
//   CEREMONY-SIGNATURE  the token's signature does not verify with the KSK's public key
// and POLICY-... of the policy; what `sign` returns is passed on.
base::Result<std::vector<Slot>> sign_slots(const SigningPlan& plan);

}  // namespace tld::keys
