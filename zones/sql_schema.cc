// SPDX-License-Identifier: GPL-2.0-only
//
// The schema made, checked and migrated.
#include "zones/sql_store.h"
#include "zones/store_schema.h"

namespace tld::zones {
namespace {

using base::Status;

bool is_sqlite(Database& database) {
  return database.kind() == StoreAddress::Kind::sqlite;
}

void define_all(Database& database, int first_table) {
  for (int i = first_table; i < static_cast<int>(std::size(store_schema)); ++i) {
    database.define(store_schema[i]);
  }
}

void note_version(Database& database, base::Time now) {
  soci::session& sql = database.sql();
  const int version = store_schema_version;
  const std::string applied = time_text(now);
  sql << "INSERT INTO schema_version (version, applied) VALUES (:version, :applied)",
      soci::use(version), soci::use(applied);
  if (!is_sqlite(database)) return;
  sql << "PRAGMA application_id = " + std::to_string(store_application_id);
  sql << "PRAGMA user_version = " + std::to_string(store_schema_version);
}

// 0: no store of ours.
int version_of(Database& database) {
  soci::session& sql = database.sql();
  int version = 0;
  if (is_sqlite(database)) {
    int application = 0;
    sql << "PRAGMA application_id", soci::into(application);
    sql << "PRAGMA user_version", soci::into(version);
    return application == store_application_id ? version : 0;
  }
  int there = 0;
  sql << "SELECT CASE WHEN to_regclass('schema_version') IS NULL OR to_regclass('change_feed') IS"
         " NULL THEN 0 ELSE 1 END",
      soci::into(there);
  if (there == 0) return 0;
  sql << "SELECT coalesce(max(version), 0) FROM schema_version", soci::into(version);
  return version;
}

base::Error not_ours(const std::string& store) {
  return base::refused("store " + store +
                       ": this database is not a registry store of pdns-tld: "
                       "make one with tldctl store init");
}

base::Error lacks(const std::string& store, const std::string& what) {
  return base::refused("store " + store + " lacks what its schema version has: " +
                       what.substr(0, what.find_first_of("(\n")));
}

// The tables' constraints keep other types out of the columns, the triggers keep the feed complete.
Status check_sqlite(Database& database, const std::string& store) {
  std::vector<std::string> statements(std::begin(store_schema), std::end(store_schema));
  const auto triggers = store_triggers(StoreAddress::Kind::sqlite);
  statements.insert(statements.end(), triggers.begin(), triggers.end());
  for (const std::string& statement : statements) {
    int found = 0;
    database.sql() << "SELECT count(*) FROM sqlite_schema WHERE sql = :sql", soci::use(statement),
        soci::into(found);
    if (found != 1) return lacks(store, statement);
  }
  return base::ok();
}

// PostgreSQL keeps no text of what was defined: names, and that no trigger is disabled.
Status check_postgresql(Database& database, const std::string& store) {
  const auto name_in = [](const std::string& statement, const std::string& behind) {
    const std::size_t at = behind.size();
    return statement.substr(at, statement.find_first_of(" (", at) - at);
  };
  for (const std::string statement : store_schema) {
    if (!statement.starts_with("CREATE TABLE ")) continue;
    const std::string table = name_in(statement, "CREATE TABLE ");
    int found = 0;
    database.sql() << "SELECT CASE WHEN to_regclass(:name) IS NULL THEN 0 ELSE 1 END",
        soci::use(table), soci::into(found);
    if (found != 1) return lacks(store, "CREATE TABLE " + table);
  }
  for (const std::string& statement : store_triggers(StoreAddress::Kind::postgresql)) {
    if (!statement.starts_with("CREATE TRIGGER ")) continue;
    std::string trigger = name_in(statement, "CREATE TRIGGER ");
    for (char& c : trigger) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    int found = 0;
    database.sql() << "SELECT count(*) FROM pg_trigger WHERE tgname = :name AND tgenabled IN ('O',"
                      " 'A') AND pg_table_is_visible(tgrelid)",
        soci::use(trigger), soci::into(found);
    if (found != 1) return lacks(store, "CREATE TRIGGER " + trigger);
  }
  return base::ok();
}

// Version 1 had a feed of whole zones and publications by its positions, on SQLite only.
void migrate_from_1(Database& database) {
  soci::session& sql = database.sql();
  sql << "PRAGMA legacy_alter_table = ON";  // no reference elsewhere follows the renaming
  sql << "ALTER TABLE publication RENAME TO publication_1";
  sql << "DROP INDEX change_feed_by_zone";
  sql << "ALTER TABLE change_feed RENAME TO change_feed_1";
  int first_new = 0;
  while (std::string_view(store_schema[first_new]).find("TABLE change_feed ") ==
         std::string_view::npos) {
    ++first_new;
  }
  define_all(database, first_new);
  for (const std::string& trigger : store_triggers(StoreAddress::Kind::sqlite)) sql << trigger;
  // The serials go on; what was published is not known, so the next publication is a whole one.
  sql << "INSERT INTO publication (zone_id, serial, whole, changes, created) SELECT zone_id, "
         "serial,"
         " 1, 0, created FROM publication_1 ORDER BY feed_position";
  sql << "INSERT INTO change_feed (zone_id, name, committed) SELECT zone_id, NULL, max(committed)"
         " FROM change_feed_1 GROUP BY zone_id";
  sql << "DROP TABLE publication_1";
  sql << "DROP TABLE change_feed_1";
}

}  // namespace

void create_schema(Database& database, base::Time now) {
  if (is_sqlite(database)) database.sql() << "PRAGMA journal_mode = WAL";
  Transaction transaction(database, Database::Access::write);
  define_all(database, 0);
  for (const std::string& trigger : store_triggers(database.kind())) database.sql() << trigger;
  note_version(database, now);
  transaction.commit();
}

Status check_schema(Database& database, const std::string& store) {
  const int version = version_of(database);
  if (version == 0) return not_ours(store);
  if (version != store_schema_version) {
    return base::refused("store " + store + " has schema version " + std::to_string(version) +
                         "; this release knows version " + std::to_string(store_schema_version) +
                         (version < store_schema_version ? ": run tldctl store migrate" : ""));
  }
  return is_sqlite(database) ? check_sqlite(database, store) : check_postgresql(database, store);
}

base::Result<int> migrate_schema(Database& database, const std::string& store, base::Time now) {
  Transaction transaction(database, Database::Access::write);
  const int version = version_of(database);
  if (version == 0) return not_ours(store);
  if (version == 1) {
    migrate_from_1(database);
    note_version(database, now);
  }
  TLD_TRY(check_schema(database, store));
  transaction.commit();
  return version;
}

}  // namespace tld::zones
