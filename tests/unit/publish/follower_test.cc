// SPDX-License-Identifier: GPL-2.0-only
#include "publish/follower.h"

#include "signer/filler.h"
#include "tests/unit/publish/follower_fixture.h"
#include "tests/unit/zones/sqlite.h"
#include "zones/update.h"

namespace tld::publish {
namespace {

TEST_F(FollowerTest, PublishesWhatIsInTheStore) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  EXPECT_EQ(live.current()->signed_zone->zone().serial(), 1u);
  EXPECT_TRUE(comes_true([&] { return last_serial == 1 && !follower->waiting(); }));
  EXPECT_EQ(door->sign_calls(), 0u);  // the first publication does not wait for signatures
}

// Catches: a wrong clock that nobody can tell of before something was signed by it.
TEST_F(FollowerTest, SaysWhenWhatItFindsWasPublished) {
  struct Seen {
    base::Time created;
    bool is_live;
  };
  base::Guarded<std::vector<Seen>> seen;
  options.on_seen = [&](base::Time created) {
    seen.lock()->push_back({created, live.generation() > 0});
  };
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  ASSERT_EQ(seen.read()->size(), 1u);
  EXPECT_FALSE(seen.read()->front().is_live);
  EXPECT_EQ(seen.read()->front().created, live.current()->publication.created);
  import(tests::example_zone('2'));
  ASSERT_TRUE(lives(2));
  EXPECT_EQ(seen.read()->back().created, live.current()->publication.created);
  EXPECT_EQ(seen.read()->size(), 2u);
  follower.reset();
}

// Catches: a changed zone that goes live before what changed is signed; a serial that stays.
TEST_F(FollowerTest, SignsWhatChangedBeforeItGoesLive) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  import(tests::example_zone('2'));
  ASSERT_TRUE(lives(2));
  const auto zone = live.current()->signed_zone;
  EXPECT_EQ(zone->zone().serial(), 2u);
  const auto node = zone->zone().find(dns::Name::from_text("secure.example.").value());
  signer::Signature signature;
  EXPECT_TRUE(zone->table(0).get(node->rrset(dns::RRType::DS)->slot, signature));
  EXPECT_EQ(door->sign_calls(), 2u);  // DS and SOA
}

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

// Catches: reading the whole store again and again.
TEST_F(FollowerTest, ReadsAnUnchangedStoreOnce) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_EQ(follower->store_reads(), 1u);
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

// A backup of the store is put back: catches a serial that secondaries have seen already.
TEST_F(FollowerTest, AStoreThatWasPutBackDoesNotTakeTheSerialBack) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  import(tests::example_zone('2'));
  ASSERT_TRUE(lives(2));
  import(tests::example_zone('3'));
  ASSERT_TRUE(lives(3));
  follower.reset();
  std::filesystem::remove(store_path());
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->zone().serial() > 3; }));
  EXPECT_TRUE(comes_true([&] { return !follower->waiting(); }));
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

// Catches: secondaries that keep old signatures of a zone that never changes until they expire.
TEST_F(FollowerTest, AZoneWithoutChangesIsPublishedAgain) {
  create_store();
  import(tests::example_zone());
  options.republish_after = std::chrono::seconds{1};
  start();
  ASSERT_TRUE(lives(1));
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->zone().serial() >= 3; }));
  ASSERT_TRUE(open_store()->freeze(setup.apex, "test", clock->now()));
  import(tests::example_zone() + "new.example. NS ns.elsewhere.test.\n");
  const std::uint32_t frozen_at = live.current()->signed_zone->zone().serial();
  ASSERT_TRUE(
      comes_true([&] { return live.current()->signed_zone->zone().serial() >= frozen_at + 2; }));
  EXPECT_FALSE(live.current()->signed_zone->zone().find(name("new.example.")));
}

// Catches: secondaries that keep a DNSKEY RRset of which the server has a newer one.
TEST_F(FollowerTest, AZoneWithNewKeysIsPublishedAgainOnce) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  follower->republish_if_before(live.current()->publication.created);
  std::this_thread::sleep_for(milliseconds{100});
  EXPECT_EQ(live.generation(), 1u);
  std::this_thread::sleep_for(milliseconds{1000});  // publications are dated by the second
  follower->republish_if_before(clock->now());
  ASSERT_TRUE(lives(2));
  std::this_thread::sleep_for(milliseconds{100});
  EXPECT_EQ(live.generation(), 2u);
  EXPECT_EQ(live.current()->signed_zone->zone().serial(), 2u);
}

