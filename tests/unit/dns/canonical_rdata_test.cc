// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <random>

#include "dns/rrset.h"
#include "tests/unit/dns/octets.h"

namespace tld::dns {
namespace {

using namespace std::string_literals;

const std::string upper = "\3WwW\2KZ\0"s;  // a name, as it may come in
const std::string lower = "\3www\2kz\0"s;

constexpr RRType type(std::uint16_t number) {
  return static_cast<RRType>(number);
}

struct Shape {
  RRType type;
  std::string given, canonical;
};

std::vector<Shape> with_names() {
  const std::string u16 = hex("4142"), soa_numbers(20, 'A'), rrsig_head(18, 'A');
  return {
      // RFC 4034 §6.2 item 3, without HINFO and NSEC (RFC 6840 §5.1).
      {RRType::NS, upper, lower},
      {type(3), upper, lower},
      {type(4), upper, lower},
      {RRType::CNAME, upper, lower},
      {RRType::SOA, upper + upper + soa_numbers, lower + lower + soa_numbers},
      {type(7), upper, lower},
      {type(8), upper, lower},
      {type(9), upper, lower},
      {RRType::PTR, upper, lower},
      {type(14), upper + upper, lower + lower},
      {RRType::MX, u16 + upper, u16 + lower},
      {type(17), upper + upper, lower + lower},
      {type(18), u16 + upper, u16 + lower},
      {type(21), u16 + upper, u16 + lower},
      {type(24), rrsig_head + upper + "SIG", rrsig_head + lower + "SIG"},
      {type(26), u16 + upper + upper, u16 + lower + lower},
      {type(30), upper + "BITS", lower + "BITS"},
      {RRType::SRV, u16 + u16 + u16 + upper, u16 + u16 + u16 + lower},
      {RRType::NAPTR, u16 + u16 + "\1U\3E2U\2!A" + upper, u16 + u16 + "\1U\3E2U\2!A" + lower},
      {type(36), u16 + upper, u16 + lower},
      {type(38), "\x41" + std::string(8, 'A') + upper, "\x41" + std::string(8, 'A') + lower},
      {RRType::DNAME, upper, lower},
      {RRType::RRSIG, rrsig_head + upper + "SIG", rrsig_head + lower + "SIG"},
      // Names that are not lowered.
      {RRType::NSEC, upper + hex("000140"), upper + hex("000140")},
      {RRType::HTTPS, u16 + upper, u16 + upper},
      {RRType::SVCB, u16 + upper + hex("0001 0002 4142"), u16 + upper + hex("0001 0002 4142")},
  };
}

std::vector<Shape> without_names() {
  std::vector<Shape> shapes = {
      {RRType::A, "ABCD", {}},
      {RRType::AAAA, "ABCDEFGHIJKLMNOP", {}},
      {RRType::LOC, "ABCDEFGHIJKLMNOP", {}},
      {RRType::HINFO, "\1A\2BC", {}},
      {RRType::CAA, hex("80") + "\5IsSuE", {}},
      {RRType::NSEC3, hex("01 01 4142 02 4142 02 4142 0001 40"), {}},
      {RRType::NSEC3PARAM, hex("01 00 4142 02 4142"), {}},
  };
  for (Shape& shape : shapes) shape.canonical = shape.given;
  return shapes;
}

// The last field of these takes whatever is left, but at least one octet.
std::vector<Shape> open_ended() {
  std::vector<Shape> shapes = {
      {RRType::DS, "ABCDE", {}},       {RRType::CDS, "ABCDE", {}}, {RRType::DNSKEY, "ABCDE", {}},
      {RRType::CDNSKEY, "ABCDE", {}},  {RRType::SSHFP, "ABC", {}}, {RRType::TLSA, "ABCD", {}},
      {RRType::ZONEMD, "ABCDEFG", {}},
  };
  for (Shape& shape : shapes) shape.canonical = shape.given;
  return shapes;
}

void expect_canonical(const Shape& shape) {
  const auto canonical = canonical_rdata(shape.type, shape.given);
  ASSERT_TRUE(canonical.has_value()) << canonical.error().message;
  EXPECT_EQ(base::to_hex(canonical.value()), base::to_hex(shape.canonical)) << to_text(shape.type);
}

TEST(CanonicalRdata, LowersTheNamesThatTheRfcsList) {
  for (const Shape& shape : with_names()) expect_canonical(shape);
}

TEST(CanonicalRdata, LeavesTheRestAlone) {
  for (const Shape& shape : without_names()) expect_canonical(shape);
  for (const Shape& shape : open_ended()) expect_canonical(shape);
}

bool fits(RRType type, const std::string& rdata) {
  return canonical_rdata(type, rdata).has_value();
}

TEST(CanonicalRdata, RefusesAnOctetTooManyOrTooFew) {
  auto shapes = without_names();
  const auto more = with_names();
  shapes.insert(shapes.end(), more.begin(), more.end());
  for (const Shape& shape : shapes) {
    const bool open = shape.type == type(24) || shape.type == type(30) ||
                      shape.type == RRType::RRSIG || shape.type == RRType::CAA;
    EXPECT_EQ(fits(shape.type, shape.given + 'x'), open) << to_text(shape.type);
    if (!open) {
      EXPECT_FALSE(fits(shape.type, shape.given.substr(0, shape.given.size() - 1)))
          << to_text(shape.type);
    }
    EXPECT_FALSE(fits(shape.type, "")) << to_text(shape.type);
  }
  for (const Shape& shape : open_ended()) {
    EXPECT_TRUE(fits(shape.type, shape.given + 'x')) << to_text(shape.type);
    EXPECT_FALSE(fits(shape.type, shape.given.substr(1))) << to_text(shape.type);
  }
}

TEST(CanonicalRdata, RefusesCompressedNames) {
  EXPECT_FALSE(fits(RRType::NS, hex("c00c")));
  EXPECT_FALSE(fits(RRType::MX, hex("000a 026162 c00c")));
}

TEST(CanonicalRdata, CharacterStrings) {
  for (const RRType text : {RRType::TXT, RRType::SPF}) {
    EXPECT_TRUE(fits(text, "\3abc"));
    EXPECT_TRUE(fits(text, "\3abc\0\1d"s));
    EXPECT_TRUE(fits(text, "\0"s));
    EXPECT_FALSE(fits(text, ""));  // RFC 1035 §3.3.14: one or more
    EXPECT_FALSE(fits(text, "\3ab"));
    EXPECT_FALSE(fits(text, "\3abc\1"));
  }
}

TEST(CanonicalRdata, CaaTagIsLettersAndDigits) {  // RFC 8659 §4.1
  EXPECT_TRUE(fits(RRType::CAA, "\0\6issue1ca.example"s));
  EXPECT_FALSE(fits(RRType::CAA, "\0\0ca.example"s));
  EXPECT_FALSE(fits(RRType::CAA, "\0\6iss ueca.example"s));
  EXPECT_FALSE(fits(RRType::CAA, "\0\x0fissue"s));
}

TEST(CanonicalRdata, BadBitmapsAndHashes) {
  EXPECT_TRUE(fits(RRType::NSEC3, hex("01 00 0000 00 01 41")));           // of an ENT: no types
  EXPECT_FALSE(fits(RRType::NSEC3, hex("01 00 0000 00 00")));             // no hash
  EXPECT_FALSE(fits(RRType::NSEC3, hex("01 00 0000 00 01 41 0001 00")));  // zero octet
  EXPECT_FALSE(fits(RRType::NSEC, lower + hex("0100 0001 40")));          // empty window
}

TEST(CanonicalRdata, ServiceParamsAscend) {  // RFC 9460 §2.2
  EXPECT_TRUE(fits(RRType::HTTPS, hex("0001 00 0001 0000 0003 0001 41")));
  EXPECT_FALSE(fits(RRType::HTTPS, hex("0001 00 0003 0001 41 0001 0000")));
  EXPECT_FALSE(fits(RRType::HTTPS, hex("0001 00 0001 0000 0001 0000")));
  EXPECT_FALSE(fits(RRType::HTTPS, hex("0001 00 0001 0002 41")));
}

TEST(CanonicalRdata, A6PrefixSaysWhatFollows) {  // RFC 2874 §3.1
  EXPECT_TRUE(fits(type(38), hex("00") + std::string(16, 'A')));
  EXPECT_TRUE(fits(type(38), hex("80") + upper));
  EXPECT_FALSE(fits(type(38), hex("81") + upper));
  EXPECT_FALSE(fits(type(38), hex("80")));
}

TEST(CanonicalRdata, UnknownTypesAreOpaque) {  // RFC 3597 §7
  EXPECT_EQ(canonical_rdata(type(731), upper).value(), upper);
  EXPECT_EQ(canonical_rdata(type(731), "").value(), "");
  EXPECT_TRUE(fits(type(731), std::string(0xffff, 'x')));
  EXPECT_FALSE(fits(type(731), std::string(0x10000, 'x')));
}

TEST(CanonicalRdata, SaysWhichTypeAndField) {
  const std::string message = canonical_rdata(RRType::MX, hex("000a c00c")).error().message;
  EXPECT_NE(message.find("MX"), std::string::npos) << message;
  EXPECT_NE(message.find("field 2"), std::string::npos) << message;
}

TEST(CanonicalRdata, IsIdempotentForAnyOctets) {
  std::mt19937 random(8);
  for (int i = 0; i < 100000; ++i) {
    std::string rdata(random() % 40, '\0');
    for (char& c : rdata) c = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    const RRType any = type(static_cast<std::uint16_t>(random() % 66));
    const auto once = canonical_rdata(any, rdata);
    if (!once) continue;
    ASSERT_EQ(once.value().size(), rdata.size());
    ASSERT_EQ(canonical_rdata(any, once.value()).value(), once.value());
  }
}

TEST(Canonicalise, SortsAsUnsignedOctetsWithoutDuplicates) {  // RFC 4034 §6.3
  std::vector<std::string> rdatas = {"\xff"s, "b"s, "a"s, "\0"s, "ab"s, "b"s, ""s, "a\0"s};
  canonicalise(rdatas);
  EXPECT_EQ(rdatas, (std::vector<std::string>{""s, "\0"s, "a"s, "a\0"s, "ab"s, "b"s, "\xff"s}));
}

}  // namespace
}  // namespace tld::dns
