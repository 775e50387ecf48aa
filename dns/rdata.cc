// SPDX-License-Identifier: GPL-2.0-only
#include "dns/rdata.h"

#include "dns/wire.h"

namespace tld::dns {
namespace {

constexpr std::uint8_t algorithm_rsamd5 = 1;

}  // namespace

std::string Dnskey::wire() const {
  std::string out;
  out.reserve(4 + public_key.size());
  put_u16(out, flags);
  put_u8(out, protocol);
  put_u8(out, algorithm);
  return out += public_key;
}

base::Result<Dnskey> Dnskey::from_wire(std::string_view rdata) {
  Reader in(rdata);
  Dnskey key;
  key.flags = in.u16();
  key.protocol = in.u8();
  key.algorithm = in.u8();
  key.public_key = in.rest();
  if (in.failed() || key.public_key.empty()) {
    return base::invalid_input("DNSKEY RDATA is shorter than 5 octets");
  }
  return key;
}

std::uint16_t Dnskey::key_tag() const {
  if (algorithm == algorithm_rsamd5 && public_key.size() >= 3) {  // RFC 4034 appendix B.1
    return static_cast<std::uint16_t>(number_of(public_key.substr(public_key.size() - 3, 2)));
  }
  std::uint32_t sum = 0;
  const std::string octets = wire();
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::uint32_t octet = static_cast<unsigned char>(octets[i]);
    sum += (i & 1) != 0 ? octet : octet << 8;
  }
  sum += sum >> 16 & 0xffff;
  return static_cast<std::uint16_t>(sum);
}

base::Sha256 Dnskey::fingerprint() const {
  return base::sha256(wire());
}

std::string Ds::wire() const {
  std::string out;
  out.reserve(4 + digest.size());
  put_u16(out, key_tag);
  put_u8(out, algorithm);
  put_u8(out, digest_type);
  return out += digest;
}

base::Result<Ds> Ds::from_wire(std::string_view rdata) {
  Reader in(rdata);
  Ds ds;
  ds.key_tag = in.u16();
  ds.algorithm = in.u8();
  ds.digest_type = in.u8();
  ds.digest = in.rest();
  if (in.failed() || ds.digest.empty()) {
    return base::invalid_input("DS RDATA is shorter than 5 octets");
  }
  return ds;
}

base::Result<Ds> make_ds(NameView owner, const Dnskey& key, std::uint8_t digest_type) {
  const std::string input = std::string(owner.wire()) + key.wire();  // RFC 4034 §5.1.4
  Ds ds{key.key_tag(), key.algorithm, digest_type, {}};
  switch (digest_type) {
    case digest_sha1:
      ds.digest = base::sha1(input);
      break;
    case digest_sha256:
      ds.digest = base::as_octets(base::sha256(input));
      break;
    case digest_sha384:
      ds.digest = base::sha384(input);
      break;
    default:
      return base::invalid_input("DS digest type " + std::to_string(digest_type) +
                                 " cannot be computed here: use 1, 2 or 4");
  }
  return ds;
}

std::string Soa::wire() const {
  std::string out(mname.wire());
  out += rname.wire();
  for (const std::uint32_t field : {serial, refresh, retry, expire, minimum}) put_u32(out, field);
  return out;
}

base::Result<Soa> Soa::from_wire(std::string_view rdata) {
  Reader in(rdata);
  Soa soa;
  soa.mname = in.name();
  soa.rname = in.name();
  for (std::uint32_t* field : {&soa.serial, &soa.refresh, &soa.retry, &soa.expire, &soa.minimum}) {
    *field = in.u32();
  }
  if (!in.complete()) {
    return base::invalid_input("SOA RDATA is not two names and five numbers of 32 bits");
  }
  return soa;
}

std::string Rrsig::wire_without_signature() const {
  std::string out;
  out.reserve(18 + signer.wire().size() + signature.size());
  put_u16(out, number(type_covered));
  put_u8(out, algorithm);
  put_u8(out, labels);
  for (const std::uint32_t field : {original_ttl, expiration, inception}) put_u32(out, field);
  put_u16(out, key_tag);
  return out += signer.wire();
}

std::string Rrsig::wire() const {
  return wire_without_signature() += signature;
}

base::Result<Rrsig> Rrsig::from_wire(std::string_view rdata) {
  Reader in(rdata);
  Rrsig rrsig;
  rrsig.type_covered = static_cast<RRType>(in.u16());
  rrsig.algorithm = in.u8();
  rrsig.labels = in.u8();
  for (std::uint32_t* field : {&rrsig.original_ttl, &rrsig.expiration, &rrsig.inception}) {
    *field = in.u32();
  }
  rrsig.key_tag = in.u16();
  rrsig.signer = in.name();
  rrsig.signature = in.rest();
  if (in.failed() || rrsig.signature.empty()) {
    return base::invalid_input("RRSIG RDATA ends before its signature, or its signer is no name");
  }
  return rrsig;
}

bool serial_less(std::uint32_t a, std::uint32_t b) {
  // RFC 1982 §3.2. A distance of exactly 2^31 is undefined there: neither is less.
  return static_cast<std::int32_t>(b - a) > 0;
}

}  // namespace tld::dns
