// SPDX-License-Identifier: GPL-2.0-only
//
// A store of an older release is refused until it is migrated, and then goes on where it was.
#include "tests/unit/zones/sqlite.h"
#include "tests/unit/zones/support.h"
#include "zones/store.h"
#include "zones/store_schema.h"

namespace tld::zones {
namespace {

// What version 1 had in place of today's tables from change_feed on.
const char* const version_1 =
    "CREATE TABLE change_feed (position INTEGER PRIMARY KEY AUTOINCREMENT, zone_id INTEGER NOT NULL"
    " REFERENCES zone (id), change TEXT NOT NULL CHECK (change IN ('zone-replaced')), committed "
    "TEXT"
    " NOT NULL) STRICT;"
    "CREATE INDEX change_feed_by_zone ON change_feed (zone_id, position);"
    "CREATE TABLE publication (zone_id INTEGER NOT NULL REFERENCES zone (id), feed_position INTEGER"
    " NOT NULL REFERENCES change_feed (position), serial INTEGER NOT NULL CHECK (serial BETWEEN 0"
    " AND 4294967295), created TEXT NOT NULL, PRIMARY KEY (zone_id, feed_position)) STRICT, WITHOUT"
    " ROWID;";

void make_version_1(const std::filesystem::path& path) {
  Sqlite sqlite(path);
  sqlite.run("PRAGMA journal_mode = WAL");
  for (const std::string statement : store_schema) {
    if (statement.find("TABLE change_feed ") != std::string::npos) break;
    sqlite.run(statement);
  }
  sqlite.run(version_1);
  sqlite.run("PRAGMA application_id = " + std::to_string(store_application_id));
  sqlite.run("PRAGMA user_version = 1");
  sqlite.run(
      "INSERT INTO zone VALUES (1, 'kz.', 3600, 'ns.example.', 'host.example.', 7, 1, 1, 1, 1)");
  sqlite.run("INSERT INTO rrset VALUES (1, 1, 'kz.', 'NS', 3600)");
  sqlite.run("INSERT INTO rdata VALUES (1, 'ns.example.')");
  sqlite.run("INSERT INTO change_feed VALUES (1, 1, 'zone-replaced', '2026-11-22T04:39:33Z')");
  sqlite.run("INSERT INTO publication VALUES (1, 1, 41, '2026-11-22T04:39:34Z')");
}

TEST(StoreMigration, FromVersion1) {
  const TemporaryDirectory directory;
  const auto path = directory / "store.sqlite";
  make_version_1(path);
  const auto old = Store::open(path, Store::Mode::read_write);
  ASSERT_TRUE(old.has_error());
  EXPECT_EQ(old.error().kind, base::ErrorKind::refused);
  EXPECT_NE(old.error().message.find("tldctl store migrate"), std::string::npos);

  EXPECT_EQ(must(Store::migrate(path)), 1);
  EXPECT_EQ(must(Store::migrate(path)), store_schema_version);  // nothing more to do
  const auto store = must(Store::open(path, Store::Mode::read_write));
  EXPECT_EQ(must(store->last_publication(name("kz.")))->serial, 41u);
  const auto made = must(
      store->publish(name("kz."), {}, [](const PendingChanges& pending) -> base::Result<Decision> {
        return Decision{pending.first.has_value(), pending.changes, {}, std::nullopt};
      }));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->serial, 42u);  // never one that was given out
  EXPECT_EQ(must(store->load_published(name("kz."))).content.size(), 2u);
}

// Catches: a migration that fails in the middle and leaves a store that is neither.
TEST(StoreMigration, AFailureLeavesTheOldStore) {
  const TemporaryDirectory directory;
  const auto path = directory / "store.sqlite";
  make_version_1(path);
  Sqlite(path).run("CREATE TABLE frozen (mine)");  // in the way of ours
  EXPECT_TRUE(Store::migrate(path).has_error());
  EXPECT_EQ(Sqlite(path).run("PRAGMA user_version"), "1");
  EXPECT_EQ(Sqlite(path).run("SELECT serial FROM publication"), "41");
  Sqlite(path).run("DROP TABLE frozen");
  EXPECT_EQ(must(Store::migrate(path)), 1);
}

}  // namespace
}  // namespace tld::zones
