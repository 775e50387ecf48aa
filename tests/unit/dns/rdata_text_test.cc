// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "dns/rdata.h"
#include "dns/rrset.h"
#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

using namespace std::string_literals;

TEST(RdataText, GenericAsInRfc3597) {  // §5
  EXPECT_EQ(rdata_text(static_cast<RRType>(731), hex("abcdef012345")), "\\# 6 abcdef012345");
  EXPECT_EQ(rdata_text(static_cast<RRType>(62347), ""), "\\# 0");
}

TEST(RdataText, WhatDoesNotFitItsTypeIsGeneric) {
  EXPECT_EQ(rdata_text(RRType::A, hex("0a0000")), "\\# 3 0a0000");
  EXPECT_EQ(rdata_text(RRType::NS, hex("c00c")), "\\# 2 c00c");
  EXPECT_EQ(rdata_text(RRType::DS, hex("00010203")), "\\# 4 00010203");
  EXPECT_EQ(rdata_text(RRType::TXT, ""), "\\# 0");
}

TEST(RdataText, Addresses) {
  EXPECT_EQ(rdata_text(RRType::A, hex("c0000201")), "192.0.2.1");
  EXPECT_EQ(rdata_text(RRType::AAAA, hex("20010db8000000000000000000000001")), "2001:db8::1");
}

TEST(RdataText, Names) {
  EXPECT_EQ(rdata_text(RRType::NS, wire("ns.nic.kz.")), "ns.nic.kz.");
  EXPECT_EQ(rdata_text(RRType::MX, hex("000a") + wire("mx.kz.")), "10 mx.kz.");
  EXPECT_EQ(rdata_text(RRType::MX, hex("0000") + wire(".")), "0 .");
  EXPECT_EQ(rdata_text(RRType::SRV, hex("0001 0002 01bb") + wire("s.kz.")), "1 2 443 s.kz.");
  EXPECT_EQ(rdata_text(RRType::SOA, wire("ns.kz.") + wire("h\\.m.kz.") +
                                        hex("00000001 00000e10 00000384 001baf80 ffffffff")),
            "ns.kz. h\\.m.kz. 1 3600 900 1814400 4294967295");
}

TEST(RdataText, Strings) {
  EXPECT_EQ(rdata_text(RRType::TXT, "\3a;b\0\6\"\\ \x7f\xff\n"s),
            "\"a;b\" \"\" \"\\\"\\\\ \\127\\255\\010\"");
  EXPECT_EQ(rdata_text(RRType::CAA, "\x80\5issueca.kz; a=\"b\""),
            "128 issue \"ca.kz; a=\\\"b\\\"\"");
}

TEST(RdataText, KeysAndDigests) {
  EXPECT_EQ(rdata_text(RRType::DNSKEY, hex("0101 03 0d 666f6f62")), "257 3 13 Zm9vYg==");
  EXPECT_EQ(rdata_text(RRType::DS, hex("d960 0d 02 b4c8")), "55648 13 2 b4c8");
  EXPECT_EQ(rdata_text(RRType::CDS, hex("0000 00 00 00")), "0 0 0 00");        // RFC 8078 §4
  EXPECT_EQ(rdata_text(RRType::CDNSKEY, hex("0000 03 00 00")), "0 3 0 AA==");  // RFC 8078 §4
  EXPECT_EQ(rdata_text(RRType::TLSA, hex("03 01 01 abcd")), "3 1 1 abcd");
  EXPECT_EQ(rdata_text(RRType::SSHFP, hex("04 02 abcd")), "4 2 abcd");
}

TEST(RdataText, RrsigAsInRfc6605) {  // §6.1, times in RFC 4034 §3.2's form
  Rrsig rrsig{RRType::A, 13, 3, 3600, 1284026679, 1281607479, 55648, name("example.net."), {}};
  rrsig.signature = "foobar";
  EXPECT_EQ(rdata_text(RRType::RRSIG, rrsig.wire()),
            "A 13 3 3600 20100909100439 20100812100439 55648 example.net. Zm9vYmFy");
}

TEST(RdataText, TimesOfAllOf32Bits) {
  Rrsig rrsig{RRType::A, 13, 0, 0, 0xffffffff, 951782400, 0, Name(), "foo"};
  EXPECT_EQ(rdata_text(RRType::RRSIG, rrsig.wire()),
            "A 13 0 0 21060207062815 20000229000000 0 . Zm9v");
  rrsig.expiration = 0;
  EXPECT_EQ(rdata_text(RRType::RRSIG, rrsig.wire()),
            "A 13 0 0 19700101000000 20000229000000 0 . Zm9v");
}

TEST(RdataText, Nsec3AsInRfc5155) {  // appendix A
  const Nsec3 nsec3{true,
                    {12, hex("aabbccdd")},
                    nsec3_hash_from_base32hex("2t7b4g4vsa5smi47k61mv5bv1a22bojr").value(),
                    {RRType::NS, RRType::SOA, static_cast<RRType>(1234)}};
  EXPECT_EQ(rdata_text(RRType::NSEC3, nsec3.wire()),
            "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA TYPE1234");
  EXPECT_EQ(rdata_text(RRType::NSEC3PARAM, nsec3.parameters.nsec3param_wire()), "1 0 12 aabbccdd");
}

TEST(RdataText, Nsec3OfAnEmptyNonTerminal) {  // RFC 9276 parameters, no types
  EXPECT_EQ(rdata_text(RRType::NSEC3, Nsec3{}.wire()), "1 1 0 - 00000000000000000000000000000000");
  EXPECT_EQ(rdata_text(RRType::NSEC3PARAM, Nsec3Parameters().nsec3param_wire()), "1 0 0 -");
}

}  // namespace
}  // namespace tld::dns
