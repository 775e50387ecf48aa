// SPDX-License-Identifier: GPL-2.0-only
//
// Frames that no registry could carry out: 2001 to 2005.
#include "tests/unit/epp/code_cases.h"

namespace tld::epp::testing {

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

}  // namespace tld::epp::testing
