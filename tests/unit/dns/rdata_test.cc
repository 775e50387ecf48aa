// SPDX-License-Identifier: GPL-2.0-only
#include "dns/rdata.h"

#include <gtest/gtest.h>

#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

// RFC 4034 §5.4 and RFC 4509 §2.3: dskey.example.com.
Dnskey rfc4034_key() {
  return {256, 3, 5,
          base64("AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYw"
                 "YqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmAD"
                 "jFDc2w/rljwvFw==")};
}

// RFC 4034 §2.3; its key tag is in the RRSIG of §3.3.
Dnskey rfc4034_zone_key() {
  return {256, 3, 5,
          base64("AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8nokfzj31GajIQKY+5CptLr3buX"
                 "A10hWqTkF7H6RfoRqXQeogmMHfpftf6zMv1LyBUgia7za6ZEzOJBOztyvhjL742iU/TpPSEDhm2SNKLi"
                 "jfUppn1UaNvv4w==")};
}

// RFC 6605 §6.1 and §6.2.
Dnskey rfc6605_p256_key() {
  return {257, 3, 13,
          base64("GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQ"
                 "Lc8NAA==")};
}
Dnskey rfc6605_p384_key() {
  return {257, 3, 14,
          base64("xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrb"
                 "YQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40")};
}

TEST(Dnskey, KeyTagsAsInRfcs) {
  EXPECT_EQ(rfc4034_key().key_tag(), 60485);
  EXPECT_EQ(rfc4034_zone_key().key_tag(), 2642);
  EXPECT_EQ(rfc6605_p256_key().key_tag(), 55648);
  EXPECT_EQ(rfc6605_p384_key().key_tag(), 10771);
}

TEST(Dnskey, KeyTagOfOddLength) {  // appendix B: the last octet counts as a high one
  EXPECT_EQ((Dnskey{0x0100, 3, 13, hex("ab")}.key_tag()), 0x0100 + 0x030d + 0xab00);
}

TEST(Dnskey, KeyTagAddsTheCarryOnce) {  // 0x0100 + 0x030d + 2 × 0xffff = 0x2040b
  EXPECT_EQ((Dnskey{0x0100, 3, 13, hex("ffffffff")}.key_tag()), 0x040b + 2);
}

TEST(Dnskey, KeyTagOfRsaMd5) {  // appendix B.1
  EXPECT_EQ((Dnskey{0x0100, 3, 1, hex("0103aabbccdd")}.key_tag()), 0xbbcc);
}

TEST(Dnskey, WireReadsBack) {
  const Dnskey key = rfc6605_p256_key();
  EXPECT_EQ(key.wire().substr(0, 4), hex("0101 03 0d"));
  EXPECT_EQ(Dnskey::from_wire(key.wire()).value(), key);
  EXPECT_FALSE(Dnskey::from_wire("").has_value());
  EXPECT_FALSE(Dnskey::from_wire(hex("0101 03")).has_value());
  EXPECT_FALSE(Dnskey::from_wire(hex("0101 03 0d")).has_value());
}

TEST(Dnskey, Flags) {
  EXPECT_TRUE(rfc6605_p256_key().is_sep());
  EXPECT_FALSE(rfc4034_key().is_sep());
  Dnskey revoked = rfc6605_p256_key();
  EXPECT_FALSE(revoked.is_revoked());
  revoked.flags |= 0x0080;  // RFC 5011 §3
  EXPECT_TRUE(revoked.is_revoked());
}

TEST(Dnskey, FingerprintCoversTheWholeRdata) {
  Dnskey key = rfc6605_p256_key();
  EXPECT_EQ(key.fingerprint(), base::sha256(key.wire()));
  const auto before = key.fingerprint();
  key.flags = 256;
  EXPECT_NE(key.fingerprint(), before);
}

TEST(Ds, DigestsAsInRfcs) {
  const Name owner = name("dskey.example.com.");
  const Name example_net = name("example.net.");
  EXPECT_EQ(make_ds(owner, rfc4034_key(), 1).value().wire(),  // RFC 4034 §5.4
            hex("ec45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118"));
  EXPECT_EQ(make_ds(owner, rfc4034_key(), 2).value().wire(),  // RFC 4509 §2.3
            hex("ec45 05 02 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"));
  EXPECT_EQ(make_ds(example_net, rfc6605_p256_key(), 2).value().wire(),  // RFC 6605 §6.1
            hex("d960 0d 02 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"));
  EXPECT_EQ(
      make_ds(example_net, rfc6605_p384_key(), 4).value().wire(),  // RFC 6605 §6.2
      hex("2a13 0e 04 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f"
          "4d288405c3008a946df983d6"));
}

