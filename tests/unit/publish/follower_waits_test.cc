// SPDX-License-Identifier: GPL-2.0-only
//
// What waits: for a token, a store, an approval; or is set aside.
#include "publish/follower.h"

#include "signer/filler.h"
#include "tests/unit/publish/follower_fixture.h"
#include "tests/unit/zones/sqlite.h"
#include "zones/update.h"

namespace tld::publish {
namespace {

// Catches: a change that unsigns the zone because the token is away.
TEST_F(FollowerTest, AChangeWaitsForTheToken) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  door->faults().away = true;
  import(tests::example_zone('2'));
  ASSERT_TRUE(comes_true([&] { return follower->waiting().has_value(); }));
  std::this_thread::sleep_for(milliseconds{100});
  EXPECT_EQ(live.generation(), 1u);
  const std::uint64_t reads = follower->store_reads();
  door->faults().away = false;
  ASSERT_TRUE(lives(2));
  EXPECT_TRUE(comes_true([&] { return !follower->waiting(); }));
  EXPECT_EQ(follower->store_reads(), reads);  // what was built is kept while it waits
}

TEST_F(FollowerTest, WaitsForAStoreThatIsNotThereYet) {
  start();
  ASSERT_TRUE(comes_true([&] { return log->lines > 0; }));
  EXPECT_EQ(live.current(), nullptr);
  create_store();
  ASSERT_TRUE(comes_true([&] {
    return follower->waiting() && follower->waiting()->why.find("example.") != std::string::npos;
  }));
  import(tests::example_zone());
  EXPECT_TRUE(lives(1));
}

// Catches: a zone that breaks a check and goes live all the same.
TEST_F(FollowerTest, AFirstZoneThatFailsItsChecksDoesNotGoLive) {
  create_store();
  import("$TTL 60\nexample. SOA ns1.example. h.example. 5 1 1 1 1\nexample. NS ns1.example.\n");
  start();
  ASSERT_TRUE(comes_true([&] {
    return follower->waiting() &&
           follower->waiting()->why.find("apex-ns-address") != std::string::npos;
  }));
  EXPECT_EQ(live.generation(), 0u);
  import(tests::example_zone());
  EXPECT_TRUE(lives(1));
}

// Catches: one faulty change that keeps the others out, or goes live with them.
TEST_F(FollowerTest, AFaultyChangeIsSetAsideAndTheRestGoesLive) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  import(tests::example_zone() + "new.example. NS ns.elsewhere.test.\n" +
         "bad.example. NS ns.bad.example.\n");
  ASSERT_TRUE(lives(2));
  const auto zone = live.current()->signed_zone;
  EXPECT_TRUE(zone->zone().find(name("new.example.")));
  EXPECT_FALSE(zone->zone().find(name("bad.example.")));
  const auto aside = open_store()->set_aside(setup.apex, 10).value();
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(aside[0].name, "bad.example.");
  EXPECT_NE(aside[0].reason.find("glue-missing"), std::string::npos);
}

// Catches: an RRset that resolvers keep for longer than a key roll counts on.
TEST_F(FollowerTest, AChangeAboveThePolicysLongestTtlIsSetAside) {
  create_store();
  import(tests::example_zone());
  options.rules.max_zone_ttl = std::chrono::seconds{3600};
  start();
  ASSERT_TRUE(lives(1));
  import(tests::example_zone() + "at.example. 3600 NS ns.elsewhere.test.\n" +
         "above.example. 3601 NS ns.elsewhere.test.\n");
  ASSERT_TRUE(lives(2));
  const auto zone = live.current()->signed_zone;
  EXPECT_TRUE(zone->zone().find(name("at.example.")));
  EXPECT_FALSE(zone->zone().find(name("above.example.")));
  const auto aside = open_store()->set_aside(setup.apex, 10).value();
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(aside[0].name, "above.example.");
  EXPECT_NE(aside[0].reason.find("max-zone-ttl"), std::string::npos);
  EXPECT_FALSE(log->has("max-zone-ttl"));
}

TEST_F(FollowerTest, AZoneAboveThePolicysLongestTtlIsNotPublishedAndServedOnWhereItWas) {
  create_store();
  import(tests::example_zone());
  options.rules.max_zone_ttl = std::chrono::seconds{3599};
  start();
  ASSERT_TRUE(comes_true([&] {
    return follower->waiting() &&
           follower->waiting()->why.find("max-zone-ttl") != std::string::npos;
  }));
  EXPECT_EQ(live.generation(), 0u);

  follower.reset();
  options.rules.max_zone_ttl.reset();
  start();
  ASSERT_TRUE(lives(1));
  follower.reset();
  options.rules.max_zone_ttl = std::chrono::seconds{3599};
  start();
  EXPECT_TRUE(comes_true([&] { return !follower->waiting(); }));
  EXPECT_TRUE(log->has("max-zone-ttl: what is published has a TTL of 3600 s"));

  // A registrar's DS must go from a name whose NS has such a TTL.
  std::string without_ds = tests::example_zone();
  without_ds.erase(without_ds.find("secure.example. DS"));
  import(without_ds);
  ASSERT_TRUE(lives(2));
  const auto found = live.current()->signed_zone->zone().find(name("secure.example."));
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->rrset(dns::RRType::DS));
}

