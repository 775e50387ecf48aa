// SPDX-License-Identifier: GPL-2.0-only
#include "zones/zone_file.h"

#include <fstream>
#include <sstream>

#include "tests/unit/zones/support.h"

namespace tld::zones {
namespace {

using dns::RRType;
using namespace std::string_literals;

// The records of `text` in zone kz., written out again.
std::string written(const std::string& text) {
  std::ostringstream out;
  write_zone_file(content_of(text), out);
  return out.str();
}

struct Accepted {
  std::string text;
  std::string records;
};

TEST(ZoneFile, Accepts) {
  const std::string label63(63, 'a');
  const std::vector<Accepted> cases{
      {"a 60 IN A 192.0.2.1", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a IN 60 A 192.0.2.1", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a 60 A 192.0.2.1", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a 60 in a 192.0.2.1", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a CLASS1 60 TYPE1 192.0.2.1", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"A.kZ. 60 NS Ns.EXAMPLE.", "a.kz.\t60\tIN\tNS\tns.example.\n"},
      {"@ 60 NS @", "kz.\t60\tIN\tNS\tkz.\n"},
      {"$TTL 5\na A 192.0.2.1\n 7 AAAA 2001:DB8::1",
       "a.kz.\t5\tIN\tA\t192.0.2.1\n"
       "a.kz.\t7\tIN\tAAAA\t2001:db8::1\n"},
      {"$TTL 1h30m\na A 192.0.2.1", "a.kz.\t5400\tIN\tA\t192.0.2.1\n"},
      {"a 1W A 192.0.2.1", "a.kz.\t604800\tIN\tA\t192.0.2.1\n"},
      {"a 60 A 192.0.2.1\nb A 192.0.2.2",
       "a.kz.\t60\tIN\tA\t192.0.2.1\nb.kz.\t60\tIN\tA\t192.0.2.2\n"},
      {"a 2147483647 A 192.0.2.1", "a.kz.\t2147483647\tIN\tA\t192.0.2.1\n"},
      {"$ORIGIN b.kz.\na 60 A 192.0.2.1\n$ORIGIN c\na 60 A 192.0.2.1",
       "a.b.kz.\t60\tIN\tA\t192.0.2.1\na.c.b.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a 60 CNAME (\n b ; comment )\n)", "a.kz.\t60\tIN\tCNAME\tb.kz.\n"},
      {"a\\.b 60 A 192.0.2.1", "a\\.b.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"\\065\\195 60 A 192.0.2.1", "a\\195.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {label63 + " 60 A 192.0.2.1", label63 + ".kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a 60 A \\# 4 c0000201", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a 60 TYPE1 \\# 4 c0 0002 01", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a 60 TYPE65280 \\# 0", "a.kz.\t60\tIN\tTYPE65280\t\\# 0\n"},
      {"a 60 TXT x \"y z\" \"\"", "a.kz.\t60\tIN\tTXT\t\"x\" \"y z\" \"\"\n"},
      {"a 60 TXT \"a;b(c\\\"d\\009\xc3\xa9\"",
       "a.kz.\t60\tIN\tTXT\t\"a;b(c\\\"d\\009\\195\\169\"\n"},
      {"a 60 TXT a\\;b\\(c", "a.kz.\t60\tIN\tTXT\t\"a;b(c\"\n"},
      {"a 60 MX 10 Mail", "a.kz.\t60\tIN\tMX\t10 mail.kz.\n"},
      {"a 60 DS 1 13 2 00 01\n", "a.kz.\t60\tIN\tDS\t1 13 2 0001\n"},
      {"a 60 SRV 1 2 65535 b", "a.kz.\t60\tIN\tSRV\t1 2 65535 b.kz.\n"},
      {"a 60 CAA 0 issue \"x.example\"", "a.kz.\t60\tIN\tCAA\t0 issue \"x.example\"\n"},
      {"a 60 PTR b.example.", "a.kz.\t60\tIN\tPTR\tb.example.\n"},
      {"a 60 A 192.0.2.1\na 60 A 192.0.2.1", "a.kz.\t60\tIN\tA\t192.0.2.1\n"},
      {"a 60 RP Ann h.example.", "a.kz.\t60\tIN\tRP\tann.kz. h.example.\n"},
      {"a 60 RP \\# 12 0161026b7a000162026b7a00", "a.kz.\t60\tIN\tRP\ta.kz. b.kz.\n"},
      {"a 60 MX 10 \\\\@b", "a.kz.\t60\tIN\tMX\t10 \\\\\\@b.kz.\n"},
      {"a 60 MX 10 @", "a.kz.\t60\tIN\tMX\t10 kz.\n"},
      {"@ 60 SOA ns.example. Host\\.master.example. ( 4294967295 1h 900 1w 300 )",
       "kz.\t60\tIN\tSOA\tns.example. host\\.master.example. 4294967295 3600 900 604800 300\n"},
  };
  for (const Accepted& one : cases) {
    const auto result = read_zone_text(one.text, "zone", name("kz."));
    ASSERT_TRUE(result.has_value()) << one.text << ": " << result.error().message;
    EXPECT_EQ(written(one.text), one.records) << one.text;
  }
}

struct Refused {
  std::string text;
  std::string fault;  // how the message goes on behind "zone:"
};

TEST(ZoneFile, Refuses) {
  const std::string label64(64, 'a');
  const std::string label50(50, 'a');
  const std::string long_name =
      label50 + "." + label50 + "." + label50 + "." + label50 + "." + label50;
  const std::vector<Refused> cases{
      {"a 60 MX 10 \\@.", "1: MX: a name with the first label @"},
      {"a 60 SRV 1 2 3 \\064.b", "1: SRV: a name with the first label @"},
      {"a 60 RP b @.c", "1: RP: a name with the first label @"},
      {"$INCLUDE other", "1: $INCLUDE is not supported"},
      {"\n$generate 1-9 a$ A 192.0.2.$", "2: $generate is not supported"},
      {"$FOO", "1: unknown directive"},
      {"$ORIGIN", "1: $ORIGIN takes one value"},
      {"$ORIGIN a..b.", "1: "},
      {"$TTL x", "1: \"x\" is not a TTL"},
      {"$TTL 2147483648", "1: ttl-range"},
      {"a A 192.0.2.1", "1: no TTL"},
      {"@ SOA a. b. 1 2 3 4 5", "1: no TTL"},
      {" 60 A 192.0.2.1", "1: no owner name"},
      {"a..b 60 A 192.0.2.1\n 60 AAAA ::1", "1: "},
      {"\"a\" 60 A 192.0.2.1", "1: a quoted string where an owner name belongs"},
      {"a 60 CH TXT x", "1: class CH: only IN is served"},
      {"a 60 CLASS3 TXT x", "1: class CLASS3: only IN is served"},
      {"a 60 IN", "1: the record has no type"},
      {"a", "1: the record has no type"},
      {"a 60 FOO x", "1: \"FOO\" is not a record type"},
      {"a 60 70 A 192.0.2.1", "1: \"70\" is not a record type"},
      {"a 60x A 192.0.2.1", "1: \"60x\" is not a TTL"},
      {"a 2147483648 A 192.0.2.1", "1: ttl-range"},
      {"a 99999999999999999999 A 192.0.2.1", "1: ttl-range"},
      {"a 60 ALIAS b", "1: type-refused: ALIAS"},
      {"a 60 LUA A x", "1: type-refused: LUA"},
      {"a 60 A 192.0.2", "1: \"192.0.2\" is not an IPv4 address"},
      {"a 60 A 192.0.2.1 x", "1: A has 1 field, not 2"},
      {"a 60 A", "1: A has 1 field, not 0"},
      {"a 60 AAAA 192.0.2.1", "1: \"192.0.2.1\" is not an IPv6 address"},
      {"a 60 NS b c", "1: NS has 1 field, not 2"},
      {"a 60 NS b..c", "1: "},
      {"a 60 DS 1 13 2", "1: DS has 4 fields, not 3"},
      {"a 60 DS 65536 13 2 00", "1: key tag \"65536\" is not a number that fits"},
      {"a 60 DS 1 256 2 00", "1: algorithm \"256\" is not a number that fits"},
      {"a 60 DS 1 13 2 0g", "1: hexadecimal digits"},
      {"a 60 DS 1 13 2 000", "1: hexadecimal digits"},
      {"a 60 MX 65536 b", "1: MX: \"65536\" is not a number that fits"},
      {"a 60 MX -1 b", "1: MX: \"-1\" is not a number that fits"},
      {"a 60 MX 1", "1: MX: fields are missing"},
      {"a 60 MX 1 b c", "1: MX: \"c\" stands behind the last field"},
      {"@ 60 SOA a. b. 4294967296 2 3 4 5", "1: SOA: \"4294967296\" is not a number that fits"},
      {"@ 60 SOA a. b. 1 2 3 4", "1: SOA: fields are missing"},
      {"a 60 TXT", "1: TXT"},
      {"a 60 TXT \"" + std::string(256, 'x') + "\"", "1: TXT"},
      {"a 60 A \\# 3 c00002", "1: "},
      {"a 60 A \\# 4 c00002", "1: \\# announces 4 octets, and 3 follow"},
      {"a 60 NS \\# 3 026b7a", "1: "},
      {"a 60 WKS 192.0.2.1 tcp 25", "1: WKS: this type can only be given as"},
      {"a 60 TYPE45 10 1 2 192.0.2.1 x", "1: IPSECKEY: this type can only be given as"},
      {"a 60 TYPE65280 abc", "1: TYPE65280: this type can only be given as"},
      {label64 + " 60 A 192.0.2.1", "1: "},
      {long_name + " 60 A 192.0.2.1", "1: "},
      {"a\xc3\xa9 60 A 192.0.2.1", "1: octet 0xc3 stands bare"},
      {"a 60 A (\n192.0.2.1", "1: this parenthesis is not closed"},
      {"a 60 A 192.0.2.1\na 61 A 192.0.2.2", "2: ttl-single: a.kz. A: TTL 61, but 60 on line 1"},
  };
  for (const Refused& one : cases) {
    const std::string wanted = "zone:" + one.fault;
    EXPECT_EQ(import_fault(one.text).substr(0, wanted.size()), wanted) << one.text;
  }
}

// 255 octets is a name; one more is none.
TEST(ZoneFile, LongestName) {
  const std::string label(63, 'a');
  const std::string three = label + "." + label + "." + label + ".";
  const auto zone = [&](std::size_t first) {
    return std::string(first, 'b') + "." + three + "kz. 60 A 192.0.2.1";
  };
  EXPECT_EQ(content_of(zone(58))[0].owner.wire().size(), 255u);
  EXPECT_NE(import_fault(zone(59)), "(no fault)");
}

// A line after a faulty owner must not be taken for the record of the owner before.
TEST(ZoneFile, NoOwnerIsInheritedPastAFault) {
  const std::string faults =
      import_fault("good 60 A 192.0.2.1\nbad..name 60 A 192.0.2.2\n 60 A 192.0.2.3\n");
  EXPECT_NE(faults.find("zone:2: "), std::string::npos) << faults;
  EXPECT_NE(faults.find("zone:3: no owner name"), std::string::npos) << faults;
}

// The first line of a record is what an operator looks for, and the lines after it are counted
// right.
TEST(ZoneFile, LineNumbersBehindRecordsOfSeveralLines) {
  const std::string text =
      "@ 60 SOA a. b. (\n1\n2 ; two\n3\n4\n5 )\n\n; comment\na 60 A (\nx )\nb 60 A y\n";
  const std::string faults = import_fault(text);
  EXPECT_EQ(faults, "zone:9: \"x\" is not an IPv4 address\nzone:11: \"y\" is not an IPv4 address");
}

TEST(ZoneFile, ShowsAHundredFaultsAndCountsTheRest) {
  std::string text;
  for (int i = 0; i < 250; ++i) text += "a 60 A x\n";
  const std::string faults = import_fault(text);
  EXPECT_EQ(std::count(faults.begin(), faults.end(), '\n'), 100);
  EXPECT_NE(faults.find("\nzone: and 150 more"), std::string::npos);
}

TEST(ZoneFile, DropsAndCountsDnssec) {
  const ImportedZone zone = imported(with_apex(
      "@ DNSKEY 256 3 13 AAAA\n@ CDS 0 0 0 00\n@ CDNSKEY 0 3 0 AA==\n@ NSEC3PARAM 1 0 0 -\n"
      "@ ZONEMD 1 1 1 00\n@ RRSIG SOA 13 1 60 2 1 1 kz. AAAA\n@ RRSIG NS 13 1 60 2 1 1 kz. AAAA\n"
      "@ NSEC a.kz. NS\nabc NSEC3 1 0 0 - abc\na NS ns.example.\na DS 1 13 2 00\n"));
  EXPECT_EQ(zone.dropped.at(RRType::RRSIG), 2u);
  EXPECT_EQ(zone.dropped.size(), 8u);
  EXPECT_EQ(zone.content.size(), 4u);  // SOA, NS; NS, DS
  EXPECT_EQ(zone.records, 13u);
  EXPECT_EQ(zone.serial, 7u);
}

TEST(ZoneFile, CountsDuplicates) {
  const ImportedZone zone =
      imported(with_apex("a A 192.0.2.1\nA.KZ. A 192.0.2.1\na A \\# 4 c0000201\n"));
  EXPECT_EQ(zone.duplicates, 2u);
  EXPECT_EQ(zone.content.record_count(), 3u);
}

TEST(ZoneFile, WhatIsWrittenReadsBackTheSame) {
  const ZoneContent content =
      content_of(with_apex("a NS ns.a\nns.a A 192.0.2.1\nb NS \\$ns\\@\\\"x.example.\n\\000\\255 "
                           "TXT \"\\000\\\\\\\"é\"\n"
                           "c TYPE65280 \\# 3 abcdef\nd NAPTR 1 2 \"u\" \"s\" \"!x!y!\" .\ne SSHFP "
                           "1 1 00\nf LOC 1 2 3 N 4 5 6 E 7m\n"
                           "g HTTPS 1 . alpn=h2\nh HINFO x y\n"
                           "i RP a b.\nj AFSDB 1 a\nk RT 65535 a.\nl PX 3 a b\nm KX 0 .\n"
                           "n TXT \\@\np SRV 1 2 3 a\\@.\\@b\n"));
  std::ostringstream out;
  write_zone_file(content, out);
  EXPECT_TRUE(content_of(out.str()) == content) << out.str();
  EXPECT_TRUE(out.str().starts_with("kz.\t3600\tIN\tSOA\t"));
}

TEST(ZoneFile, Files) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "kz.zone") << with_apex("a A x\n");
  const auto bad = read_zone_file(directory / "kz.zone", name("kz."));
  ASSERT_TRUE(bad.has_error());
  EXPECT_EQ(bad.error().message,
            (directory / "kz.zone").string() + ":4: \"x\" is not an IPv4 address");
  EXPECT_EQ(read_zone_file(directory / "none", name("kz.")).error().kind,
            base::ErrorKind::not_found);
  EXPECT_EQ(read_zone_file(directory / "", name("kz.")).error().kind,
            base::ErrorKind::invalid_input);
}

TEST(ZoneFile, ProgressEndsAtTheEnd) {
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  const std::string text = with_apex("");
  must(read_zone_text(text, "zone", name("kz."), [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
  }));
  EXPECT_EQ(last, text.size());
  EXPECT_EQ(total, text.size());
}

}  // namespace
}  // namespace tld::zones
