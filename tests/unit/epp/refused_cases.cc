// SPDX-License-Identifier: GPL-2.0-only
//
// Frames that this registry does not carry out: 2100 to 2308.
#include "tests/unit/epp/code_cases.h"

namespace tld::epp::testing {

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

}  // namespace tld::epp::testing
