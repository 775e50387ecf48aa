// SPDX-License-Identifier: GPL-2.0-only
//
// RDATA that this software makes or reads field by field. Each struct has wire() and from_wire();
// both use canonical form. Octet strings are std::string.
//
// Thread rule: values and pure functions.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "dns/name.h"
#include "dns/rrtype.h"

namespace tld::dns {

// DNSSEC algorithm numbers (IANA) that this software signs and verifies with.
inline constexpr std::uint8_t algorithm_rsasha256 = 8;         // RFC 5702
inline constexpr std::uint8_t algorithm_ecdsap256sha256 = 13;  // RFC 6605

struct Dnskey {  // RFC 4034 §2
  static constexpr std::uint16_t flag_zone = 0x0100, flag_sep = 0x0001, flag_revoke = 0x0080;
  std::uint16_t flags = flag_zone;
  std::uint8_t protocol = 3;
  std::uint8_t algorithm = 0;
  std::string public_key;  // RFC 3110 §2 or RFC 6605 §4

  bool is_sep() const { return (flags & flag_sep) != 0; }
  bool is_revoked() const { return (flags & flag_revoke) != 0; }
  std::string wire() const;
  static base::Result<Dnskey> from_wire(std::string_view rdata);
  std::uint16_t key_tag() const;                       // RFC 4034 appendix B
  base::Sha256 fingerprint() const;                    // SHA-256 of wire(): how keys are identified
  friend bool operator==(const Dnskey&, const Dnskey&) = default;
};

struct Ds {  // RFC 4034 §5; also CDS (RFC 7344)
  std::uint16_t key_tag = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t digest_type = 0;
  std::string digest;

  std::string wire() const;
  static base::Result<Ds> from_wire(std::string_view rdata);
};
inline constexpr std::uint8_t digest_sha1 = 1, digest_sha256 = 2, digest_gost = 3, digest_sha384 = 4;
// RFC 4034 §5.1.4, RFC 4509, RFC 6605. invalid_input for another digest type.
base::Result<Ds> make_ds(NameView owner, const Dnskey& key, std::uint8_t digest_type);

struct Soa {  // RFC 1035 §3.3.13
  Name mname, rname;
  std::uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;  // seconds but serial

  std::string wire() const;
  static base::Result<Soa> from_wire(std::string_view rdata);
};

struct Rrsig {  // RFC 4034 §3
  RRType type_covered = RRType::A;
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t original_ttl = 0;
  std::uint32_t expiration = 0, inception = 0;  // RFC 4034 §3.1.5: serial number arithmetic
  std::uint16_t key_tag = 0;
  Name signer;
  std::string signature;

  std::string wire() const;
  std::string wire_without_signature() const;  // what is signed, first part (§3.1.8.1)
  static base::Result<Rrsig> from_wire(std::string_view rdata);
};

// Type Bit Maps field, RFC 4034 §4.1.2.
std::string type_bitmap(const std::set<RRType>& types);
base::Result<std::set<RRType>> types_of_bitmap(std::string_view bitmap);

// RFC 5155. SHA-1, the only algorithm there is.
struct Nsec3Parameters {
  std::uint16_t iterations = 0;  // RFC 9276: 0
  std::string salt;              // RFC 9276: empty
  std::string nsec3param_wire() const;  // flags 0
  friend bool operator==(const Nsec3Parameters&, const Nsec3Parameters&) = default;
};

using Nsec3Hash = std::array<std::uint8_t, 20>;  // lexicographic comparison is ring order
Nsec3Hash nsec3_hash(NameView name, const Nsec3Parameters& parameters);  // RFC 5155 §5

struct Nsec3 {  // RFC 5155 §3
  bool opt_out = true;
  Nsec3Parameters parameters;
  Nsec3Hash next{};
  std::set<RRType> types;

  std::string wire() const;
  static base::Result<Nsec3> from_wire(std::string_view rdata);
};

// Base 32 with extended hex alphabet, lower case, no padding (RFC 4648 §7, RFC 5155 §1.3).
std::string to_base32hex(const Nsec3Hash& hash);
base::Result<Nsec3Hash> nsec3_hash_from_base32hex(std::string_view label);  // either case

// RFC 1982 serial arithmetic: a < b.
bool serial_less(std::uint32_t a, std::uint32_t b);

}  // namespace tld::dns
