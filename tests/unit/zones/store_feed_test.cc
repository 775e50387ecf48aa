// SPDX-License-Identifier: GPL-2.0-only
//
// What stays in the feed while the brake holds, on SQLite and on PostgreSQL alike.
#include "tests/unit/zones/databases.h"

namespace tld::zones {
namespace {

const base::Time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
const auto kz = name("kz.");

class FeedTest : public StoreOnEach {
 protected:
  FeedTest() {
    const auto zone = with_apex("a NS ns.a\nns.a A 192.0.2.1\nb NS ns.a\nt TXT x\n");
    must(store_->replace_zone(content_of(zone), 100, now));
    look(std::nullopt);
  }
  // One look of a publisher; what it finds is held for the reason, if there is one.
  void look(std::optional<std::string> reason, std::vector<SetAside> also_set_aside = {}) {
    must(store_->publish(kz, {now}, [&](const PendingChanges& pending) {
      Decision decision{pending.first.has_value(), pending.changes, pending.bad_rows, std::nullopt};
      for (const SetAside& one : also_set_aside) decision.set_aside.push_back(one);
      if (reason) decision.hold = pending.hold.value_or(Hold{0, *reason, 1, 0, "", {}, {}});
      return base::Result<Decision>(decision);
    }));
  }
  std::string in_feed() { return sql_.run("SELECT count(*) FROM change_feed"); }

  std::unique_ptr<Store> store_ = make();
  Sql sql_{address_};
};
TLD_ON_EACH_DATABASE(FeedTest);

// Catches: a feed that takes up the whole zone once more at each look.
TEST_P(FeedTest, DoesNotGrowWhileTheWholeZoneIsHeldAndHasABadRow) {
  sql_.run("INSERT INTO host_address SELECT id, '192.0.2.300' FROM host WHERE name = 'ns.a.kz.'");
  must(store_->thaw(kz, now));
  look("held");
  const std::string once = in_feed();
  for (int i = 0; i < 3; ++i) look("held");
  EXPECT_EQ(in_feed(), once);
  sql_.run("UPDATE delegation SET ns_ttl = 9 WHERE name = 'b.kz.'");  // it is told as ever
  look(std::nullopt);
  EXPECT_EQ(in_feed(), "0");
  EXPECT_NE(sql_.run("SELECT data FROM published WHERE name = 'b.kz.'").find("9 NS"),
            std::string::npos);
}

TEST_P(FeedTest, DoesNotGrowWhileWhatWaitsForItsHostsIsHeld) {
  sql_.run("INSERT INTO host (zone_id, name, a_ttl) VALUES (1, 'ns.c.kz.', 3600)");
  sql_.run("INSERT INTO delegation (zone_id, name, ns_ttl) VALUES (1, 'c.kz.', 3600)");
  sql_.run(
      "INSERT INTO nameserver SELECT d.id, h.id FROM delegation d, host h WHERE d.name ="
      " 'c.kz.' AND h.name = 'ns.c.kz.'");
  const std::vector<SetAside> waits{{"c.kz.", "glue-missing", now}};
  look(std::nullopt, waits);
  sql_.run("INSERT INTO host_address SELECT id, '192.0.2.7' FROM host WHERE name = 'ns.c.kz.'");
  look("held", waits);
  const std::string once = in_feed();
  for (int i = 0; i < 3; ++i) look("held", waits);
  EXPECT_EQ(in_feed(), once);
  look(std::nullopt);
  EXPECT_EQ(sql_.run("SELECT count(*) FROM published WHERE name = 'c.kz.'"), "1");
}

}  // namespace
}  // namespace tld::zones
