// SPDX-License-Identifier: GPL-2.0-only
//
// A key of a zone and what has happened to it. Events are facts with a time; what may be done next
// follows from them and the policy alone (key_steps.h).
//
// Thread rule: values.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "dns/rdata.h"

namespace tld::keys {

// Each happens to a key once, but for ds_seen and ds_ttl_seen. ZSKs sign the zone, KSKs the DNSKEY
// RRset.
enum class KeyEventKind {
  generated,        // known here: made, adopted, or another operator's
  backup_proved,    // a second token has signed with it
  published,        // served in the DNSKEY RRset from this time on
  activated,        // ZSK: signs; KSK: its signature is served beside the DNSKEY RRset
  signed_all,       // ZSK: no RRset is left without a signature by it; foreign: on any server
  retired,          // makes no signature more; KSK: its signature is no longer served
  signatures_gone,  // the primary serves no signature by it; foreign: its servers are out of use
  removed,          // no longer served in the DNSKEY RRset
  ds_submitted,     // the parent was asked to publish a DS
  ds_ttl_seen,      // a parent server has it with the TTL `ds_ttl`: caches may have it for so long
  ds_seen,          // it is at all parent servers; `ds_ttl` is the highest TTL that was seen
  ds_withdrawn,     // the parent was asked to remove it
  ds_gone,          // it is at no parent server any more
  compromised,
};
inline constexpr std::size_t key_event_kinds = 14;

const char* to_string(KeyEventKind kind);  // "backup-proved"
std::optional<KeyEventKind> key_event_kind(std::string_view text);
// ds_seen and ds_ttl_seen: what a parent server had may be seen again, with another TTL.
bool tells_ds_ttl(KeyEventKind kind);

struct KeyEvent {
  KeyEventKind kind = KeyEventKind::generated;
  base::Time time;
  std::chrono::seconds ds_ttl{0};  // of ds_seen and ds_ttl_seen; else 0
  std::string token = {};          // of backup_proved: that token's serial number, if it was told
  friend bool operator==(const KeyEvent&, const KeyEvent&) = default;
};

struct ManagedKey {
  dns::Dnskey dnskey;
  bool foreign = false;          // another operator holds its private half
  std::string id;                // CKA_ID; empty for a foreign key
  std::vector<KeyEvent> events;  // in the order of their times

  bool is_ksk() const { return dnskey.is_sep(); }
  // When it happened; ds_seen: the first time.
  std::optional<base::Time> time_of(KeyEventKind kind) const;
  bool has(KeyEventKind kind) const { return time_of(kind).has_value(); }
  std::chrono::seconds highest_ds_ttl() const;  // 0: never seen
  std::string describe() const;                 // "ZSK 12345 (0123456789abcdef)", for messages
  friend bool operator==(const ManagedKey&, const ManagedKey&) = default;
};

// A key's place in the register never changes: functions name keys by it.
using Keys = std::vector<ManagedKey>;

// Something to be done, or that is about to be recorded, to the key at `key`.
struct KeyStep {
  std::size_t key = 0;
  KeyEventKind kind = KeyEventKind::generated;
  std::chrono::seconds ds_ttl{0};
  std::string token = {};
  friend bool operator==(const KeyStep&, const KeyStep&) = default;
};
using KeySteps = std::vector<KeyStep>;  // done at one moment

// One of our KSKs signs, and of no KSK it is known that the parent was ever asked for a DS: either
// the zone has no chain of trust, or somebody has forgotten to record it, and then no rule knows
// that a KSK comes or goes too early.
bool is_ds_unknown(const Keys& keys);

// With the steps as events at `now`. REQUIRES: each key is in `keys`.
Keys with_steps(Keys keys, const KeySteps& steps, base::Time now);

}  // namespace tld::keys