// Catches: a SOA whose expire outlives the signatures, and nobody says so.
TEST_F(FollowerTest, WarnsWhenTheSoaOutlivesSignatures) {
  create_store();
  import(tests::example_zone());  // expire 604800
  start();
  ASSERT_TRUE(lives(1));
  EXPECT_TRUE(log->has("soa-expiry: SOA expire 604800 s + refresh 1800 s = 606600 s is more"));
  follower.reset();
  log = std::make_shared<KeptLog>();
  setup.policy.refresh = std::chrono::seconds{606600};
  start();
  ASSERT_TRUE(comes_true([&] { return !follower->waiting(); }));
  EXPECT_FALSE(log->has("soa-expiry"));
}

// Catches: answers that change, or signatures that are lost, when the base is made anew.
TEST_F(FollowerTest, CompactionChangesNothing) {
  create_store();
  import(tests::example_zone('1'));
  options.compact_above = 5;
  start();
  ASSERT_TRUE(lives(1));
  sign_all_of_live();
  std::string more;
  std::uint32_t lineages = 0;
  auto base = live.current()->signed_zone->zone_pointer();
  for (int i = 0; i < 20; ++i) {
    more += "d" + std::to_string(i) + ".example. NS ns.elsewhere.test.\n";
    more += "d" + std::to_string(i) + ".example. DS 1 13 2 " + std::string(64, '7') + "\n";
    import(tests::example_zone('1') + more);
    ASSERT_TRUE(comes_true([&] {
      return live.current()->signed_zone->zone().secure_delegation_count() ==
             static_cast<std::size_t>(i) + 2;
    }));
    const auto now = live.current()->signed_zone;
    EXPECT_EQ(now->signatures(0), now->zone().signature_count());
    if (!now->zone().same_lineage(*base)) {
      ++lineages;
      base = now->zone_pointer();
    }
  }
  EXPECT_TRUE(
      comes_true([&] { return zones::overlay_size(live.current()->signed_zone->zone()) < 100; }));
  EXPECT_GT(lineages, 0u);
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

// Catches: a publication every second until a wrong time comes round.
TEST_F(FollowerTest, WhatAWrongClockWantedIsPublishedOnce) {
  const auto manual = std::make_shared<base::ManualClock>(base::SystemClock().now());
  clock = manual;
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  follower->republish_if_before(clock->now() + std::chrono::hours{24});
  ASSERT_TRUE(lives(2));
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_EQ(live.generation(), 2u);
  manual->advance(std::chrono::seconds{1});
  follower->republish_if_before(clock->now());
  EXPECT_TRUE(lives(3));
}

// --- keys that come and go

// Catches: a roll that serves something unsigned, or new RRsets signed by the key that has left.
TEST_F(FollowerTest, ARollKeepsEverythingSigned) {
  create_store();
  import(tests::example_zone('1'));
  start();
  ASSERT_TRUE(lives(1));
  sign_all_of_live();
  const auto old = setup.keys[0].key, next = make_key();
  follower->use_keys({{old, signer::KeyUse::signing}, {next, signer::KeyUse::warming}});
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->key_count() == 2; }));
  follower->use_keys({{old, signer::KeyUse::leaving}, {next, signer::KeyUse::signing}});
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->signers()[0] == 1; }));
  EXPECT_TRUE(live.current()->signed_zone->is_signed());
  EXPECT_EQ(live.current()->signed_zone->zone().serial(), 1u);
  import(tests::example_zone('2'));
  ASSERT_TRUE(comes_true([&] { return live.current()->signed_zone->zone().serial() == 2; }));
  const auto zone = live.current()->signed_zone;
  EXPECT_TRUE(zone->is_signed());
  EXPECT_EQ(zone->signatures(1), 2u);  // DS and SOA
}

}  // namespace
}  // namespace tld::publish
