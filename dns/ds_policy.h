// SPDX-License-Identifier: GPL-2.0-only
//
// Which DS records a zone takes in from its registrars: the one table of DNSSEC algorithms and of
// DS digest types (IANA), and the judgement by policy. make_ds() of rdata.h computes a DS from a
// DNSKEY.
//
// Thread rule: pure functions and constants.
#pragma once

#include <cstdint>
#include <string>

#include "dns/rdata.h"

namespace tld::dns {

// A row of IANA's "DNS Security Algorithm Numbers".
struct AlgorithmEntry {
  std::uint8_t number = 0;
  const char* mnemonic = "";
  const char* rfc = "";
  bool supported = false;        // by `strict`: validators in general use check its signatures
  std::uint16_t key_octets = 0;  // length of the DNSKEY's public key; 0: it varies
};
// nullptr: not registered, or no algorithm that signs zones.
const AlgorithmEntry* find_dnssec_algorithm(std::uint8_t number);

// A row of IANA's "Digest Algorithms" for DS records.
struct DigestEntry {
  std::uint8_t number = 0;
  const char* mnemonic = "";
  const char* rfc = "";
  bool supported = false;
  std::uint16_t octets = 0;
};
const DigestEntry* find_digest_type(std::uint8_t number);  // nullptr: not registered

inline constexpr std::uint16_t max_unknown_digest_octets = 64;  // of 512 bits: none is longer

struct DsPolicy {
  // strict: algorithm and digest type are supported. syntax: anything that is a DS record and has
  // the length of its digest type, where that is known.
  enum class Rule { strict, syntax };
  Rule rule = Rule::strict;
  // Under either rule. What is accepted of these has a warning.
  bool gost = false;  // digest type 3, algorithm 12 (RFC 5933; RFC 9906 deprecates both)
  bool sha1 = true;   // digest type 1, algorithms 5 and 7 (RFC 9905 deprecates them)
  friend bool operator==(const DsPolicy&, const DsPolicy&) = default;
};

struct DsVerdict {
  bool accepted = false;
  std::string reason;  // why it is refused, or the warning; empty: accepted as it is
};

DsVerdict check_ds(const Ds& ds, const DsPolicy& policy);

// Can a DS be made from this key? It is a zone key (RFC 4034 §2.1.1) with protocol 3 (§2.1.2), not
// revoked (RFC 5011 §2.1), its length fits its algorithm. The algorithm itself is check_ds's.
DsVerdict check_ds_key(const Dnskey& key);

}  // namespace tld::dns
