// SPDX-License-Identifier: GPL-2.0-only
//
// What the checks of signed-key files and of key signing requests share.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/rdata.h"
#include "keys/slot.h"

namespace tld::keys {

base::Error refuse(const std::string& rule, const std::string& why);
// "KSK with key tag 12345 and algorithm 13"
std::string describe(const dns::Dnskey& key);

// `rule`: flags 256 or 257, protocol 3, a well-formed key, no public key twice among `keys`.
// REQUIRES: each key's algorithm is one of ours.
base::Status check_key_forms(const std::string& rule, const std::vector<dns::Dnskey>& keys);

// `rule`: no two of `keys` with one tag and algorithm. Validators try every key of the tag (RFC
// 4035 §5.3.1); some give up at the second (KeyTrap).
base::Status check_key_tags(const std::string& rule, const std::vector<dns::Dnskey>& keys);

// `rule`: a zone can go on from `before` to `after` whatever is cached: for each algorithm of ZSKs
// that both have they share a ZSK, which can sign while either DNSKEY RRset is in caches.
base::Status check_zsk_link(const std::string& rule, const Slot& before, const Slot& after);

// `rule`: a validator that has either DNSKEY RRset in its cache finds a KSK that the DS it knows
// can name: the two have a KSK in common. (Where the DS of a KSK that comes is at the parent
// already, that need not be.)
base::Status check_ksk_link(const std::string& rule, const Slot& before, const Slot& after);

// The slot that is published when something else takes over at `start`.
const Slot& slot_before(const std::vector<Slot>& slots, base::Time start);

}  // namespace tld::keys
