// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony: a KSK, the ZSKs of the next months and a policy become a signed-key file. Nothing
// leaves here that has not been read back and passed every check that the server will make.
//
// Thread rule: pure functions but for what `sign` does.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "hsm/key.h"
#include "keys/policy.h"
#include "keys/slot_signer.h"

namespace tld::keys {

struct CeremonyInput {
  dns::Name apex;
  Policy policy;
  base::Time start;    // of the first slot
  base::Time made_at;  // what the clock said, for the record in the file
  hsm::PublicKey ksk;
  std::vector<dns::Dnskey> zsks;  // published in every slot; at least one
  Sign sign;
  Progress progress;  // may be empty
};

// The text of a signed-key file whose slots all list the same keys. Errors: CEREMONY-... of
// sign_slots(), POLICY-... and SKR-... of the checks that it runs; what `sign` returns is passed
// on.
base::Result<std::string> hold_ceremony(const CeremonyInput& input);

// The same with slots that differ.
base::Result<std::string> signed_keys_file(const SigningPlan& plan, base::Time made_at);

// What a validator or the parent takes: the KSK's DNSKEY record as one zone-file line, with a
// comment line for each DS digest (RFC 7344 parents and IANA's form ask for them).
base::Result<std::string> trust_anchor_text(dns::NameView apex, const hsm::PublicKey& ksk,
                                            const Policy& policy);

}  // namespace tld::keys
