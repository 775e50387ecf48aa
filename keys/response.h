// SPDX-License-Identifier: GPL-2.0-only
//
// The answer to a key signing request: what the slots of the signed-key file will list and which
// KSKs sign them, and the emergency files of the same sitting, in which a stolen ZSK is missing.
//
// Thread rule: pure functions.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/rdata.h"
#include "keys/key_signing_request.h"
#include "keys/managed_key.h"
#include "keys/signed_keys.h"
#include "keys/slot_signer.h"

namespace tld::keys {

// In which slots a KSK is listed and signs: those that start from `from` on and before `until`.
struct KskTerm {
  SigningKsk ksk;
  base::Time from = base::Time::min(), until = base::Time::max();
  bool announced = true;  // CDS and CDNSKEY name it, so that the parent takes its DS
};

// REQUIRES: the request has passed its checks. Errors:
//   CEREMONY-KSK-CHAIN  two slots in a row, or the previous file's and the first, have no KSK in
//                       common (`ds_at_parent`: the operator says that this is right)
base::Result<SigningPlan> plan_response(const KeySigningRequest& request, const Policy& policy,
                                        const std::vector<KskTerm>& ksks,
                                        const SignedKeys* previous, bool ds_at_parent);

// By the key register that was carried along: may each slot be published at its start, as far as is
// known at `now`? Errors: KEY-... of slot_steps.h, with the slot.
base::Status check_by_register(const SigningPlan& plan, const Keys& keys, base::Time now);

// The plan without `stolen`. Errors:
//   CEREMONY-SPARE  no slot lists that key, or one lists no other ZSK of its algorithm
base::Result<SigningPlan> plan_emergency(SigningPlan plan, const dns::Dnskey& stolen);

// Does the file answer the request? `without`: those ZSKs are missing on purpose (emergency).
//   SKR-MATCH  not the slots that the request asks for
//   SKR-PAIR   a slot's ZSKs are not exactly those of its bundle
base::Status check_answer(const SignedKeys& answer, const KeySigningRequest& request,
                          const std::vector<dns::Dnskey>& without);

}  // namespace tld::keys
