// SPDX-License-Identifier: GPL-2.0-only
//
// A zone's signing policy: algorithm, lifetimes of the signatures that ZSKs make, the shape of the
// signed-key file that a ceremony makes, and which DS records are taken in. Read from a YAML file
// (docs/ceremony.md shows one); what the file does not name has the default given here. Durations
// are ISO 8601 in the file.
//
// A Policy that parse() or read_file() returned has passed check().
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
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
  friend bool operator==(const SignedKeysPolicy&, const SignedKeysPolicy&) = default;
};

struct Policy {
  hsm::Algorithm algorithm = hsm::Algorithm::ecdsap256sha256;
  SignaturePolicy signatures;
  SignedKeysPolicy signed_keys;
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
  base::Status check() const;

  friend bool operator==(const Policy&, const Policy&) = default;
};

inline constexpr std::size_t max_slots = 1000;  // of a signed-key file

}  // namespace tld::keys
