// SPDX-License-Identifier: GPL-2.0-only
//
// What the registry holds after frames that are carried out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "tests/unit/epp/frames.h"

namespace tld::epp {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string ds_a1 = "[1 13 2 " + std::string(64, '1') + "]";
const std::string ds_a2 = "[2 8 2 " + std::string(64, '2') + "]";

// RFC 6605 §6.1, whose DS with SHA-256 is for example.net; here the owner is a.kz.
dns::Dnskey key() {
  return {257, 3, 13,
          base::from_base64("GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+"
                            "e+MAnLr+Wi9xMWyQLc8NAA==")
              .value()};
}
dns::Ds ds_of_key(std::uint8_t digest_type) {
  return dns::make_ds(dns::Name::from_text("a.kz.").value(), key(), digest_type).value();
}
std::string text_of(const dns::Ds& ds) {
  return "[" + std::to_string(ds.key_tag) + " " + std::to_string(ds.algorithm) + " " +
         std::to_string(ds.digest_type) + " " + base::to_hex(ds.digest) + "]";
}

class Apply : public ::testing::Test {
 protected:
  MemoryRegistry registry = registry_of_kz();
  Settings settings = settings_of_kz();

  Reply done(const std::string& xml) {
    const Reply reply = send(registry, xml, settings);
    EXPECT_EQ(reply.code, Code::done) << xml << "\n" << reply.xml;
    EXPECT_EQ(registry.objects.broken_rule(settings.apex), "");
    return reply;
  }
  void change_ds(const std::string& content, const std::string& version = "1.1") {
    done(update_ds("a.kz", secdns("update", content, version)));
  }
  // The DS of a.kz, as the objects' text has them.
  std::string ds() const {
    const std::string text = line("domain a.kz.");
    return text.find('[') == std::string::npos ? "" : text.substr(text.find('['));
  }
  std::string line(const std::string& start) const {
    const std::string text = "\n" + registry.objects.text();
    const std::size_t at = text.find("\n" + start + " ");
    return at == std::string::npos ? "" : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  }
};

TEST_F(Apply, DomainIsCreatedWithItsDs) {
  settings.ns_ttl = 100;
  settings.ds_ttl = 200;
  const Reply reply = done(create_domain("New.KZ.", {"NS2.example.net", "ns.nic.kz"},
                                         secdns("create", ds_data(7, 13, 2, 'F'))));
  EXPECT_EQ(line("domain new.kz."), "domain new.kz. 100 200 ns.nic.kz. ns2.example.net. [7 13 2 " +
                                        std::string(64, 'f') + "]");
  EXPECT_THAT(reply.xml,
              HasSubstr("<resData><domain:creData "
                        "xmlns:domain=\"urn:ietf:params:xml:ns:domain-1.0\"><domain:name>new.kz"
                        "</domain:name><domain:crDate>2026-11-22T08:00:00Z</domain:crDate>"
                        "</domain:creData></resData>"));
}

TEST_F(Apply, RegistrarsDataIsReadAndLeftOut) {
  done(frame(
      domain("create",
             "<domain:name>new.kz</domain:name><domain:period unit=\"y\">2</domain:period>"
             "<domain:ns><domain:hostObj>ns1.example.net</domain:hostObj></domain:ns>"
             "<domain:registrant>jd1234</domain:registrant>"
             "<domain:contact type=\"admin\">sh8013</domain:contact>"
             "<domain:contact type=\"tech\">sh8013</domain:contact>"
             "<domain:authInfo><domain:pw roid=\"X-1\">2fooBAR</domain:pw></domain:authInfo>")));
  EXPECT_EQ(line("domain new.kz."), "domain new.kz. 3600 3600 ns1.example.net.");
}

// A frame that changes nothing of the zone commits nothing, so that nothing is published.
TEST_F(Apply, ContactsAloneCommitNothing) {
  const std::string before = registry.objects.text();
  done(frame(domain("update",
                    "<domain:name>a.kz</domain:name>"
                    "<domain:add><domain:contact type=\"tech\">mak21</domain:contact>"
                    "<domain:status s=\"clientTransferProhibited\" lang=\"en\">x</domain:status>"
                    "</domain:add><domain:chg><domain:registrant/>"
                    "<domain:authInfo><domain:null/></domain:authInfo></domain:chg>")));
  EXPECT_EQ(registry.objects.text(), before);
  EXPECT_EQ(registry.committed, 0);
}

// rem before add: the limit and "there already" are judged on what is left.
TEST_F(Apply, NameServersAreRemovedThenAdded) {
  done(frame(domain("update",
                    "<domain:name>b.kz</domain:name>"
                    "<domain:add><domain:ns><domain:hostObj>ns1.a.kz</domain:hostObj>"
                    "<domain:hostObj>ns1.example.net</domain:hostObj></domain:ns></domain:add>"
                    "<domain:rem><domain:ns><domain:hostObj>ns1.example.net</domain:hostObj>"
                    "<domain:hostObj>ns2.example.net</domain:hostObj></domain:ns></domain:rem>")));
  EXPECT_EQ(line("domain b.kz."), "domain b.kz. 7200 3600 ns1.a.kz. ns1.example.net.");
}

TEST_F(Apply, DomainIsDeleted) {
  done(frame(domain("delete", "<domain:name>B.kz</domain:name>")));
  EXPECT_EQ(line("domain b.kz."), "");
}

TEST_F(Apply, DsIsAddedAndRemoved) {
  change_ds("<secDNS:rem>" + ds_data(1, 13, 2, '1') + "</secDNS:rem><secDNS:add>" +
            ds_data(3, 15, 4, 'B') + "</secDNS:add>");
  EXPECT_EQ(ds(), ds_a2 + " [3 15 4 " + std::string(96, 'b') + "]");
}

// A key is replaced in one command: rem is carried out first (RFC 5910 §5.2.5).
TEST_F(Apply, SameDsRemovedAndAddedIsThere) {
  change_ds("<secDNS:rem><secDNS:all>true</secDNS:all></secDNS:rem><secDNS:add>" +
            ds_data(1, 13, 2, '1') + "</secDNS:add>");
  EXPECT_EQ(ds(), ds_a1);
}

TEST_F(Apply, RemovingTheLastDsMakesTheDomainInsecure) {
  change_ds("<secDNS:rem>" + ds_data(1, 13, 2, '1') + ds_data(2, 8, 2, '2') + "</secDNS:rem>");
  EXPECT_EQ(ds(), "");
  change_ds("<secDNS:rem><secDNS:all>1</secDNS:all></secDNS:rem>");  // nothing left: done as well
  EXPECT_EQ(registry.committed, 1);
}

TEST_F(Apply, FalseAllDoesNothing) {
  change_ds("<secDNS:rem><secDNS:all>false</secDNS:all></secDNS:rem>");
  EXPECT_EQ(ds(), ds_a1 + " " + ds_a2);
}

TEST_F(Apply, NewDsHasItsTtl) {
  settings.ds_ttl = 60;
  change_ds("<secDNS:rem><secDNS:all>true</secDNS:all></secDNS:rem>");
  EXPECT_THAT(line("domain a.kz."), HasSubstr(" 3600 3600 "));  // it was there: it keeps its own
  change_ds("<secDNS:add>" + ds_data(5) + "</secDNS:add>");
  EXPECT_THAT(line("domain a.kz."), HasSubstr(" 3600 60 "));
}

TEST_F(Apply, KeyBecomesADsOfSha256) {
  change_ds("<secDNS:rem><secDNS:all>true</secDNS:all></secDNS:rem><secDNS:add>" + key_data(key()) +
            "</secDNS:add>");
  EXPECT_EQ(ds(), text_of(ds_of_key(2)));
}

// The key is what a rem by keyData names: its DS go, whatever their digest types.
TEST_F(Apply, RemovedKeyTakesAllItsDs) {
  for (const std::uint8_t type : {1, 2, 4}) {
    const dns::Ds one = ds_of_key(type);
    change_ds("<secDNS:add>" + ds_data(one.key_tag, one.algorithm, type, base::to_hex(one.digest)) +
              "</secDNS:add>");
  }
  EXPECT_NE(ds(), ds_a1 + " " + ds_a2);
  change_ds("<secDNS:rem>" + key_data(key()) + "</secDNS:rem>");
  EXPECT_EQ(ds(), ds_a1 + " " + ds_a2);
}

TEST_F(Apply, DsWithItsKeyIsTaken) {
  for (const std::uint8_t type : {2, 4}) {
    const dns::Ds one = ds_of_key(type);
    std::string data = ds_data(one.key_tag, one.algorithm, type, base::to_hex(one.digest));
    const std::string end = "</secDNS:dsData>";
    data.insert(data.size() - end.size(), key_data(key()));
    change_ds("<secDNS:add>" + data + "</secDNS:add>");
    EXPECT_THAT(ds(), HasSubstr(text_of(one)));
  }
}

TEST_F(Apply, Sha1IsTakenWithAWarning) {
  const Reply reply = done(
      update_ds("a.kz", secdns("update", "<secDNS:add>" + ds_data(5, 13, 1) + "</secDNS:add>")));
  EXPECT_THAT(reply.reason, AllOf(HasSubstr("DS 5 13 1"), HasSubstr("RFC 9905")));
  EXPECT_THAT(reply.xml, HasSubstr("<msg>Command completed successfully; warning: DS 5 13 1"));
}

TEST_F(Apply, PolicyDecides) {
  const std::string gost =
      update_ds("a.kz", secdns("update", "<secDNS:add>" + ds_data(5, 12, 3) + "</secDNS:add>"));
  const std::string unknown =
      update_ds("a.kz", secdns("update", "<secDNS:add>" + ds_data(6, 99, 99) + "</secDNS:add>"));
  EXPECT_EQ(send(registry, gost, settings).code, Code::parameter_policy);
  EXPECT_EQ(send(registry, unknown, settings).code, Code::parameter_policy);
  settings.ds = {dns::DsPolicy::Rule::syntax, true, true};
  done(gost);
  done(unknown);
}

TEST_F(Apply, Version10AddsAndReplaces) {
  change_ds("<secDNS:add>" + ds_data(5) + "</secDNS:add>", "1.0");
  EXPECT_THAT(ds(), AllOf(HasSubstr(ds_a1), HasSubstr(ds_a2), HasSubstr("[5 13 2 ")));
  change_ds("<secDNS:chg>" + ds_data(1, 13, 2, '1') + "</secDNS:chg>", "1.0");
  EXPECT_EQ(ds(), ds_a1);
}

// A tag names every DS of one key, and nothing when two algorithms share it.
TEST_F(Apply, Version10RemovesByTag) {
  change_ds("<secDNS:add>" + ds_data(1, 13, 4) + "</secDNS:add>");
  const std::string remove = update_ds(
      "a.kz", secdns("update", "<secDNS:rem><secDNS:keyTag>1</secDNS:keyTag></secDNS:rem>", "1.0"));
  change_ds("<secDNS:add>" + ds_data(1, 8) + "</secDNS:add>");
  const std::string before = registry.objects.text();
  const Reply reply = send(registry, remove, settings);
  EXPECT_EQ(reply.code, Code::parameter_policy);
  EXPECT_THAT(reply.xml, HasSubstr("several algorithms"));
  EXPECT_EQ(registry.objects.text(), before);
  change_ds("<secDNS:rem>" + ds_data(1, 8) + "</secDNS:rem>");
  done(remove);
  EXPECT_EQ(ds(), ds_a2);
}

TEST_F(Apply, HostIsCreated) {
  const Reply reply = done(frame(host("create",
                                      "<host:name>NS9.a.kz</host:name>"
                                      "<host:addr ip=\"v6\">2001:DB8:0:0::9</host:addr>"
                                      "<host:addr>192.0.2.9</host:addr>")));
  EXPECT_EQ(line("host ns9.a.kz."), "host ns9.a.kz. 3600 192.0.2.9 2001:db8::9");
  EXPECT_THAT(reply.xml, HasSubstr("<host:name>ns9.a.kz</host:name>"));
  done(frame(host("create", "<host:name>ns.example.org</host:name>")));
  EXPECT_EQ(line("host ns.example.org."), "host ns.example.org. 3600");
}

TEST_F(Apply, AddressesAreRemovedThenAdded) {
  done(frame(host("update",
                  "<host:name>ns1.a.kz</host:name>"
                  "<host:add><host:addr>192.0.2.2</host:addr><host:status s=\"linked\"/></host:add>"
                  "<host:rem><host:addr>192.0.2.1</host:addr>"
                  "<host:addr ip=\"v6\">2001:db8:0::1</host:addr></host:rem>")));
  EXPECT_EQ(line("host ns1.a.kz."), "host ns1.a.kz. 3600 192.0.2.2");
}

TEST_F(Apply, DelegationsFollowARenamedHost) {
  done(frame(host("update",
                  "<host:name>ns1.example.net</host:name>"
                  "<host:chg><host:name>zz.example.org</host:name></host:chg>")));
  EXPECT_EQ(line("host ns1.example.net."), "");
  EXPECT_THAT(line("domain a.kz."), HasSubstr(" ns1.a.kz. zz.example.org. "));
  EXPECT_THAT(line("domain b.kz."), HasSubstr(" ns2.example.net. zz.example.org."));
  // Into the zone it needs glue, in the same command; out of it the glue goes.
  const std::string into = "<host:chg><host:name>ns2.a.kz</host:name></host:chg>";
  EXPECT_EQ(
      send(registry, frame(host("update", "<host:name>zz.example.org</host:name>" + into))).code,
      Code::association_prohibits);
  done(frame(host("update",
                  "<host:name>zz.example.org</host:name>"
                  "<host:add><host:addr>192.0.2.77</host:addr></host:add>" +
                      into)));
  EXPECT_EQ(line("host ns2.a.kz."), "host ns2.a.kz. 3600 192.0.2.77");
  done(frame(host("update",
                  "<host:name>ns2.a.kz</host:name>"
                  "<host:rem><host:addr>192.0.2.77</host:addr></host:rem>"
                  "<host:chg><host:name>ns9.example.org</host:name></host:chg>")));
  EXPECT_EQ(line("host ns9.example.org."), "host ns9.example.org. 3600");
}

TEST_F(Apply, SameNameIsNoRename) {
  done(frame(host("update",
                  "<host:name>ns1.a.kz</host:name>"
                  "<host:chg><host:name>NS1.a.kz</host:name></host:chg>")));
  EXPECT_EQ(registry.committed, 0);
}

// A registrar's way out: the domain first leaves its own host, then the host goes, then itself.
TEST_F(Apply, DomainWithItsOwnHostIsTakenApart) {
  const std::string remove = frame(domain("delete", "<domain:name>a.kz</domain:name>"));
  EXPECT_EQ(send(registry, remove).code, Code::association_prohibits);
  done(frame(domain("update",
                    "<domain:name>a.kz</domain:name><domain:rem><domain:ns><domain:hostObj>"
                    "ns1.a.kz</domain:hostObj></domain:ns></domain:rem>")));
  done(frame(host("delete", "<host:name>ns1.a.kz</host:name>")));
  done(remove);
  EXPECT_THAT(registry.objects.text(), Not(HasSubstr("a.kz.")));
}

TEST_F(Apply, NameServerAtTheDomainItself) {
  done(frame(host("create", "<host:name>b.kz</host:name><host:addr>192.0.2.8</host:addr>")));
  EXPECT_EQ(send(registry, frame(domain("delete", "<domain:name>b.kz</domain:name>"))).code,
            Code::association_prohibits);
}

// A-labels are checked when a name comes into being (RFC 5890): xn--80ak6aa92e is one.
TEST_F(Apply, ALabelsAreTaken) {
  done(create_domain("XN--80AK6AA92E.kz", {"ns1.example.net"}));
  EXPECT_NE(line("domain xn--80ak6aa92e.kz."), "");
}

TEST_F(Apply, LimitsAreExact) {
  std::string fourteen;
  for (int i = 1; i <= 14; ++i) {
    const std::string name = "h" + std::to_string(i) + ".example.org";
    done(frame(host("create", "<host:name>" + name + "</host:name>")));
    fourteen += "<domain:hostObj>" + name + "</domain:hostObj>";
  }
  const auto update = [&](const std::string& hosts) {
    return frame(
        domain("update", "<domain:name>b.kz</domain:name><domain:add><domain:ns>" + hosts +
                             "</domain:ns></domain:add><domain:rem><domain:ns><domain:hostObj>"
                             "ns1.example.net</domain:hostObj><domain:hostObj>ns2.example.net"
                             "</domain:hostObj></domain:ns></domain:rem>"));
  };
  EXPECT_EQ(send(registry, update(fourteen)).code, Code::data_management_policy);
  done(update(fourteen.substr(fourteen.find("</domain:hostObj>") + 17)));
  std::string fourteen_ds;
  for (unsigned i = 100; i < 114; ++i) fourteen_ds += ds_data(i);
  change_ds("<secDNS:add>" + fourteen_ds + "</secDNS:add>");  // 16 with the two
}

TEST_F(Apply, AddressesThatLeadNowhereAreRefused) {
  const auto create = [&](const std::string& address, bool v6) {
    MemoryRegistry fresh = registry_of_kz();
    return send(fresh, frame(host("create", "<host:name>n.a.kz</host:name><host:addr ip=\"" +
                                                std::string(v6 ? "v6" : "v4") + "\">" + address +
                                                "</host:addr>")))
        .code;
  };
  for (const char* bad :
       {"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "169.254.1.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.1.1", "198.18.0.1",
        "198.19.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"}) {
    EXPECT_EQ(create(bad, false), Code::parameter_policy) << bad;
  }
  for (const char* good :
       {"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.255.255",
        "172.32.0.1", "192.0.1.1", "192.0.2.1", "198.17.0.1", "198.20.0.1", "223.255.255.255"}) {
    EXPECT_EQ(create(good, false), Code::done) << good;
  }
  for (const char* bad : {"::", "::1", "::192.0.2.1", "::ffff:192.0.2.1", "100::1", "fc00::1",
                          "fdff::1", "fe80::1", "febf::1", "ff02::1"}) {
    EXPECT_EQ(create(bad, true), Code::parameter_policy) << bad;
  }
  for (const char* good : {"2001:db8::1", "2a00::1", "100:0:0:1::1", "fec0::1"}) {
    EXPECT_EQ(create(good, true), Code::done) << good;
  }
}

}  // namespace
}  // namespace tld::epp
