// SPDX-License-Identifier: GPL-2.0-only
#include "publish/follower.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hsm/software_key.h"
#include "signer/filler.h"
#include "tests/unit/zones_for_tests.h"
#include "zones/update.h"
#include "zones/zone_file.h"

namespace tld::publish {
namespace {

using std::chrono::milliseconds;

class KeptLog final : public base::Log {
 public:
  void write(base::Level, std::string_view message) override {
    *texts.lock() += message;
    ++lines;
  }
  bool has(const std::string& text) { return texts.lock()->find(text) != std::string::npos; }
  std::atomic<int> lines{0};

 private:
  base::Guarded<std::string> texts;
};

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() {
    char pattern[] = "/tmp/tld-follower-XXXXXX";
    folder = mkdtemp(pattern);
    const hsm::KeyInfo info = door->generate(hsm::Algorithm::ecdsap256sha256).value();
    dns::Dnskey dnskey;
    dnskey.algorithm = dns::algorithm_ecdsap256sha256;
    dnskey.public_key = info.public_key.octets;
    setup.apex = dns::Name::from_text("example.").value();
    setup.keys = {signer::ZoneKey::make(dnskey, info.id, door).value()};
  }
  ~FollowerTest() override { std::filesystem::remove_all(folder); }

  void create_store() { ASSERT_TRUE(zones::Store::create(store_path())); }
  std::filesystem::path store_path() const { return folder / "store"; }

  void import(const std::string& text) {
    const auto imported = zones::read_zone_text(text, "test", setup.apex);
    ASSERT_TRUE(imported);
    auto store = zones::Store::open(store_path(), zones::Store::Mode::read_write);
    ASSERT_TRUE(store);
    const auto done = store.value()->replace_zone(imported.value().content, imported.value().serial,
                                                  clock->now());
    ASSERT_TRUE(done) << done.error().message;
  }

  static dns::Name name(const std::string& text) { return dns::Name::from_text(text).value(); }
  std::unique_ptr<zones::Store> open_store() {
    return zones::Store::open(store_path(), zones::Store::Mode::read_write).value();
  }
  void sign_all_of_live() {
    const auto zone = live.current()->signed_zone;
    std::vector<zones::Slot> slots;
    zone->zone().for_each_slot([&](zones::Slot slot) { slots.push_back(slot); });
    ASSERT_TRUE(signer::sign_all(zone, slots, service, 8, stop));
  }

  void start() {
    options.store = store_path();
    options.interval = options.retry_after = milliseconds{10};
    follower.emplace(options, setup, live, service, clock, log,
                     [this](std::uint32_t serial) { last_serial = serial; });
  }

  template <class Condition>
  bool comes_true(Condition condition) {
    for (int i = 0; i < 500; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds{10});
    }
    return false;
  }
  bool lives(std::uint64_t generation) {
    return comes_true([&] { return live.generation() >= generation; });
  }

  std::filesystem::path folder;
  std::shared_ptr<hsm::SoftwareKeys> door = std::make_shared<hsm::SoftwareKeys>();
  std::shared_ptr<base::Clock> clock = std::make_shared<base::SystemClock>();
  std::shared_ptr<KeptLog> log = std::make_shared<KeptLog>();
  signer::SigningService service{signer::SigningService::Options{}, clock, log};
  ZoneSetup setup;
  LiveZone live;
  std::atomic<std::uint32_t> last_serial{0};
  Follower::Options options;
  std::atomic<bool> stop{false};
  std::optional<Follower> follower;
};

TEST_F(FollowerTest, PublishesWhatIsInTheStore) {
  create_store();
  import(tests::example_zone());
  start();
  ASSERT_TRUE(lives(1));
  EXPECT_EQ(live.current()->signed_zone->zone().serial(), 1u);
  EXPECT_TRUE(comes_true([&] { return last_serial == 1 && !follower->waiting(); }));
  EXPECT_EQ(door->sign_calls(), 0u);  // the first publication does not wait for signatures
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

}  // namespace
}  // namespace tld::publish