TEST(Ds, UnknownDigestTypesAreRefused) {
  for (const std::uint8_t digest_type : {0, 3, 5, 255}) {
    const auto ds = make_ds(Name(), rfc4034_key(), digest_type);
    ASSERT_FALSE(ds.has_value());
    EXPECT_EQ(ds.error().kind, base::ErrorKind::invalid_input);
  }
}

TEST(Ds, WireReadsBack) {
  const Ds ds = Ds::from_wire(hex("d960 0d 02 abcdef")).value();
  EXPECT_EQ(ds.key_tag, 55648);
  EXPECT_EQ(ds.algorithm, 13);
  EXPECT_EQ(ds.digest_type, 2);
  EXPECT_EQ(ds.digest, hex("abcdef"));
  EXPECT_FALSE(Ds::from_wire(hex("d960 0d")).has_value());
  EXPECT_FALSE(Ds::from_wire(hex("d960 0d 02")).has_value());
}

TEST(Soa, WireReadsBack) {
  const std::string octets =
      wire("ns.kz.") + wire("hostmaster.kz.") + hex("00000001 00000002 00000003 00000004 fffffffe");
  const Soa soa = Soa::from_wire(octets).value();
  EXPECT_EQ(soa.mname, name("ns.kz."));
  EXPECT_EQ(soa.rname, name("hostmaster.kz."));
  EXPECT_EQ(soa.serial, 1u);
  EXPECT_EQ(soa.refresh, 2u);
  EXPECT_EQ(soa.retry, 3u);
  EXPECT_EQ(soa.expire, 4u);
  EXPECT_EQ(soa.minimum, 0xfffffffeu);
  EXPECT_EQ(soa.wire(), octets);
  EXPECT_EQ(Soa::from_wire("\2NS\2KZ" + octets.substr(6)).value().wire(), octets);
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(Soa::from_wire(octets.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(Soa::from_wire(octets + '\0').has_value());
}

TEST(Rrsig, WireReadsBack) {
  const std::string head = hex("0030 0d 01 00000e10 4c88b2f7 4c637797 d960") + wire("example.net.");
  const Rrsig rrsig = Rrsig::from_wire(head + "signature").value();
  EXPECT_EQ(rrsig.type_covered, RRType::DNSKEY);
  EXPECT_EQ(rrsig.algorithm, 13);
  EXPECT_EQ(rrsig.labels, 1);
  EXPECT_EQ(rrsig.original_ttl, 3600u);
  EXPECT_EQ(rrsig.expiration, 0x4c88b2f7u);
  EXPECT_EQ(rrsig.inception, 0x4c637797u);
  EXPECT_EQ(rrsig.key_tag, 55648);
  EXPECT_EQ(rrsig.signer, name("example.net."));
  EXPECT_EQ(rrsig.signature, "signature");
  EXPECT_EQ(rrsig.wire(), head + "signature");
  EXPECT_EQ(rrsig.wire_without_signature(), head);
  for (std::size_t size = 0; size <= head.size(); ++size) {
    EXPECT_FALSE(Rrsig::from_wire(head.substr(0, size)).has_value()) << size;
  }
}

TEST(Rrsig, RefusesACompressedSigner) {
  const std::string head = hex("0030 0d 01 00000e10 4c88b2f7 4c637797 d960");
  EXPECT_FALSE(Rrsig::from_wire(head + hex("c00c") + "signature").has_value());
}

TEST(Serial, AsInRfc1982) {  // §3.2, with SERIAL_BITS 32 as in §7
  EXPECT_TRUE(serial_less(0, 1));
  EXPECT_FALSE(serial_less(1, 0));
  EXPECT_FALSE(serial_less(5, 5));
  EXPECT_TRUE(serial_less(0xffffffff, 0));
  EXPECT_TRUE(serial_less(0xffffffff, 0x7ffffffe));
  EXPECT_TRUE(serial_less(0, 0x7fffffff));
  EXPECT_FALSE(serial_less(0, 0x80000001));
  EXPECT_TRUE(serial_less(0x80000001, 0));
  // At a distance of 2^31 the RFC leaves the order open: neither is less.
  EXPECT_FALSE(serial_less(0, 0x80000000));
  EXPECT_FALSE(serial_less(0x80000000, 0));
}

}  // namespace
}  // namespace tld::dns
