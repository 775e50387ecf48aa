// SPDX-License-Identifier: GPL-2.0-only
//
// A zone's signing policy: algorithm, lifetimes of the signatures that ZSKs make, the shape of the
// signed-key file that a ceremony makes, how keys are rolled, how long the zone's and the parent's
// data may be remembered, and which DS records are taken in. Read from a YAML file
// (docs/configuration.md); what the file does not name has the default given here. Durations are
// ISO 8601 in the file. docs/policies/ has the policies of two registries.
//
// A Policy that parse() or read_file() returned has passed check().
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/ds_policy.h"
#include "hsm/key.h"

namespace tld::keys {

// Signatures that the server has made by ZSKs while it serves.
struct SignaturePolicy {
  std::chrono::seconds validity = std::chrono::days{30};  // expiration - inception
  std::chrono::seconds refresh = std::chrono::days{3};    // made anew when less than this is left
  std::chrono::seconds inception_offset = std::chrono::hours{1};  // inception is this long ago
  // RFC 7583's Dsgn: from the first to the last signature by a new ZSK.
  std::chrono::seconds sign_delay = std::chrono::hours{6};
  std::uint64_t count = 0;  // RRsets that are signed; 0: not known, then nothing is computed of it
  std::uint64_t rate = 0;   // signatures a second that the token has for them; 0: not known
  friend bool operator==(const SignaturePolicy&, const SignaturePolicy&) = default;
};

// Signatures over DNSKEY, CDS and CDNSKEY that a KSK makes ahead of time, slot by slot.
struct SignedKeysPolicy {
  std::chrono::seconds span = std::chrono::days{90};  // from the first slot's start; whole slots
  std::chrono::seconds slot = std::chrono::days{10};  // from one slot's start to the next
  std::chrono::seconds validity = std::chrono::days{21};  // expiration - inception
  std::chrono::seconds inception_offset =
      std::chrono::days{1};                                 // inception before the slot's start
  std::chrono::seconds dnskey_ttl = std::chrono::hours{1};  // TTL of DNSKEY, CDS and CDNSKEY
  // Digest types of the CDS records, ascending. Empty ("[none]" in the file): neither CDS nor
  // CDNSKEY is published.
  std::vector<std::uint8_t> cds_digest_types = {2};
  // A slot stays usable so long beyond its end, so that a roll can be held. Not given: what the
  // validity happens to leave.
  std::optional<std::chrono::seconds> hold = std::nullopt;
  friend bool operator==(const SignedKeysPolicy&, const SignedKeysPolicy&) = default;
};

struct ZskPolicy {
  std::chrono::seconds lifetime = std::chrono::days{30};              // Lzsk: active so long
  std::chrono::seconds prepublish = std::chrono::days{7};             // published before active
  std::chrono::seconds postpublish = std::chrono::days{7};            // published after it
  std::chrono::seconds emergency_postpublish = std::chrono::days{2};  // at most, when compromised
  friend bool operator==(const ZskPolicy&, const ZskPolicy&) = default;
};

// RFC 7583 §2.2: double_ksk: the DNSKEY is there before the DS; double_ds: the DS before the
// DNSKEY.
enum class KskRollover { double_ksk, double_ds };

struct KskPolicy {
  std::optional<std::chrono::seconds> lifetime = std::nullopt;  // not given: unlimited
  std::chrono::seconds prepublish = std::chrono::days{14};   // new one known before the old is left
  std::chrono::seconds postpublish = std::chrono::days{14};  // old one kept after that
  std::chrono::seconds emergency_postpublish = std::chrono::days{7};  // when compromised
  KskRollover rollover = KskRollover::double_ksk;
  friend bool operator==(const KskPolicy&, const KskPolicy&) = default;
};

// replace_then_retire: a compromised ZSK signs on until all is signed by its replacement.
// retire_now: it makes no signature more.
enum class OnCompromise { replace_then_retire, retire_now };

struct KeyPolicy {
  ZskPolicy zsk;  // a spare is always published: the next ZSK from the activation of the one before
  KskPolicy ksk;
  std::chrono::seconds publish_safety = std::chrono::hours{1};  // added to publication intervals
  std::chrono::seconds retire_safety = std::chrono::hours{1};   // added to retirement intervals
  OnCompromise on_compromise = OnCompromise::replace_then_retire;
  bool backup_required = false;  // a key is used only once its backup was proved
  bool wrappable = false;        // new keys may leave their token, wrapped by its trusted key
  friend bool operator==(const KeyPolicy&, const KeyPolicy&) = default;
};

// How long what the zone publishes is on its way and remembered.
struct ZonePolicy {
  std::chrono::seconds max_zone_ttl = std::chrono::days{1};  // TTLsig: no RRset has a longer TTL
  std::chrono::seconds zone_propagation_delay = std::chrono::minutes{5};  // to the last secondary
  std::chrono::seconds cache_ttl{20};  // PowerDNS's packet cache, on top of the propagation
  std::optional<std::chrono::seconds> soa_expire = std::nullopt;
  // Dprp: until no server of the zone gives the old data any more.
  std::chrono::seconds propagation() const { return zone_propagation_delay + cache_ttl; }
  friend bool operator==(const ZonePolicy&, const ZonePolicy&) = default;
};

struct ParentPolicy {
  std::chrono::seconds ds_ttl = std::chrono::days{1};              // TTLds
  std::chrono::seconds propagation_delay = std::chrono::hours{1};  // DprpP
  std::chrono::seconds registration_delay = std::chrono::days{1};  // Dreg, for plans
  friend bool operator==(const ParentPolicy&, const ParentPolicy&) = default;
};

struct Policy {
  hsm::Algorithm algorithm = hsm::Algorithm::ecdsap256sha256;
  SignaturePolicy signatures;
  SignedKeysPolicy signed_keys;
  KeyPolicy keys;
  ZonePolicy zone;
  ParentPolicy parent;
  dns::DsPolicy ds;  // which DS records the registry takes in

