// SPDX-License-Identifier: GPL-2.0-only
//
// Every result code that docs/epp.md names, each for every reason that it is given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/epp/code_cases.h"

namespace tld::epp {
namespace {

using namespace testing;
using ::testing::HasSubstr;

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
