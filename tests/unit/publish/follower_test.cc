// SPDX-License-Identifier: GPL-2.0-only
#include "publish/follower.h"

#include "signer/filler.h"
#include "tests/unit/publish/follower_fixture.h"
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

// Catches: reading the whole store again and again.
TEST_F(FollowerTest, ReadsAnUnchangedStoreOnce) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  std::this_thread::sleep_for(milliseconds{200});
  EXPECT_EQ(follower->store_reads(), 1u);
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