  // The first thing that does not fit, as one line "FILE:LINE: KEY: ...". `file` is for messages.
  static base::Result<Policy> parse(std::string_view yaml, const std::string& file);
  static base::Result<Policy> read_file(const std::filesystem::path& path);

  // Do the values fit together? invalid_input names the check (POLICY-...) and shows the sum:
  //   POLICY-RANGE      every duration and TTL within what DNS can say (RFC 1982, RFC 2181 §8)
  //   POLICY-REFRESH    refresh + inception-offset < validity
  //   POLICY-SPAN       span is a whole number of slots, at most max_slots
  //   POLICY-OVERLAP    slot + dnskey-ttl <= validity - inception-offset
  //   POLICY-CDS-DIGEST digest types 2 and 4 only, none twice (RFC 8624 §3.3)
  //   POLICY-BUNDLE     slot + hold + dnskey-ttl + propagation <= validity - inception-offset
  //   POLICY-ZSK-PUBLISH, POLICY-ZSK-RETIRE    not below Ipub and Iret (RFC 7583 §3.2.1)
  //   POLICY-ZSK-EMERGENCY  what a compromised ZSK signed is gone from caches in that time
  //   POLICY-LIFETIME   keys live longer than they are published before and after
  //   POLICY-KSK-PUBLISH    not below IpubC and IpubP (RFC 7583 §3.3)
  //   POLICY-DS-TTL     the old KSK stays until no DS for it is remembered (RFC 7583 §3.3)
  //   POLICY-RESIGN     signing anew is done before what it replaces is over, and within sign-delay
  //   POLICY-SOA-EXPIRE a secondary cut off from its primary ends before its signatures do
  base::Status check() const;

  friend bool operator==(const Policy&, const Policy&) = default;
};

inline constexpr std::size_t max_slots = 1000;  // of a signed-key file

}  // namespace tld::keys