TEST_F(FollowerTest, AChangeOfTheApexWaitsForApproval) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  import(tests::example_zone() + "example. TXT new\n");
  ASSERT_TRUE(comes_true([&] {
    return follower->waiting() && follower->waiting()->why.find("brake") != std::string::npos;
  }));
  EXPECT_EQ(live.generation(), 1u);
  const auto store = open_store();
  const auto hold = store->hold(setup.apex).value();
  ASSERT_TRUE(hold);
  ASSERT_TRUE(store->approve(setup.apex, hold->id, {"ann"}, clock->now()));
  ASSERT_TRUE(lives(2));
  EXPECT_TRUE(comes_true([&] { return !follower->waiting(); }));
}

// Catches: memory that each look at a hold, or at what waits for a token, takes and never gives
// back.
TEST_F(FollowerTest, WhatWaitsTakesNoMemoryAgainAndAgain) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  const auto size = [&] { return zones::overlay_size(live.current()->signed_zone->zone()); };
  import(tests::example_zone('1') + "example. TXT new\n");
  ASSERT_TRUE(comes_true([&] { return follower->waiting().has_value(); }));
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_EQ(size(), 0u);
  door->faults().away = true;
  import(tests::example_zone('2'));
  ASSERT_TRUE(comes_true([&] {
    return follower->waiting() && follower->waiting()->why.find("brake") == std::string::npos;
  }));
  const std::size_t first = size();
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_EQ(size(), first);
  EXPECT_LT(first, 20u);
}

// Catches: insecure delegations that wait for a token they do not need; a SOA without signature.
TEST_F(FollowerTest, WithoutATokenWhatNeedsNoSignatureGoesLive) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  sign_all_of_live();
  door->faults().away = true;
  import(tests::example_zone('2') + "new.example. NS ns.elsewhere.test.\n");
  ASSERT_TRUE(comes_true(
      [&] { return live.current()->signed_zone->zone().find(name("new.example.")).has_value(); }));
  const auto& zone = live.current()->signed_zone->zone();
  EXPECT_EQ(zone.serial(), 1u);
  EXPECT_NE(zone.signable(zone.find(name("secure.example."))->rrset(dns::RRType::DS)->slot)
                .rdatas.at(0)
                .back(),
            '\x22');
  EXPECT_TRUE(follower->waiting().has_value());
  EXPECT_EQ(live.current()->signed_zone->signatures(0), zone.signature_count());
  door->faults().away = false;
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->zone().serial() == 2; }));
  EXPECT_TRUE(comes_true([&] { return !follower->waiting(); }));
}

// Catches: a name that goes through all its states again and again, with a NOTIFY each time.
TEST_F(FollowerTest, WithoutATokenANameThatChangesTwiceGoesLiveTwice) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  door->faults().away = true;
  for (const std::string server : {"a.test.", "b.test."}) {
    import(tests::example_zone('2') + "new.example. NS " + server + "\n");
    ASSERT_TRUE(comes_true([&] {
      const auto data = zones::name_data(live.current()->signed_zone->zone(), name("new.example."));
      return !data.rrsets.empty() && data.rrsets[0].rdatas.at(0) == name(server).wire();
    }));
  }
  const std::uint64_t generation = live.generation();
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_EQ(live.generation(), generation);
}

// Catches: a server that goes on writing into a file that was removed, never looks at the one that
// was put in its place, or goes back to that one's serial.
TEST_F(FollowerTest, AStoreFileRemovedUnderTheServerIsFoundAgain) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  const auto backup = folder / "backup";
  zones::Sqlite(store_path()).run("VACUUM INTO '" + backup.string() + "'");
  import(tests::example_zone('2'));
  ASSERT_TRUE(lives(2));
  const std::uint32_t served = live.current()->signed_zone->zone().serial();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(store_path().string() + suffix);
  }
  ASSERT_TRUE(comes_true([&] {
    return follower->waiting() &&
           follower->waiting()->why.find("does not exist") != std::string::npos;
  })) << (follower->waiting() ? follower->waiting()->why : "nothing is waited for");
  EXPECT_FALSE(std::filesystem::exists(store_path()));
  std::filesystem::rename(backup, store_path());
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->zone().serial() > served; }));
  EXPECT_TRUE(comes_true([&] { return !follower->waiting(); }));
}

// Catches: memory that grows with each publication for as long as the token is away.
TEST_F(FollowerTest, WhatWaitsForATokenIsCompactedToo) {
  create_store();
  import(tests::example_zone('1'));
  options.compact_above = 1;
  start();
  ASSERT_TRUE(lives(1));
  sign_all_of_live();
  door->faults().away = true;
  const auto store = open_store();
  for (std::uint32_t serial = 2; serial < 10; ++serial) {
    import(tests::example_zone(static_cast<char>('0' + serial)));
    ASSERT_TRUE(
        comes_true([&] { return store->last_publication(setup.apex).value()->serial == serial; }));
  }
  ASSERT_TRUE(comes_true([&] { return follower->compactions() > 0; }));
  EXPECT_EQ(live.current()->signed_zone->zone().serial(), 1u);
  EXPECT_EQ(follower->waiting()->names == 0, false);
  door->faults().away = false;
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->zone().serial() == 9; }));
  const auto now = live.current()->signed_zone;
  EXPECT_EQ(now->signatures(0), now->zone().signature_count());
  const auto node = now->zone().find(name("secure.example."));
  EXPECT_EQ(*node->rrset(dns::RRType::DS)->rdata.begin(),
            *tests::zone_of(tests::example_zone('9'), "example.", 9)
                 ->find(name("secure.example."))
                 ->rrset(dns::RRType::DS)
                 ->rdata.begin());
}

}  // namespace
}  // namespace tld::publish
