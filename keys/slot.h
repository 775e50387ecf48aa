// SPDX-License-Identifier: GPL-2.0-only
//
// A slot: what is published from a time on, with its signatures. A signed-key file is a row of
// them; a key signing request is one too, whose signatures are the ZSKs' proofs of possession.
//
// Thread rule: values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/rrset.h"
#include "keys/policy.h"

namespace tld::keys {

struct SignedRRset {
  dns::RRset rrset;                // canonical; the owner is the apex
  std::vector<dns::Rrsig> rrsigs;  // at least one; in a request none where no ZSK is ours
};

struct Slot {
  base::Time start;                  // publish from here on
  std::vector<SignedRRset> rrsets;   // DNSKEY, and CDS and CDNSKEY if the policy has them
  std::vector<dns::Dnskey> dnskeys;  // the DNSKEY RRset, field by field, in canonical order
  std::size_t line = 0;              // of its header, for messages

  const SignedRRset* find(dns::RRType type) const;  // nullptr: not published
  bool lists(const dns::Dnskey& key) const;
  std::vector<dns::Dnskey> keys(bool ksk) const;  // the KSKs, or the others
  // When all signatures of the slot are valid: inception() <= t < expiration().
  base::Time inception() const;
  base::Time expiration() const;
};

// A whole file, as it was read.
struct SlotFile {
  std::string source;  // the file's name for messages
  dns::Name apex;
  Policy policy;            // signed_keys and algorithm, as the file says
  std::vector<Slot> slots;  // never empty
  // From Knot: slots at most, not exactly, one slot length apart, as many as there are, no proofs.
  bool irregular = false;
};

}  // namespace tld::keys
