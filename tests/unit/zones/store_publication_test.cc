// SPDX-License-Identifier: GPL-2.0-only
//
// The feed, publications and what stands in their way, on SQLite and on PostgreSQL alike.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <thread>

#include "tests/unit/zones/databases.h"

namespace tld::zones {
namespace {

using base::ErrorKind;

const base::Time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
const auto kz = name("kz.");

Decision accept_all(const PendingChanges& pending) {
  return {pending.first.has_value(), pending.changes, pending.bad_rows, std::nullopt};
}

class PublicationTest : public StoreOnEach {
 protected:
  void import(const std::string& text, std::uint32_t serial = 100) {
    ASSERT_TRUE(store_->replace_zone(content_of(with_apex(text)), serial, now).has_value());
  }
  std::optional<Publication> publish(PublishOptions options = {now}, Decide decide = accept_all) {
    return must(store_->publish(kz, options, [&](const PendingChanges& pending) {
      last_pending_ = pending;
      return decide(pending);
    }));
  }
  // The names that waited at the last publish().
  std::set<std::string> changed() const {
    std::set<std::string> names;
    for (const NameChange& change : last_pending_.changes) names.insert(change.after.name.text());
    return names;
  }
  // What is published is what the registry has, and what a follower of `from` would have.
  void expect_published_as_in_registry() {
    const auto published = must(store_->load_published(kz));
    const auto registry = must(store_->load_registry(kz));
    ASSERT_EQ(published.content.size(), registry.size());
    for (std::size_t i = 0; i < registry.size(); ++i) {
      if (registry[i].type == dns::RRType::SOA) continue;  // its serial is the publication's
      const auto one = published.content[i].copy();
      const auto other = registry[i].copy();
      EXPECT_TRUE(one.owner == other.owner && one.type == other.type && one.ttl == other.ttl &&
                  one.rdatas == other.rdatas)
          << other.owner.text();
    }
  }
  void add_delegation(Sql& sql, const std::string& name, const std::string& host) {
    sql.run("INSERT INTO delegation (zone_id, name, ns_ttl) VALUES (1, '" + name + "', 3600)");
    sql.run("INSERT INTO nameserver SELECT d.id, h.id FROM delegation d, host h WHERE d.name = '" +
            name + "' AND h.name = '" + host + "'");
  }

