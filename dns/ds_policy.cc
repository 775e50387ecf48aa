// SPDX-License-Identifier: GPL-2.0-only
#include "dns/ds_policy.h"

#include <algorithm>

namespace tld::dns {
namespace {

constexpr AlgorithmEntry algorithms[] = {
    {1, "RSAMD5", "RFC 3110", false, 0},
    {3, "DSA", "RFC 2536", false, 0},
    {5, "RSASHA1", "RFC 3110", true, 0},
    {6, "DSA-NSEC3-SHA1", "RFC 5155", false, 0},
    {7, "RSASHA1-NSEC3-SHA1", "RFC 5155", true, 0},
    {8, "RSASHA256", "RFC 5702", true, 0},
    {10, "RSASHA512", "RFC 5702", true, 0},
    {12, "ECC-GOST", "RFC 5933", true, 64},
    {13, "ECDSAP256SHA256", "RFC 6605", true, 64},
    {14, "ECDSAP384SHA384", "RFC 6605", true, 96},
    {15, "ED25519", "RFC 8080", true, 32},
    {16, "ED448", "RFC 8080", true, 57},
    {17, "SM2SM3", "RFC 9563", false, 64},
    {23, "ECC-GOST12", "RFC 9558", false, 64},
    {253, "PRIVATEDNS", "RFC 4034", false, 0},
    {254, "PRIVATEOID", "RFC 4034", false, 0},
};

constexpr DigestEntry digest_types[] = {
    {digest_sha1, "SHA-1", "RFC 3658", true, 20},
    {digest_sha256, "SHA-256", "RFC 4509", true, 32},
    {digest_gost, "GOST R 34.11-94", "RFC 5933", true, 32},
    {digest_sha384, "SHA-384", "RFC 6605", true, 48},
    {5, "GOST R 34.11-2012", "RFC 9558", false, 32},
    {6, "SM3", "RFC 9563", false, 32},
};

template <class Row, std::size_t count>
const Row* find(const Row (&table)[count], std::uint8_t number) {
  const Row* row = std::ranges::find(table, number, &Row::number);
  return row == std::end(table) ? nullptr : row;
}

template <class Row>
std::string named(const char* what, std::uint8_t number, const Row* row) {
  const std::string text = std::string(what) + " " + std::to_string(number);
  return row == nullptr ? text : text + " (" + row->mnemonic + ", " + row->rfc + ")";
}

std::string algorithm_text(const Ds& ds) {
  return named("algorithm", ds.algorithm, find_dnssec_algorithm(ds.algorithm));
}
std::string digest_type_text(const Ds& ds) {
  return named("digest type", ds.digest_type, find_digest_type(ds.digest_type));
}

bool sha1_algorithm(const Ds& ds) {
  return ds.algorithm == 5 || ds.algorithm == 7;
}
bool gost_algorithm(const Ds& ds) {
  return ds.algorithm == 12;
}

// What is no DS record under any rule; "" when nothing is wrong.
std::string syntax_fault(const Ds& ds) {
  if (ds.algorithm == 0) return "algorithm 0 is reserved (RFC 8078 section 6: CDS only)";
  if (ds.digest_type == 0) return "digest type 0 is reserved (RFC 3658)";
  if (ds.digest.empty()) return "the digest is empty";
  const DigestEntry* row = find_digest_type(ds.digest_type);
  const std::string has = "the digest has " + std::to_string(ds.digest.size()) + " octets; ";
  if (row != nullptr && ds.digest.size() != row->octets) {
    return has + digest_type_text(ds) + " has " + std::to_string(row->octets);
  }
  if (row == nullptr && ds.digest.size() > max_unknown_digest_octets) {
    return has + "at most " + std::to_string(max_unknown_digest_octets) + " are taken";
  }
  return "";
}

std::string strict_fault(const Ds& ds) {
  const AlgorithmEntry* algorithm = find_dnssec_algorithm(ds.algorithm);
  if (algorithm == nullptr || !algorithm->supported) {
    return algorithm_text(ds) + " is not supported";
  }
  const DigestEntry* digest = find_digest_type(ds.digest_type);
  if (digest == nullptr || !digest->supported) return digest_type_text(ds) + " is not supported";
  return "";
}

// Takes `what` as the policy says, with a warning.
void judge(DsVerdict& verdict, bool accepted, const std::string& what, const char* why) {
  verdict.accepted = verdict.accepted && accepted;
  if (!verdict.reason.empty()) verdict.reason += "; ";
  verdict.reason += what + (accepted ? ": " : " is not accepted: ") + why;
}

}  // namespace

const AlgorithmEntry* find_dnssec_algorithm(std::uint8_t number) {
  return find(algorithms, number);
}

const DigestEntry* find_digest_type(std::uint8_t number) {
  return find(digest_types, number);
}

DsVerdict check_ds(const Ds& ds, const DsPolicy& policy) {
  if (std::string fault = syntax_fault(ds); !fault.empty()) return {false, std::move(fault)};
  if (policy.rule == DsPolicy::Rule::strict) {
    if (std::string fault = strict_fault(ds); !fault.empty()) return {false, std::move(fault)};
  }
  DsVerdict verdict{true, {}};
  constexpr const char* gost = "RFC 9906 deprecates it";
  constexpr const char* sha1 = "RFC 9905 deprecates SHA-1";
  if (gost_algorithm(ds)) judge(verdict, policy.gost, algorithm_text(ds), gost);
  if (ds.digest_type == digest_gost) judge(verdict, policy.gost, digest_type_text(ds), gost);
  if (sha1_algorithm(ds)) judge(verdict, policy.sha1, algorithm_text(ds), sha1);
  if (ds.digest_type == digest_sha1) judge(verdict, policy.sha1, digest_type_text(ds), sha1);
  return verdict;
}

DsVerdict check_ds_key(const Dnskey& key) {
  if ((key.flags & Dnskey::flag_zone) == 0) {
    return {false,
            "flags " + std::to_string(key.flags) + ": not a zone key (RFC 4034 section 2.1.1)"};
  }
  if (key.is_revoked()) {
    return {false, "flags " + std::to_string(key.flags) + ": a revoked key (RFC 5011 section 2.1)"};
  }
  if (key.protocol != 3) {
    return {false,
            "protocol " + std::to_string(key.protocol) + " instead of 3 (RFC 4034 section 2.1.2)"};
  }
  const AlgorithmEntry* row = find_dnssec_algorithm(key.algorithm);
  if (row != nullptr && row->key_octets != 0 && key.public_key.size() != row->key_octets) {
    return {false, "the public key has " + std::to_string(key.public_key.size()) + " octets; " +
                       named("algorithm", key.algorithm, row) + " has " +
                       std::to_string(row->key_octets)};
  }
  return {true, {}};
}

}  // namespace tld::dns
