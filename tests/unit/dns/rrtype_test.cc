// SPDX-License-Identifier: GPL-2.0-only
#include "dns/rrtype.h"

#include <gtest/gtest.h>

namespace tld::dns {
namespace {

TEST(RRType, Mnemonics) {
  // The enumeration and the table of mnemonics are written separately.
  const std::pair<RRType, const char*> known[] = {
      {RRType::A, "A"},         {RRType::NS, "NS"},         {RRType::CNAME, "CNAME"},
      {RRType::SOA, "SOA"},     {RRType::PTR, "PTR"},       {RRType::HINFO, "HINFO"},
      {RRType::MX, "MX"},       {RRType::TXT, "TXT"},       {RRType::AAAA, "AAAA"},
      {RRType::LOC, "LOC"},     {RRType::SRV, "SRV"},       {RRType::NAPTR, "NAPTR"},
      {RRType::DNAME, "DNAME"}, {RRType::DS, "DS"},         {RRType::SSHFP, "SSHFP"},
      {RRType::RRSIG, "RRSIG"}, {RRType::NSEC, "NSEC"},     {RRType::DNSKEY, "DNSKEY"},
      {RRType::NSEC3, "NSEC3"}, {RRType::TLSA, "TLSA"},     {RRType::NSEC3PARAM, "NSEC3PARAM"},
      {RRType::CDS, "CDS"},     {RRType::ZONEMD, "ZONEMD"}, {RRType::CDNSKEY, "CDNSKEY"},
      {RRType::SVCB, "SVCB"},   {RRType::HTTPS, "HTTPS"},   {RRType::SPF, "SPF"},
      {RRType::ANY, "ANY"},     {RRType::CAA, "CAA"},       {RRType::LUA, "LUA"},
      {RRType::ALIAS, "ALIAS"},
  };
  for (const auto& [type, text] : known) {
    EXPECT_EQ(to_text(type), text);
    EXPECT_EQ(rrtype_from_text(text).value(), type);
  }
}

TEST(RRType, EveryNumberReadsBack) {
  for (int value = 0; value <= 0xffff; ++value) {
    const auto type = static_cast<RRType>(value);
    ASSERT_EQ(rrtype_from_text(to_text(type)).value(), type);
    ASSERT_EQ(rrtype_from_text("TYPE" + std::to_string(value)).value(), type);  // RFC 3597 §5
  }
}

TEST(RRType, TextInAnyCase) {
  EXPECT_EQ(rrtype_from_text("dnsKey").value(), RRType::DNSKEY);
  EXPECT_EQ(rrtype_from_text("type1").value(), RRType::A);
}

TEST(RRType, RefusesWhatIsNoType) {
  for (const char* text : {"", "B", "AA", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "TYPE 1",
                           "TYPE1x", "TYPE99999999999999", "NSEC3 ", "YPE1"}) {
    EXPECT_FALSE(rrtype_from_text(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tld::dns
