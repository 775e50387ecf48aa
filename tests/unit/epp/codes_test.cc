// SPDX-License-Identifier: GPL-2.0-only
//
// Every result code that docs/epp.md names, each for every reason that it is given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/epp/frames.h"

namespace tld::epp {
namespace {

using namespace testing;
using ::testing::HasSubstr;

struct Case {
  const char* what;
  int code;
  std::string xml;
  const char* in_response;  // part of <value> or <reason>
};

const std::string n = "<domain:name>a.kz</domain:name>";
const std::string pw = "<domain:authInfo><domain:pw>x</domain:pw></domain:authInfo>";
const std::string ns1 = "<domain:ns><domain:hostObj>ns1.example.net</domain:hostObj></domain:ns>";

std::string name_only(const std::string& text) {
  return frame(domain("delete", "<domain:name>" + text + "</domain:name>"));
}
std::string create_host(const std::string& name, const std::string& rest = "") {
  return frame(host("create", "<host:name>" + name + "</host:name>" + rest));
}
std::string update_host(const std::string& name, const std::string& rest) {
  return frame(host("update", "<host:name>" + name + "</host:name>" + rest));
}
std::string v4(const std::string& address) {
  return "<host:addr ip=\"v4\">" + address + "</host:addr>";
}
std::string add_ds(const std::string& content) {
  return update_ds("a.kz", secdns("update", "<secDNS:add>" + content + "</secDNS:add>"));
}
std::string remove_ds(const std::string& content) {
  return update_ds("a.kz", secdns("update", "<secDNS:rem>" + content + "</secDNS:rem>"));
}
std::string ds_1_0(const std::string& verb, const std::string& content) {
  return update_ds(
      "a.kz",
      secdns("update", "<secDNS:" + verb + ">" + content + "</secDNS:" + verb + ">", "1.0"));
}
std::string add_ns(const std::string& name) {
  return frame(domain("update", n + "<domain:add><domain:ns><domain:hostObj>" + name +
                                    "</domain:hostObj></domain:ns></domain:add>"));
}
std::string many_ds(unsigned count) {
  std::string all;
  for (unsigned i = 0; i < count; ++i) all += ds_data(100 + i);
  return all;
}
std::string many_addresses(int count) {
  std::string all;
  for (int i = 1; i <= count; ++i) all += v4("192.0.2." + std::to_string(i));
  return all;
}

std::vector<Case> syntax_cases() {
  const std::string create = domain("create", n + ns1 + pw);
  return {
      {"no XML", 2001, "hello", "not well-formed"},
      {"empty", 2001, "", "not well-formed"},
      {"another root", 2001, "<html/>", "not an EPP frame"},
      {"root without namespace", 2001, "<epp><command/></epp>", "not an EPP frame"},
      {"DOCTYPE", 2001, "<!DOCTYPE epp [<!ENTITY a \"b\">]>" + create, "DOCTYPE"},
      {"entity", 2001, name_only("&a;"), "undefined entity"},
      {"broken UTF-8", 2001, name_only("\xc3\x28.kz"), "not well-formed"},
      {"overlong UTF-8", 2001, name_only("\xc0\xaf.kz"), "not well-formed"},
      {"NUL", 2001, name_only(std::string("a\0.kz", 5)), "not well-formed"},
      {"Latin-1", 2001, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><epp/>", "encoding"},
      {"XML 1.1", 2001, "<?xml version=\"1.1\"?><epp/>", "version"},
      {"attribute twice", 2001,
       update_ds("a.kz", secdns("update", "<secDNS:chg/>", "1.1", " urgent=\"0\" urgent=\"0\"")),
       "duplicate attribute"},
      {"prefix unknown", 2001, frame("<create><domain:create/></create>"), "unbound prefix"},
      {"something behind", 2001, name_only("a.kz") + "x", "behind the end"},
      {"two frames", 2001, name_only("a.kz") + name_only("a.kz"), "behind the end"},
      {"too deep", 2001,
       frame("<create>" + std::string(100, ' ') +
             "<a><a><a><a><a><a><a><a><a>"
             "<a><a><a>"),
       "nested"},
      {"too large", 2001, name_only(std::string(70000, 'a')), "65536"},
      {"command twice", 2001,
       "<epp xmlns=\"urn:ietf:params:xml:ns:epp-1.0\"><command/><command/></epp>", "too often"},
      {"greeting", 2001, "<epp xmlns=\"urn:ietf:params:xml:ns:epp-1.0\"><greeting/></epp>",
       "only commands are taken"},
      {"unknown command", 2001, frame("<destroy/>"), "no command of EPP"},
      {"command of another namespace", 2001, frame("<create xmlns=\"urn:x\"/>"),
       "no command of EPP"},
      {"verb and object differ", 2001,
       frame(
           "<create><domain:update xmlns:domain=\"urn:ietf:params:xml:ns:domain-1.0\"/></create>"),
       "not what the command is called"},
      {"two objects", 2001, frame("<create><a xmlns=\"urn:a\"/><a xmlns=\"urn:a\"/></create>"),
       "too often"},
      {"element unknown", 2001, frame(domain("delete", n + "<domain:cheap/>")), "domain:cheap"},
      {"element of another namespace", 2001,
       frame(domain("delete", n + "<x:name xmlns:x=\"urn:x\"/>")), "urn:x"},
      {"name twice", 2001, frame(domain("delete", n + n)), "too often"},
      {"out of order", 2001, frame(domain("create", ns1 + n + pw)), "has to come before"},
      {"add behind rem", 2001,
       frame(domain("update", n + "<domain:rem>" + ns1 + "</domain:rem><domain:add>" + ns1 +
                                  "</domain:add>")),
       "domain:add"},
      {"text between elements", 2001, frame(domain("delete", "x" + n)), "only elements"},
      {"element inside text", 2001, name_only("a<b xmlns=\"urn:b\"/>.kz"), "only text"},
      {"attribute unknown", 2001,
       frame(domain("delete", "<domain:name lang=\"en\">a.kz</domain:name>")), "attribute lang"},
      {"attribute value unknown", 2001,
       create_host("ns5.a.kz", "<host:addr ip=\"v5\">192.0.2.1</host:addr>"), "attribute ip"},
      {"attribute value with bars", 2001,
       create_host("ns5.a.kz", "<host:addr ip=\"v4|v6\">192.0.2.1</host:addr>"), "attribute ip"},
      {"status unknown", 2001,
       frame(domain("update", n + "<domain:add><domain:status s=\"sold\"/></domain:add>")),
       "attribute s"},
      {"secDNS beside a host", 2001,
       frame(host("delete", "<host:name>ns1.a.kz</host:name>"), secdns("update", "")), "secDNS"},
      {"secDNS beside delete", 2001, frame(domain("delete", n), secdns("delete", "")), "secDNS"},
      {"secDNS:create in an update", 2001, update_ds("a.kz", secdns("create", ds_data(5))),
       "secDNS"},
      {"secDNS twice", 2001,
       update_ds("a.kz", secdns("update", "<secDNS:chg/>") + secdns("update", "<secDNS:chg/>")),
       "one secDNS"},
      {"1.1's add before rem", 2001,
       update_ds("a.kz", secdns("update", "<secDNS:add>" + ds_data(5) +
                                              "</secDNS:add><secDNS:rem><secDNS:all>true"
                                              "</secDNS:all></secDNS:rem>")),
       "secDNS:rem"},
      {"1.0 knows one change", 2001,
       update_ds("a.kz", secdns("update",
                                "<secDNS:add>" + ds_data(5) +
                                    "</secDNS:add><secDNS:rem>"
                                    "<secDNS:keyTag>1</secDNS:keyTag></secDNS:rem>",
                                "1.0")),
       "secDNS:rem"},
      {"1.0 knows no keyData alone", 2001,
       ds_1_0("add", key_data({257, 3, 13, std::string(64, 'k')})), "secDNS:keyData"},
      {"both kinds", 2001, add_ds(ds_data(5) + key_data({257, 3, 13, std::string(64, 'k')})),
       "secDNS:keyData"},
  };
}

std::vector<Case> value_cases() {
  const std::string short_digest(63, 'a');
  return {
      {"no command", 2003, frame(""), "the command is empty"},
      {"no object", 2003, frame("<create/>"), "names no object"},
      {"no name", 2003, frame(domain("delete", "")), "name is missing"},
      {"empty name", 2003, name_only(" \n "), "empty"},
      {"no authInfo", 2003, frame(domain("create", n + ns1)), "authInfo is missing"},
      {"empty authInfo", 2003, frame(domain("create", n + ns1 + "<domain:authInfo/>")), "authInfo"},
      {"empty ns", 2003, frame(domain("create", n + "<domain:ns/>" + pw)), "hostObj"},
      {"nothing to update", 2003, frame(domain("update", n)), "none of add"},
      {"nothing to update at a host", 2003, update_host("ns1.a.kz", ""), "none of add"},
      {"no new name", 2003, update_host("ns1.a.kz", "<host:chg/>"), "name is missing"},
      {"no attribute s", 2003,
       frame(domain("update", n + "<domain:add><domain:status/></domain:add>")), "attribute s"},
      {"no extension", 2003, update_ds("a.kz", " "), "extension is empty"},
      {"secDNS without content", 2003, update_ds("a.kz", secdns("update", "")), "none of rem"},
      {"secDNS-1.0 without content", 2003, update_ds("a.kz", secdns("update", "", "1.0")),
       "none of add"},
      {"no dsData", 2003, add_ds(""), "neither dsData"},
      {"no keyTag to remove", 2003, ds_1_0("rem", ""), "keyTag is missing"},
      {"no digest", 2003,
       add_ds("<secDNS:dsData><secDNS:keyTag>1</secDNS:keyTag><secDNS:alg>13"
              "</secDNS:alg><secDNS:digestType>2</secDNS:digestType>"
              "</secDNS:dsData>"),
       "digest is missing"},
      {"empty digest", 2003, add_ds(ds_data(1, 13, 2, "")), "empty"},
      {"key tag", 2004, add_ds(ds_data(65536)), "<secDNS:keyTag"},
      {"key tag of 2^64", 2004,
       ds_1_0("rem", "<secDNS:keyTag>18446744073709551617</secDNS:keyTag>"),
       "18446744073709551617"},
      {"algorithm", 2004, add_ds(ds_data(1, 256)), "from 0 to 255"},
      {"digest type", 2004, add_ds(ds_data(1, 13, 256)), "from 0 to 255"},
      {"maxSigLife", 2004, add_ds("<secDNS:maxSigLife>0</secDNS:maxSigLife>" + ds_data(5)),
       "maxSigLife"},
      {"period", 2004,
       frame(domain("create", n + "<domain:period unit=\"y\">100</domain:period>" + ns1 + pw)),
       "from 1 to 99"},
      {"U-label", 2005, name_only("\xd2\x9b\xd0\xb0\xd0\xb7.kz"), "U-label"},
      {"underscore", 2005, name_only("a_b.kz"), "a_b.kz"},
      {"escape", 2005, name_only("a\\.b.kz"), "letters, digits"},
      {"wildcard", 2005, name_only("*.kz"), "letters, digits"},
      {"empty label", 2005, name_only("a..kz"), "empty label"},
      {"long label", 2005, name_only(std::string(64, 'a') + ".kz"), "63 octets"},
      {"name of 300 octets", 2005, name_only([] {
         std::string name;
         for (int i = 0; i < 30; ++i) name += "abcdefghi.";
         return name + "kz";
       }()),
       "255 octets"},
      {"hyphen in front", 2005, name_only("-a.kz"), "hyphen"},
      {"hyphen at the end", 2005, name_only("a-.kz"), "hyphen"},
      {"the root", 2005, name_only("."), "root"},
      {"no A-label", 2005, create_domain("xn--a.kz", {"ns1.example.net"}), "A-label"},
      {"reserved label", 2005, create_domain("ab--c.kz", {"ns1.example.net"}), "RFC 5890"},
      {"odd hex", 2005, add_ds(ds_data(1, 13, 2, short_digest)), "odd"},
      {"no hex", 2005, add_ds(ds_data(1, 13, 2, std::string(64, 'g'))), "no digit"},
      {"hex with a space", 2005, add_ds(ds_data(1, 13, 2, "aaaa aaaa ")), "base16"},
      {"no base64", 2005,
       add_ds("<secDNS:keyData><secDNS:flags>257</secDNS:flags><secDNS:protocol>3</secDNS:protocol>"
              "<secDNS:alg>13</secDNS:alg><secDNS:pubKey>A</secDNS:pubKey></secDNS:keyData>"),
       "secDNS:pubKey"},
      {"no number", 2005, ds_1_0("rem", "<secDNS:keyTag>-1</secDNS:keyTag>"), "whole number"},
      {"no boolean", 2005, remove_ds("<secDNS:all>yes</secDNS:all>"), "neither true nor false"},
      {"no address", 2005, create_host("ns5.a.kz", v4("192.0.2.256")), "no IPv4"},
      {"address with leading zero", 2005, create_host("ns5.a.kz", v4("192.0.2.01")), "no IPv4"},
      {"v6 is not v4", 2005, create_host("ns5.a.kz", v4("2001:db8::1")), "no IPv4"},
      {"v4 by default", 2005, create_host("ns5.a.kz", "<host:addr>2001:db8::1</host:addr>"),
       "no IPv4"},
      {"no IPv6", 2005, create_host("ns5.a.kz", "<host:addr ip=\"v6\">192.0.2.1</host:addr>"),
       "no IPv6"},
      {"short contact", 2005,
       frame(domain("create", n + ns1 + "<domain:registrant>x</domain:registrant>" + pw)),
       "3 to 16"},
      {"short clTRID", 2005,
       "<epp xmlns=\"urn:ietf:params:xml:ns:epp-1.0\"><command>" + domain("delete", n) +
           "<clTRID>ab</clTRID></command></epp>",
       "3 to 64"},
  };
}

std::vector<Case> unimplemented_cases() {
  std::vector<Case> cases = {
      {"another version", 2100, "<epp xmlns=\"urn:ietf:params:xml:ns:epp-2.0\"><command/></epp>",
       "epp-1.0"},
      {"hello", 2101, "<epp xmlns=\"urn:ietf:params:xml:ns:epp-1.0\"><hello/></epp>", "hello"},
      {"hostAttr", 2102,
       frame(domain("create", n +
                                  "<domain:ns><domain:hostAttr><domain:hostName>ns.a.kz"
                                  "</domain:hostName></domain:hostAttr></domain:ns>" +
                                  pw)),
       "RFC 5731 section 1.1"},
      {"clientHold", 2102,
       frame(domain("update", n + "<domain:add><domain:status s=\"clientHold\"/></domain:add>")),
       "clientHold"},
      {"serverHold", 2102,
       frame(domain("update", n + "<domain:rem><domain:status s=\"serverHold\"/></domain:rem>")),
       "serverHold"},
      {"urgent", 2102,
       update_ds("a.kz", secdns("update", "<secDNS:chg/>", "1.1", " urgent=\"true\"")), "urgent"},
      {"urgent, 1.0", 2102,
       update_ds("a.kz", secdns("update", "<secDNS:add>" + ds_data(5) + "</secDNS:add>", "1.0",
                                " urgent=\"1\"")),
       "urgent"},
      {"maxSigLife in add", 2102,
       add_ds("<secDNS:maxSigLife>604800</secDNS:maxSigLife>" + ds_data(5)), "604800"},
      {"maxSigLife in chg", 2102,
       update_ds("a.kz", secdns("update",
                                "<secDNS:chg><secDNS:maxSigLife>604800"
                                "</secDNS:maxSigLife></secDNS:chg>")),
       "604800"},
      {"maxSigLife, 1.0", 2102,
       ds_1_0("add",
              "<secDNS:dsData><secDNS:keyTag>5</secDNS:keyTag><secDNS:alg>13</secDNS:alg>"
              "<secDNS:digestType>2</secDNS:digestType><secDNS:digest>" +
                  std::string(64, 'a') +
                  "</secDNS:digest><secDNS:maxSigLife>604800"
                  "</secDNS:maxSigLife></secDNS:dsData>"),
       "604800"},
      {"another extension", 2103,
       update_ds("a.kz", "<ttl:update xmlns:ttl=\"urn:ietf:params:xml:ns:epp:ttl-1.0\"/>"),
       "urn:ietf:params:xml:ns:epp:ttl-1.0"},
      {"contacts", 2307,
       frame("<create><c:create xmlns:c=\"urn:ietf:params:xml:ns:contact-1.0\"/></create>"),
       "contact-1.0"},
  };
  for (const char* verb : {"check", "info", "login", "logout", "poll", "renew", "transfer"}) {
    cases.push_back({verb, 2101, frame(std::string("<") + verb + "/>"), verb});
  }
  return cases;
}

std::vector<Case> association_cases() {
  return {
      {"domain there", 2302, create_domain("a.kz", {"ns1.example.net"}), "a.kz"},
      {"host there", 2302, create_host("ns1.a.kz"), "ns1.a.kz"},
      {"DS there", 2302, add_ds(ds_data(1, 13, 2, '1')), "has this DS already"},
      {"DS twice", 2302, add_ds(ds_data(5) + ds_data(5)), "has this DS already"},
      {"name server there", 2302, add_ns("ns1.example.net"), "already"},
      {"address there", 2302,
       update_host("ns1.a.kz", "<host:add>" + v4("192.0.2.1") + "</host:add>"), "192.0.2.1"},
      {"new host name there", 2302,
       update_host("ns1.a.kz", "<host:chg><host:name>NS2.example.net</host:name></host:chg>"),
       "NS2.example.net"},
      {"no domain to delete", 2303, name_only("c.kz"), "c.kz"},
      {"no domain to update", 2303, update_ds("c.kz", secdns("update", "<secDNS:chg/>")), "c.kz"},
      {"no host to delete", 2303, frame(host("delete", "<host:name>x.kz</host:name>")), "x.kz"},
      {"no host to update", 2303, update_host("x.kz", "<host:add/>"), "x.kz"},
      {"no host to name", 2303, add_ns("ns9.example.net"), "ns9.example.net"},
      {"no name server to remove", 2303,
       frame(domain("update", n + "<domain:rem><domain:ns><domain:hostObj>ns2.example.net"
                                  "</domain:hostObj></domain:ns></domain:rem>")),
       "ns2.example.net"},
      {"no DS to remove", 2303, remove_ds(ds_data(1, 13, 2, '9')), "no such DS"},
      {"no DS of the key", 2303, remove_ds(key_data({257, 3, 13, std::string(64, 'k')})),
       "no such DS"},
      {"no DS of the tag", 2303, ds_1_0("rem", "<secDNS:keyTag>3</secDNS:keyTag>"), "key tag"},
      {"no address to remove", 2303,
       update_host("ns1.a.kz", "<host:rem>" + v4("192.0.2.9") + "</host:rem>"), "192.0.2.9"},
      {"no superordinate domain", 2303, create_host("ns1.c.kz", v4("192.0.2.1")), "superordinate"},
      {"no superordinate domain of the new name", 2303,
       update_host("ns1.a.kz", "<host:chg><host:name>ns1.c.kz</host:name></host:chg>"),
       "superordinate"},
      {"the zone's own host", 2304, frame(host("delete", "<host:name>ns.nic.kz</host:name>")),
       "zone itself"},
      {"the zone's own host's address", 2304,
       update_host("ns.nic.kz", "<host:rem>" + v4("192.0.2.53") + "</host:rem>"), "zone itself"},
      {"domain with hosts", 2305, name_only("a.kz"), "ns1.a.kz"},
      {"host in use", 2305, frame(host("delete", "<host:name>ns1.a.kz</host:name>")), "a.kz"},
      {"last glue", 2305,
       update_host("ns1.a.kz", "<host:rem>" + v4("192.0.2.1") +
                                   "<host:addr ip=\"v6\">2001:DB8:0::1</host:addr></host:rem>"),
       "no address would be left"},
  };
}

std::vector<Case> policy_cases() {
  return {
      {"the apex", 2306, create_domain("kz", {"ns1.example.net"}), "not below kz."},
      {"another zone", 2306, create_domain("a.kg", {"ns1.example.net"}), "not below kz."},
      {"below a domain", 2306, create_domain("x.a.kz", {"ns1.example.net"}), "below the domain"},
      {"a host's name", 2306, create_domain("ns.nic.kz", {"ns1.example.net"}), "host of its own"},
      {"above the zone's host", 2306, create_domain("nic.kz", {"ns1.example.net"}),
       "host of its own"},
      {"name server without glue", 2306, add_ns("ns2.a.kz"), "has no address"},
      {"address of a host outside", 2306, create_host("ns9.example.net", v4("192.0.2.1")),
       "no addresses here"},
      {"addresses are left behind", 2306,
       update_host("ns1.a.kz", "<host:chg><host:name>ns9.example.net</host:name></host:chg>"),
       "no addresses here"},
      {"digest too short", 2306, add_ds(ds_data(5, 13, 2, "aa")), "1 octets"},
      {"digest too long", 2306, add_ds(ds_data(5, 13, 2, std::string(66, 'a'))), "33 octets"},
      {"algorithm not supported", 2306, add_ds(ds_data(5, 3)), "DSA"},
      {"digest type not supported", 2306, add_ds(ds_data(5, 13, 5)), "GOST R 34.11-2012"},
      {"GOST", 2306, add_ds(ds_data(5, 12, 3)), "RFC 9906"},
      {"digest of nothing", 2306, add_ds(ds_data(5, 0)), "reserved"},
      {"key without zone flag", 2306, add_ds(key_data({1, 3, 13, std::string(64, 'k')})),
       "not a zone key"},
      {"key of a wrong length", 2306, add_ds(key_data({257, 3, 13, std::string(63, 'k')})),
       "63 octets"},
      {"key of an algorithm not supported", 2306, add_ds(key_data({257, 3, 3, "key"})), "DSA"},
      {"digest of another key", 2306, add_ds([] {
         std::string data = ds_data(dns::Dnskey{257, 3, 13, std::string(64, 'k')}.key_tag());
         const std::string end = "</secDNS:dsData>";
         data.resize(data.size() - end.size());
         return data + key_data({257, 3, 13, std::string(64, 'k')}) + end;
       }()),
       "the digest is not that of the keyData"},
      {"no name server", 2308, create_domain("c.kz", {}), "without name servers"},
      {"no name server left", 2308,
       frame(domain("update",
                    "<domain:name>b.kz</domain:name><domain:rem><domain:ns>"
                    "<domain:hostObj>ns1.example.net</domain:hostObj>"
                    "<domain:hostObj>ns2.example.net</domain:hostObj></domain:ns>"
                    "</domain:rem>")),
       "no name server would be left"},
      {"17 DS", 2308, add_ds(many_ds(15)), "17 DS"},
      {"17 addresses", 2308, create_host("ns5.a.kz", many_addresses(17)), "17 addresses"},
  };
}

std::string dump(const Case& one, const Reply& reply) {
  return std::string(one.what) + "\n" + one.xml.substr(0, 2000) + "\n" + reply.xml.substr(0, 2000);
}

TEST(Codes, EachRefusalHasItsCodeAndReasonAndChangesNothing) {
  std::set<int> reached;
  for (const auto& cases : {syntax_cases(), value_cases(), unimplemented_cases(),
                            association_cases(), policy_cases()}) {
    for (const Case& one : cases) {
      MemoryRegistry registry = registry_of_kz();
      // ns2.a.kz: a host in the zone without an address.
      registry.objects.hosts[dns::Name::from_text("ns2.a.kz.").value()] = {
          dns::Name::from_text("ns2.a.kz.").value(), 3600, {}};
      const std::string before = registry.objects.text();
      const Reply reply = send(registry, one.xml);
      EXPECT_EQ(static_cast<int>(reply.code), one.code) << dump(one, reply);
      EXPECT_THAT(reply.xml, HasSubstr("<result code=\"" + std::to_string(one.code) + "\">"));
      EXPECT_THAT(reply.xml, HasSubstr(one.in_response)) << dump(one, reply);
      EXPECT_EQ(registry.committed, 0) << dump(one, reply);
      EXPECT_EQ(registry.objects.text(), before) << dump(one, reply);
      reached.insert(one.code);
    }
  }
  EXPECT_EQ(reached, (std::set<int>{2001, 2003, 2004, 2005, 2100, 2101, 2102, 2103, 2302, 2303,
                                    2304, 2305, 2306, 2307, 2308}));
}

// 2400: whichever call of the store fails, nothing is applied.
TEST(Codes, FailureOfTheStoreUndoesEverything) {
  const std::string frames[] = {
      create_domain("c.kz", {"ns1.example.net", "ns1.a.kz"}, secdns("create", ds_data(7))),
      add_ds(ds_data(7)),
      name_only("b.kz"),
      create_host("ns7.a.kz", v4("192.0.2.7")),
      update_host("ns1.a.kz",
                  "<host:add>" + v4("192.0.2.7") +
                      "</host:add><host:chg><host:name>ns7.a.kz</host:name></host:chg>"),
      frame(host("delete", "<host:name>ns7.example.net</host:name>")),
  };
  for (const std::string& xml : frames) {
    int calls = 1;
    for (int fail = 1; fail <= calls; ++fail) {
      MemoryRegistry registry = registry_of_kz();
      const dns::Name unused = dns::Name::from_text("ns7.example.net.").value();
      registry.objects.hosts[unused] = {unused, 3600, {}};
      MemoryRegistry good = registry;
      ASSERT_EQ(send(good, xml).code, Code::done) << xml;
      EXPECT_NE(good.objects.text(), registry.objects.text()) << xml;
      calls = good.calls;
      const std::string before = registry.objects.text();
      registry.fail_call = fail;
      const Reply reply = send(registry, xml);
      EXPECT_EQ(reply.code, Code::failed) << fail << xml;
      EXPECT_THAT(reply.xml, HasSubstr("the store is away"));
      EXPECT_EQ(registry.objects.text(), before) << fail << xml;
    }
    EXPECT_GT(calls, 3) << xml;
  }
}

}  // namespace
}  // namespace tld::epp
