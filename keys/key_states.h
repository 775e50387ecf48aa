// SPDX-License-Identifier: GPL-2.0-only
//
// What the world knows of a zone's keys at a time: a pure function of policy, key events and time.
//
// A validator may remember any version of three things: the DS RRset, the DNSKEY RRset with its
// signatures, and by which keys an RRset of the zone is signed; in any mix. Each version is served
// for a while and remembered for its retention after that (key_timing.h). From the versions that
// can be remembered at a time follow the states of each key's four records, and whether every mix
// of them validates: the rules of the model, in the validator's strictest reading (RFC 4035 §2.2,
// §5.3.1; RFC 6840 §5.11 asks less).
//
//   KEY-RULE-DS      a zone that has a DS keeps one
//   KEY-RULE-DNSKEY  each algorithm of a remembered DS RRset has a KSK that signs each remembered
//                    DNSKEY RRset
//   KEY-RULE-RRSIG   each algorithm of a remembered DNSKEY RRset has a ZSK in it that has signed
//                    each remembered RRset of the zone; of ZSKs of one algorithm that sign
//                    together any one may have, so all are in it
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

// One version: `members` are in the RRset (of signatures: the ZSKs that signed), `signers` are the
// KSKs whose signatures stand beside a DNSKEY RRset. Places in Keys, ascending.
struct Version {
  std::vector<std::size_t> members;
  std::vector<std::size_t> signers;
  base::Time from;                         // first served
  std::optional<base::Time> served_until;  // not before the last server has replaced it
};

struct History {
  std::vector<Version> ds, dnskeys, signatures;  // by time; the first is empty and from ever
};
History history(const Keys& keys);

enum class RecordState {
  hidden,       // nobody can know it
  rumoured,     // some may know it already
  omnipresent,  // everybody who asks or remembers has it
  unretentive,  // some may still remember it
};
const char* to_string(RecordState state);

struct KeyState {
  RecordState dnskey = RecordState::hidden;
  RecordState zrrsig = RecordState::hidden;  // of the zone's RRsets; a KSK's stays hidden
  RecordState krrsig = RecordState::hidden;  // of the DNSKEY RRset; a ZSK's stays hidden
  RecordState ds = RecordState::hidden;
  friend bool operator==(const KeyState&, const KeyState&) = default;
};
// As many as there are keys.
std::vector<KeyState> key_states(const Policy& policy, const Keys& keys, base::Time now);

// The versions that can be remembered at `now`.
History remembered(const Policy& policy, const Keys& keys, base::Time now);

// "RULE: why" of the first mix that does not validate; "" when all do. `newer_than`: only mixes
// with a version that is first served then or later.
std::string broken_rule(const Policy& policy, const Keys& keys, base::Time now,
                        std::optional<base::Time> newer_than = std::nullopt);

}  // namespace tld::keys
