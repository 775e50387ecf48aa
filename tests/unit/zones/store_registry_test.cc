// SPDX-License-Identifier: GPL-2.0-only
//
// RegistryTransaction on SQLite and on PostgreSQL alike.
#include "tests/unit/zones/databases.h"

namespace tld::zones {
namespace {

using base::ErrorKind;

class RegistryTest : public StoreOnEach {
 protected:
  RegistryTest() {
    const auto content = content_of(with_apex("a NS ns.a\nns.a A 192.0.2.1\nb NS ns.a\n"));
    EXPECT_TRUE(store_->replace_zone(content, 7, base::Time{}).has_value());
  }
  std::unique_ptr<RegistryTransaction> begin() { return must(store_->begin_change(kz_)); }
  ZoneContent content() { return must(store_->load_registry(kz_)); }

  const dns::Name kz_ = name("kz.");
  std::unique_ptr<Store> store_ = make();
};
TLD_ON_EACH_DATABASE(RegistryTest);

TEST_P(RegistryTest, WhatIsPutIsThere) {
  dns::Ds ds;
  ds.key_tag = 65535;
  ds.algorithm = 13;
  ds.digest_type = 2;
  ds.digest = std::string(32, '\xab');
  {
    const auto change = begin();
    ASSERT_TRUE(change->put(Host{name("ns.c.kz."), 60, {"192.0.2.3", "2001:db8::3"}}));
    ASSERT_TRUE(change->put(Delegation{name("c.kz."), 300, 60, {name("ns.c.kz.")}, {ds}}));
    const auto seen = must(change->delegation(name("c.kz.")));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->ds.size(), 1u);
    EXPECT_EQ(seen->ds[0].wire(), ds.wire());
    EXPECT_EQ(must(change->host(name("ns.c.kz.")))->addresses.size(), 2u);
    ASSERT_TRUE(change->commit());
  }
  EXPECT_TRUE(content() ==
              content_of(with_apex("a NS ns.a\nns.a A 192.0.2.1\nb NS ns.a\n"
                                   "c 300 NS ns.c\nns.c 60 A 192.0.2.3\n"
                                   "ns.c 60 AAAA 2001:db8::3\nc 60 DS 65535 13 2 " +
                                   std::string("abababababababababababababababab"
                                               "abababababababababababababababab\n"))));
  const auto change = begin();
  ASSERT_TRUE(change->put(Delegation{name("c.kz."), 300, 60, {name("ns.a.kz.")}, {}}));
  EXPECT_TRUE(must(change->delegation(name("c.kz.")))->ds.empty());
}

// Catches: half of a change that stays when its transaction is given up.
TEST_P(RegistryTest, WithoutCommitNothingHappened) {
  const ZoneContent before = content();
  {
    const auto change = begin();
    ASSERT_TRUE(change->remove_delegation(name("b.kz.")));
    ASSERT_TRUE(change->rename_host(name("ns.a.kz."), name("ns2.a.kz.")));
  }
  EXPECT_TRUE(content() == before);
}

TEST_P(RegistryTest, HostsAndTheirUsers) {
  const auto change = begin();
  EXPECT_EQ(change->remove_host(name("ns.a.kz.")).error().kind, ErrorKind::refused);
  EXPECT_EQ(must(change->delegations_of(name("ns.a.kz."), 10)).size(), 2u);
  EXPECT_EQ(must(change->delegations_of(name("ns.a.kz."), 1)).size(), 1u);
  ASSERT_TRUE(change->rename_host(name("ns.a.kz."), name("ns2.a.kz.")));
  EXPECT_EQ(must(change->delegation(name("b.kz.")))->nameservers,
            std::vector<dns::Name>{name("ns2.a.kz.")});
  ASSERT_TRUE(change->put(Host{name("x.ya.kz."), 60, {}}));   // ends like a.kz., and is not below
  ASSERT_TRUE(change->put(Host{name("x\\.a.kz."), 60, {}}));  // its dot is part of a label
  EXPECT_EQ(must(change->hosts_below(name("a.kz."), 10)),
            std::vector<dns::Name>{name("ns2.a.kz.")});
  EXPECT_EQ(change->rename_host(name("ns2.a.kz."), name("x.ya.kz.")).error().kind,
            ErrorKind::refused);
  EXPECT_EQ(change->rename_host(name("no.kz."), name("no2.kz.")).error().kind,
            ErrorKind::not_found);
  ASSERT_TRUE(change->remove_host(name("x.ya.kz.")));
  EXPECT_FALSE(must(change->host(name("x.ya.kz."))));
}

TEST_P(RegistryTest, WhatDoesNotExist) {
  EXPECT_EQ(store_->begin_change(name("net.")).error().kind, ErrorKind::not_found);
  EXPECT_EQ(begin()->remove_delegation(name("no.kz.")).error().kind, ErrorKind::not_found);
  EXPECT_EQ(begin()->put(Delegation{name("n.kz."), 1, 1, {name("no.kz.")}, {}}).error().kind,
            ErrorKind::not_found);
  EXPECT_FALSE(must(begin()->delegation(name("no.kz."))));
}

}  // namespace
}  // namespace tld::zones
