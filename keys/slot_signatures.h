// SPDX-License-Identifier: GPL-2.0-only
//
// Signatures over a slot's RRsets: making one, and what must hold of one that was made elsewhere.
//
// Thread rule: pure functions but for what `sign` does.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "dns/rdata.h"
#include "dns/rrset.h"
#include "hsm/key.h"
#include "keys/policy.h"

namespace tld::keys {

// Signs octets (it hashes them itself): hsm::PublicKey's algorithm, DNSSEC form.
using Sign = std::function<base::Result<std::string>(std::string message)>;

dns::Dnskey dnskey_of(const hsm::PublicKey& key, bool ksk);
hsm::PublicKey public_key_of(const dns::Dnskey& key);

// The RRSIG over `rrset` by `key` for a slot that starts then, with the policy's times. `rule`
// when what `sign` returned does not verify with the public key; what
// `sign` returns is passed on.
base::Result<dns::Rrsig> sign_rrset(const std::string& rule, const dns::Dnskey& key,
                                    const Sign& sign, const dns::RRset& rrset, base::Time start,
                                    const SignedKeysPolicy& policy);

// Does `rrsig` verify over `rrset` with `key`? With the owner's label count (RFC 4035 §5.3.1: fewer
// would make it a wildcard's).
bool verifies(const dns::Dnskey& key, const dns::RRset& rrset, const dns::Rrsig& rrsig);

// Are its times the policy's for a slot that starts then: from start - inception-offset on, for
// validity?
bool has_window(const dns::Rrsig& rrsig, base::Time start, const SignedKeysPolicy& policy);

// Do such times fit into an RRSIG, until the slot's end (RFC 4034 §3.1.5)?
bool window_can_be_said(base::Time start, const SignedKeysPolicy& policy);

}  // namespace tld::keys