  std::unique_ptr<Store> store_ = make();
  PendingChanges last_pending_;
};
TLD_ON_EACH_DATABASE(PublicationTest);

// SQLite has one writer at a time.
class ManyWriters : public PublicationTest {};
INSTANTIATE_TEST_SUITE_P(On, ManyWriters, testing::Values(StoreAddress::Kind::postgresql),
                         kind_name);

const char* const zone = "a NS ns.a\na NS ns.example.\nns.a A 192.0.2.1\nb NS ns.a\nt TXT x\n";

TEST_P(PublicationTest, FirstIsAllThatTheRegistryHas) {
  import(zone);
  EXPECT_EQ(store_->load_published(kz).error().kind, ErrorKind::not_found);
  const auto first = publish();
  ASSERT_TRUE(first && first->whole);
  EXPECT_EQ(first->serial, 100u);
  EXPECT_EQ(must(store_->last_publication(kz)), *first);
  EXPECT_EQ(must(store_->load_published(kz)).publication, *first);
  expect_published_as_in_registry();
  EXPECT_FALSE(publish());  // nothing new
}

// Catches: a table whose changes nobody learns of; a host's rename that its delegations miss.
TEST_P(PublicationTest, EachTableTellsTheFeed) {
  import(zone);
  auto last = *publish();
  Sql sql(address_);
  const std::vector<std::pair<std::string, std::set<std::string>>> statements = {
      {"UPDATE delegation SET ns_ttl = 5 WHERE name = 'b.kz.'", {"b.kz."}},
      {"UPDATE host SET name = 'ns2.a.kz.' WHERE name = 'ns.a.kz.'",
       {"a.kz.", "b.kz.", "ns.a.kz.", "ns2.a.kz."}},
      {"UPDATE host SET name = 'ns.a.kz.' WHERE name = 'ns2.a.kz.'",
       {"a.kz.", "b.kz.", "ns.a.kz.", "ns2.a.kz."}},
      {"INSERT INTO host_address SELECT id, '192.0.2.9' FROM host WHERE name = 'ns.a.kz.'",
       {"ns.a.kz."}},
      {"UPDATE host_address SET address = '192.0.2.8' WHERE address = '192.0.2.9'", {"ns.a.kz."}},
      {"DELETE FROM host_address WHERE address = '192.0.2.8'", {"ns.a.kz."}},
      {"UPDATE delegation SET ds_ttl = 60 WHERE name = 'a.kz.'", {}},  // nothing that is served
      {"INSERT INTO ds SELECT id, 1, 13, 2, '00' FROM delegation WHERE name = 'a.kz.'", {"a.kz."}},
      {"UPDATE ds SET digest = '01'", {"a.kz."}},
      {"DELETE FROM ds", {"a.kz."}},
      {"UPDATE rdata SET rdata = '\"y\"' WHERE rdata = '\"x\"'", {"t.kz."}},
      {"UPDATE rrset SET ttl = 9 WHERE owner = 't.kz.'", {"t.kz."}},
      {"UPDATE zone SET soa_refresh = 1801", {"kz."}},
      {"UPDATE zone SET soa_serial = 5", {}},
      {"DELETE FROM nameserver WHERE delegation_id IN (SELECT id FROM delegation WHERE name ="
       " 'a.kz.') AND host_id IN (SELECT id FROM host WHERE name = 'ns.example.')",
       {"a.kz."}},
  };
  for (const auto& [statement, names] : statements) {
    sql.run(statement);
    const auto made = publish();
    EXPECT_EQ(made.has_value(), !names.empty()) << statement;
    EXPECT_EQ(changed(), names) << statement;
    expect_published_as_in_registry();
    if (!made) continue;
    const auto changes = must(reopen()->changes_since(kz, last));
    EXPECT_EQ(changes.publication, *made);
    EXPECT_FALSE(changes.whole);
    EXPECT_EQ(changes.names.size(), names.size()) << statement;
    last = *made;
  }
  EXPECT_EQ(sql.run("SELECT count(*) FROM change_feed"), "0");
}

TEST_P(PublicationTest, AddAndRemoveByPlainSql) {
  import(zone);
  const auto first = *publish();
  Sql sql(address_);
  sql.run("BEGIN");
  add_delegation(sql, "c.kz.", "ns.example.");
  EXPECT_FALSE(publish()) << "not committed yet";
  sql.run("COMMIT");
  ASSERT_TRUE(publish());
  EXPECT_EQ(changed(), (std::set<std::string>{"c.kz."}));
  sql.run(
      "DELETE FROM nameserver WHERE delegation_id IN (SELECT id FROM delegation WHERE name ="
      " 'c.kz.')");
  sql.run("DELETE FROM delegation WHERE name = 'c.kz.'");
  ASSERT_TRUE(publish());
  EXPECT_TRUE(last_pending_.changes.at(0).after.rrsets.empty());
  expect_published_as_in_registry();
  const auto changes = must(store_->changes_since(kz, first));
  ASSERT_EQ(changes.names.size(), 1u);  // the latest state only
  EXPECT_TRUE(changes.names[0].rrsets.empty());
}

// Positions are handed out before commit: the transaction that began first commits last.
TEST_P(ManyWriters, TransactionsThatCommitInTheOtherOrder) {
  import(zone);
  auto last = *publish();
  Sql slow(address_);
  Sql quick(address_);
  slow.run("BEGIN");
  add_delegation(slow, "slow.kz.", "ns.example.");
  for (int i = 0; i < 5; ++i) {
    quick.run("BEGIN");
    add_delegation(quick, "quick" + std::to_string(i) + ".kz.", "ns.example.");
    quick.run("COMMIT");
    ASSERT_TRUE(publish());
    EXPECT_EQ(changed(), (std::set<std::string>{"quick" + std::to_string(i) + ".kz."}));
  }
  slow.run("COMMIT");
  ASSERT_TRUE(publish());
  EXPECT_EQ(changed(), (std::set<std::string>{"slow.kz."}));
  expect_published_as_in_registry();
  EXPECT_EQ(must(store_->changes_since(kz, last)).names.size(), 6u);
}

// Catches: rows that were rolled back being waited for, or published.
TEST_P(PublicationTest, ARolledBackTransactionLeavesNothing) {
  import(zone);
  publish();
  Sql sql(address_);
  sql.run("BEGIN");
  add_delegation(sql, "c.kz.", "ns.example.");
  sql.run("ROLLBACK");
  EXPECT_FALSE(publish());
}

// Catches: a bad row that keeps every other change out, or goes out itself.
TEST_P(PublicationTest, ABadRowSpoilsItsOwnNameOnly) {
  import(zone);
  publish();
  Sql sql(address_);
  add_delegation(sql, "c.kz.", "ns.example.");
  sql.run("INSERT INTO host (zone_id, name) VALUES (1, 'Bad Host')");
  add_delegation(sql, "d.kz.", "Bad Host");
  add_delegation(sql, "e..kz.", "ns.example.");
  sql.run("INSERT INTO delegation (zone_id, name, ns_ttl) VALUES (1, 'f.kz.', 3600)");
  sql.run("INSERT INTO ds SELECT id, 1, 13, 2, '00' FROM delegation WHERE name = 'b.kz.'");
  sql.run("INSERT INTO host_address SELECT id, '192.0.2.300' FROM host WHERE name = 'ns.a.kz.'");
  ASSERT_TRUE(publish());
  EXPECT_EQ(changed(), (std::set<std::string>{"c.kz."}));
  std::map<std::string, std::string> reasons;
  for (const SetAside& one : must(store_->set_aside(kz, 100))) reasons[one.name] = one.reason;
  EXPECT_EQ(reasons.size(), 6u);
  EXPECT_NE(reasons["b.kz."].find("without a TTL"), std::string::npos) << reasons["b.kz."];
  EXPECT_NE(reasons["ns.a.kz."].find("not an IP address"), std::string::npos);
  EXPECT_NE(reasons["f.kz."].find("no host"), std::string::npos);
  EXPECT_NE(reasons["d.kz."].find("Bad Host"), std::string::npos);
  EXPECT_TRUE(reasons.contains("e..kz.") && reasons.contains("Bad Host"));
  sql.run("DELETE FROM host_address WHERE address = '192.0.2.300'");
  EXPECT_FALSE(publish()) << "as it was published";
  EXPECT_EQ(must(store_->set_aside(kz, 100)).size(), 5u);
  // Also when all names are looked at.
  ASSERT_TRUE(store_->thaw(kz, now).has_value());
  EXPECT_FALSE(publish());
  EXPECT_EQ(must(store_->set_aside(kz, 100)).size(), 5u);
}

// Catches: a delegation that stays away although the address that it lacked is there now.
TEST_P(PublicationTest, AHostThatChangesBringsBackWhatWasSetAsideForIt) {
  import(zone);
  publish();
  Sql sql(address_);
  sql.run("INSERT INTO host (zone_id, name, a_ttl) VALUES (1, 'ns.c.kz.', 3600)");
  add_delegation(sql, "c.kz.", "ns.c.kz.");
  publish({now}, [](const PendingChanges&) {
    Decision decision;
    decision.set_aside.push_back({"c.kz.", "glue-missing", now});
    return decision;
  });
  ASSERT_EQ(must(store_->set_aside(kz, 100)).size(), 1u);
  sql.run("INSERT INTO host_address SELECT id, '192.0.2.1' FROM host WHERE name = 'ns.c.kz.'");
  ASSERT_TRUE(publish());
  EXPECT_EQ(changed(), (std::set<std::string>{"c.kz.", "ns.c.kz."}));
  EXPECT_TRUE(must(store_->set_aside(kz, 100)).empty());
  expect_published_as_in_registry();
}

TEST_P(PublicationTest, AReimportPublishesWhatDiffers) {
  import(zone);
  const auto first = *publish();
  import("a NS ns.a\na NS ns.example.\nns.a A 192.0.2.1\nc NS ns.a\nt TXT x\n", 100);
  const auto second = *publish();
  EXPECT_EQ(changed(), (std::set<std::string>{"b.kz.", "c.kz."}));
  EXPECT_EQ(second.serial, 101u);
  EXPECT_FALSE(must(store_->changes_since(kz, first)).whole);
  expect_published_as_in_registry();
}

TEST_P(PublicationTest, SerialNeverGoesBackwards) {
  int round = 0;
  const auto next_serial = [&](std::uint32_t imported_serial) {
    import("t" + std::to_string(++round) + " TXT x\n", imported_serial);
    return publish()->serial;
  };
  EXPECT_EQ(next_serial(100), 100u);
  EXPECT_EQ(next_serial(100), 101u);
  EXPECT_EQ(next_serial(50), 102u);
  EXPECT_EQ(next_serial(2026112200), 2026112200u);
  EXPECT_EQ(next_serial(2026112200u + 0x7fffffff), 2026112200u + 0x7fffffff);  // RFC 1982
  EXPECT_EQ(next_serial(2026112200u + 0xffffffff), 2026112200u + 0x80000000);  // not comparable
  EXPECT_EQ(next_serial(4294967295), 4294967295u);
  EXPECT_EQ(next_serial(5), 5u);  // around the end: 5 is greater
  EXPECT_EQ(next_serial(4294967295), 6u);
}

TEST_P(PublicationTest, SerialRules) {
  const auto unixtime = static_cast<std::uint32_t>(now.time_since_epoch().count());
  PublishOptions options{now, SerialRule::unixtime};
  import("t TXT x\n");
  EXPECT_EQ(publish(options)->serial, unixtime);
  import("t TXT y\n");
  EXPECT_EQ(publish(options)->serial, unixtime + 1);  // within the second
  options.now -= std::chrono::hours(1);               // a clock that was set back
  import("t TXT z\n");
  EXPECT_EQ(publish(options)->serial, unixtime + 2);
  options.above = unixtime + 50;  // served already, before a backup was restored
  options.always = true;
  EXPECT_EQ(publish(options)->serial, unixtime + 51);
}

TEST_P(PublicationTest, PublishersDoNotRunBesideEachOther) {
  import(zone);
  publish();
  const auto before = must(store_->publications(kz, 1000)).size();
  std::vector<std::thread> nodes;
  std::atomic<int> made = 0;
  for (int node = 0; node < 2; ++node) {
    nodes.emplace_back([&, this, node] {
      const auto mine = reopen();
      Sql sql(address_);
      for (int i = 0; i < 20; ++i) {
        add_delegation(sql, "n" + std::to_string(node) + "x" + std::to_string(i) + ".kz.",
                       "ns.example.");
        for (int attempt = 0; attempt < 200; ++attempt) {
          const auto outcome = mine->publish(kz, {now}, accept_all);
          if (outcome.has_error()) {
            EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable) << outcome.error().message;
            continue;
          }
          if (outcome.value()) ++made;
          break;
        }
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  const auto all = must(store_->publications(kz, 1000));
  EXPECT_EQ(all.size(), before + static_cast<std::size_t>(made));
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i - 1].serial, all[i].serial + 1);
  publish();
  expect_published_as_in_registry();
}

// Catches: a follower that takes changes for all of what it lacks.
TEST_P(PublicationTest, AFollowerThatTheStoreDoesNotKnowLoadsAll) {
  import(zone);
  auto first = *publish();
  import("t TXT y\n");
  const auto second = *publish();
  EXPECT_FALSE(must(store_->changes_since(kz, first)).whole);
  auto forged = first;
  forged.serial += 1;  // the number is known, but it was another publication: a restored backup
  EXPECT_TRUE(must(store_->changes_since(kz, forged)).whole);
  forged = second;
  forged.id += 10;
  EXPECT_TRUE(must(store_->changes_since(kz, forged)).whole);
  ASSERT_TRUE(store_->prune(kz, now + std::chrono::hours(1)).has_value());
  EXPECT_TRUE(must(store_->changes_since(kz, first)).whole);
  EXPECT_FALSE(must(store_->changes_since(kz, second)).whole);  // the last one stays
}

TEST_P(PublicationTest, RollBackAndThaw) {
  import(zone);
  const auto first = *publish();
  import("a NS ns.b\nns.b A 192.0.2.2\nb NS ns.b\nu TXT new\n");
  publish();
  import("c NS ns.example.\n");
  const auto third = *publish();
  const auto back = must(store_->roll_back(kz, first.id, {now}, "a test"));
  EXPECT_EQ(back.serial, third.serial + 1);
  const auto published = must(store_->load_published(kz)).content;
  EXPECT_EQ(published.size(), content_of(with_apex(zone)).size());
  EXPECT_TRUE(published.find(name("t.kz."), dns::RRType::TXT).has_value());
  ASSERT_TRUE(must(store_->frozen(kz)).has_value());
  Sql(address_).run("UPDATE delegation SET ns_ttl = 9");
  EXPECT_FALSE(publish()) << "frozen";
  ASSERT_TRUE(store_->thaw(kz, now).has_value());
  ASSERT_TRUE(publish());
  expect_published_as_in_registry();
  EXPECT_EQ(store_->roll_back(kz, 999, {now}, "a test").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(store_->prune(kz, now + std::chrono::hours(1)).has_value());
  EXPECT_EQ(store_->roll_back(kz, first.id, {now}, "a test").error().kind, ErrorKind::not_found);
}

TEST_P(PublicationTest, AHoldKeepsTheFeedUntilItIsApproved) {
  import(zone);
  publish();
  Sql sql(address_);
  sql.run("UPDATE delegation SET ns_ttl = 9");
  const Decide hold_it = [](const PendingChanges& pending) {
    Decision decision = accept_all(pending);
    if (!pending.hold || pending.hold->approved_by.size() < 2) {
      decision.hold = pending.hold.value_or(Hold{0, "2 altered", 2, 0, "", {}, {}});
    }
    return decision;
  };
  EXPECT_FALSE(publish({now}, hold_it));
  EXPECT_FALSE(publish({now}, hold_it));
  const auto held = must(store_->hold(kz));
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->names, 2u);
  EXPECT_EQ(sql.run("SELECT count(*) FROM hold"), "1");
  EXPECT_EQ(store_->approve(kz, held->id + 1, {"ann"}, now).error().kind, ErrorKind::refused);
  ASSERT_TRUE(store_->approve(kz, held->id, {"ann"}, now).has_value());
  EXPECT_EQ(store_->approve(kz, held->id, {"ann"}, now).error().kind, ErrorKind::refused);
  EXPECT_FALSE(publish({now}, hold_it));
  // All of them or none.
  EXPECT_EQ(store_->approve(kz, held->id, {"bob", "ann"}, now).error().kind, ErrorKind::refused);
  EXPECT_EQ(must(store_->hold(kz))->approved_by, std::vector<std::string>{"ann"});
  ASSERT_TRUE(store_->approve(kz, held->id, {"bob"}, now).has_value());
  EXPECT_TRUE(publish({now}, hold_it));
  EXPECT_FALSE(must(store_->hold(kz)).has_value());
  expect_published_as_in_registry();
}

TEST_P(PublicationTest, ACommitIsNoticed) {
  import(zone);
  publish();
  const auto waiter = reopen();
  must(waiter->wait_for_commit(std::chrono::milliseconds(50)));  // our own import, perhaps
  must(waiter->wait_for_commit(std::chrono::milliseconds(50)));
  const auto begin = std::chrono::steady_clock::now();
  std::thread writer([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    Sql(address_).run("UPDATE delegation SET ns_ttl = 10");
  });
  must(waiter->wait_for_commit(std::chrono::seconds(10)));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  writer.join();
}

}  // namespace
}  // namespace tld::zones
