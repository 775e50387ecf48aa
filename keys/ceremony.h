// SPDX-License-Identifier: GPL-2.0-only
//
// A ceremony: a KSK, the ZSKs of the next months and a policy become a signed-key file. Nothing
// leaves here that has not been read back and passed every check that the server will make.
//
// Thread rule: pure functions but for what `sign` does.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "hsm/key.h"
#include "keys/policy.h"

namespace tld::keys {

// Signs octets with the KSK (it hashes them itself): hsm::PublicKey's algorithm, DNSSEC form.
using Sign = std::function<base::Result<std::string>(std::string message)>;
// Called after each signature, for people who wait.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

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

// The text of the signed-key file. Errors, each with its name:
//   CEREMONY-ALGORITHM  the KSK or a ZSK is not of the policy's algorithm
//   CEREMONY-ZSK        no ZSK, the same twice, or one that is no ZSK (flags other than 256)
//   CEREMONY-KEY-TAG    two keys would be published with the same key tag: make another key
//   CEREMONY-TIME       a signature would have to be valid before 1970 or after 2106
//   CEREMONY-SIGNATURE  the token's signature does not verify with the KSK's public key
// and POLICY-... and SKR-... of the checks that it runs; what `sign` returns is passed on.
base::Result<std::string> hold_ceremony(const CeremonyInput& input);

dns::Dnskey dnskey_of(const hsm::PublicKey& key, bool ksk);

// What a validator or the parent takes: the KSK's DNSKEY record as one zone-file line, with a
// comment line for each DS digest (RFC 7344 parents and IANA's form ask for them).
base::Result<std::string> trust_anchor_text(dns::NameView apex, const hsm::PublicKey& ksk,
                                            const Policy& policy);

}  // namespace tld::keys
