// SPDX-License-Identifier: GPL-2.0-only
#include "zones/check.h"

#include <fstream>
#include <set>
#include <sstream>

#include "tests/unit/zones/support.h"

namespace tld::zones {
namespace {

std::set<std::string> names_of(const std::vector<Finding>& findings) {
  std::set<std::string> names;
  for (const Finding& finding : findings) names.insert(std::string(finding.check));
  return names;
}

using Names = std::set<std::string>;

struct Case {
  std::string what;
  std::string text;  // behind SOA and NS
  Names faults;
  Names warnings;
};

const char* const digest32 = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

std::vector<Case> cases() {
  const std::string sha256 = digest32;
  const std::string ns = "a NS ns.example.\n";
  return {
      {"nothing more", "", {}, {}},
      {"apex TXT", "@ TXT \"v=spf1 -all\"\n", {}, {}},
      {"glue", "a NS ns.a\nns.a A 192.0.2.1\n", {}, {}},
      {"glue at the cut", "a NS a\na A 192.0.2.1\n", {}, {}},
      {"glue of a sibling", "a NS ns.b\nb NS ns.b\nns.b A 192.0.2.1\n", {}, {}},
      {"text at a cut", ns + "a TXT x\n", {"zone-cut"}, {}},
      {"text below a cut", ns + "x.a TXT x\n", {"zone-cut"}, {}},
      {"a cut below a cut", ns + "x.a NS ns.example.\n", {"zone-cut"}, {}},
      {"DS below a cut", ns + "x.a DS 1 13 2 " + sha256 + "\n", {"zone-cut"}, {}},
      {"CNAME alone", "a CNAME b\nb A 192.0.2.1\n", {}, {}},
      {"CNAME beside text", "a CNAME b\na TXT x\n", {"cname-alone"}, {}},
      {"CNAME beside an address", "a CNAME b\na A 192.0.2.1\n", {"cname-alone"}, {}},
      {"two CNAMEs", "a CNAME b\na CNAME c\n", {"cname-alone"}, {}},
      {"DS at a cut", ns + "a DS 1 13 2 " + sha256 + "\n", {}, {}},
      {"DS without a cut", "a DS 1 13 2 " + sha256 + "\n", {"ds-at-cut"}, {}},
      {"DS at the apex", "@ DS 1 13 2 " + sha256 + "\n", {"ds-at-cut"}, {}},
      {"SHA-256 digest too short", ns + "a DS 1 13 2 0001\n", {"ds-digest"}, {}},
      {"SHA-1 digest too long", ns + "a DS 1 13 1 " + sha256 + "\n", {"ds-digest"}, {}},
      {"SHA-384 digest too short", ns + "a DS 1 13 4 " + sha256 + "\n", {"ds-digest"}, {}},
      {"GOST digest", ns + "a DS 1 12 3 " + sha256 + "\n", {}, {}},
      {"digest of a type unknown here", ns + "a DS 1 13 200 0001\n", {}, {}},
      {"wildcard", "* A 192.0.2.1\n", {"wildcard"}, {}},
      {"wildcard as empty non-terminal", "a.*.b A 192.0.2.1\n", {"wildcard"}, {}},
      {"a star in a label", "a*b A 192.0.2.1\n", {}, {}},
      {"DNAME", "a DNAME b.example.\n", {"type-refused"}, {}},
      {"meta type", "a TYPE255 \\# 0\n", {"type-refused"}, {}},
      {"type OPT", "a TYPE41 \\# 0\n", {"type-refused"}, {}},
      {"a type unknown here", "a TYPE65280 \\# 2 abcd\n", {}, {}},
      {"second SOA", "@ SOA ns.example. host.example. 8 1800 900 604800 300\n", {"soa-single"}, {}},
      {"SOA below the apex",
       "a SOA ns.example. host.example. 8 1800 900 604800 300\n",
       {"soa-at-apex"},
       {}},
      {"owner outside", "a.example. A 192.0.2.1\n", {"owner-in-zone"}, {}},
      {"name server inside without glue", "a NS ns.a\n", {"glue-missing"}, {}},
      {"name server at the cut without glue", "a NS a\n", {"glue-missing"}, {}},
      {"name server below another cut without glue",
       "a NS ns.b\nb NS ns.example.\n",
       {},
       {"sibling-glue-missing"}},
      {"name server of the zone without address",
       "a NS ns.b\nns.b TXT x\n",
       {},
       {"ns-address-missing"}},
      {"the zone's own name server without address", "@ NS ns\n", {"apex-ns-address"}, {}},
      {"the zone's own name server below a cut", "@ NS ns.a\n" + ns, {}, {"sibling-glue-missing"}},
      {"name server is an alias", "a NS ns\nns CNAME ns.example.\n", {}, {"ns-target-cname"}},
      {"orphan glue", ns + "ns.a A 192.0.2.1\n", {}, {"orphan-glue"}},
      {"orphan at the cut", ns + "a A 192.0.2.1\n", {}, {"orphan-glue"}},
      {"an address of the zone is no orphan", "ns A 192.0.2.1\n", {}, {}},
  };
}

TEST(Check, FindsWhatItIsNamedFor) {
  for (const Case& one : cases()) {
    const CheckReport report = check(content_of(with_apex(one.text)));
    EXPECT_EQ(names_of(report.faults), one.faults) << one.what << "\n" << report.faults_text();
    EXPECT_EQ(names_of(report.warnings), one.warnings) << one.what;
    EXPECT_EQ(report.passed(), one.faults.empty()) << one.what;
  }
}

TEST(Check, ZoneWithoutSoaOrNs) {
  const CheckReport no_soa = check(content_of("$TTL 1\n@ NS ns.example.\n"));
  EXPECT_EQ(names_of(no_soa.faults), Names{"soa-single"});
  const CheckReport no_ns = check(content_of("$TTL 1\n@ SOA a. b. 1 1800 900 604800 300\n"));
  EXPECT_EQ(names_of(no_ns.faults), Names{"ns-apex"});
  EXPECT_EQ(names_of(check(content_of("")).faults), (Names{"soa-single", "ns-apex"}));
}

ZoneContent content_with(dns::RRType type, std::uint32_t ttl,
                         const std::vector<std::string>& rdatas, dns::NameView apex) {
  ContentBuilder builder(apex);
  dns::Soa soa;
  soa.refresh = 1800;
  soa.retry = 900;
  soa.expire = 604800;
  builder.add(apex, dns::RRType::SOA, 3600, soa.wire());
  builder.add(apex, dns::RRType::NS, 3600, name("ns.example.").wire());
  for (const auto& rdata : rdatas) builder.add(apex, type, ttl, rdata);
  return must(builder.finish()).content;
}

// What no zone file can hold, but a store written by somebody else could.
TEST(Check, DnssecTypes) {
  for (const auto type :
       {dns::RRType::RRSIG, dns::RRType::NSEC, dns::RRType::NSEC3, dns::RRType::NSEC3PARAM,
        dns::RRType::ZONEMD, dns::RRType::DNSKEY, dns::RRType::CDS, dns::RRType::CDNSKEY}) {
    const CheckReport report = check(content_with(type, 1, {"x"}, name("kz.")));
    EXPECT_EQ(names_of(report.faults), Names{"type-dnssec"}) << to_text(type);
  }
}

TEST(Check, MadeUpTypes) {
  for (const auto type : {dns::RRType::ALIAS, dns::RRType::LUA, dns::RRType::ANY}) {
    const CheckReport report = check(content_with(type, 1, {"x"}, name("kz.")));
    EXPECT_EQ(names_of(report.faults), Names{"type-refused"}) << to_text(type);
  }
}

TEST(Check, TtlRange) {
  const auto a = dns::RRType::A;
  EXPECT_TRUE(check(content_with(a, 0x7fffffff, {"1234"}, name("kz."))).passed());
  const CheckReport report = check(content_with(a, 0x80000000, {"1234"}, name("kz.")));
  EXPECT_EQ(names_of(report.faults), Names{"ttl-range"});
  const CheckReport minimum =
      check(content_of("$TTL 1\n@ SOA a. b. 1 1800 900 604800 2147483648\n@ NS ns.example.\n"));
  EXPECT_EQ(names_of(minimum.faults), Names{"ttl-range"});  // the TTL of NSEC3PARAM
}

TEST(Check, RRsetSize) {
  std::vector<std::string> rdatas;
  for (int i = 0; i < 240; ++i) rdatas.push_back("\xff" + std::string(255, static_cast<char>(i)));
  EXPECT_EQ(names_of(check(content_with(dns::RRType::TXT, 1, rdatas, name("kz."))).faults),
            Names{"rrset-size"});
  rdatas.resize(230);
  EXPECT_TRUE(check(content_with(dns::RRType::TXT, 1, rdatas, name("kz."))).passed());
}

// The hashed owner name, 33 octets in front of the apex, must be a name.
TEST(Check, ApexLength) {
  const std::string label(63, 'a');
  const std::string three = label + "." + label + "." + label + ".";  // 193 octets
  const dns::Name fits = name(std::string(28, 'b') + "." + three);    // 222
  ASSERT_EQ(fits.wire().size(), 222u);
  EXPECT_TRUE(check(content_with(dns::RRType::A, 1, {}, fits)).passed());
  const dns::Name long_apex = name(std::string(29, 'b') + "." + three);
  EXPECT_EQ(names_of(check(content_with(dns::RRType::A, 1, {}, long_apex)).faults),
            Names{"apex-length"});
}

TEST(Check, SoaTimersWarn) {
  const auto warnings = [](const std::string& numbers) {
    return check(content_of("$TTL 1\n@ SOA a. b. 1 " + numbers + "\n@ NS ns.example.\n"))
        .warning_count;
  };
  EXPECT_EQ(warnings("1800 900 604800 86400"), 0u);
  EXPECT_EQ(warnings("1800 900 2700 3600"), 1u);     // expire
  EXPECT_EQ(warnings("1800 1800 604800 3600"), 1u);  // retry
  EXPECT_EQ(warnings("1800 900 604800 86401"), 1u);  // minimum
}

TEST(Check, CountsAreCompleteWhenFindingsAreCut) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += "d" + std::to_string(i) + " DS 1 13 2 00\n";
  const CheckReport report = check(content_of(with_apex(text)));
  EXPECT_EQ(report.fault_count, 300u);  // ds-at-cut and ds-digest
  EXPECT_EQ(report.faults.size(), CheckReport::max_findings);
  EXPECT_NE(report.faults_text().find("\nand 200 more"), std::string::npos);
}

TEST(Check, FaultsTellTheLine) {
  const ImportedZone zone =
      imported(with_apex("\na NS ns.example.\n; comment\nx.a TXT (\n \"y\" )\n"));
  const CheckReport report = check(zone.content);
  EXPECT_EQ(faults_with_lines(report, zone, "kz.zone").substr(0, 38),
            "kz.zone:7: zone-cut: x.a.kz.: TXT at o");
}

TEST(Check, EachNameIsALineInTheDocument) {
  std::ifstream file(TLD_SOURCE_DIR "/docs/checks.md");
  std::set<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) documented.insert(line.substr(3, line.find('`', 3) - 3));
  }
  std::set<std::string> existing;
  for (const CheckName& check_name : check_names()) existing.insert(std::string(check_name.name));
  EXPECT_EQ(documented, existing);
}

}  // namespace
}  // namespace tld::zones
