// SPDX-License-Identifier: GPL-2.0-only
#include "zones/store_schema.h"

namespace tld::zones {
namespace {

// For a changed row, "{row}" being OLD or NEW: SELECT zone_id, name of what it concerns.
struct Source {
  const char* table;
  const char* names;
};

constexpr Source sources[] = {
    {"delegation", "SELECT {row}.zone_id AS zone_id, {row}.name AS name"},
    {"nameserver", "SELECT zone_id, name FROM delegation WHERE id = {row}.delegation_id"},
    {"ds", "SELECT zone_id, name FROM delegation WHERE id = {row}.delegation_id"},
    // A host's name stands in the NS RRsets of those who use it.
    {"host",
     "SELECT {row}.zone_id AS zone_id, {row}.name AS name UNION SELECT d.zone_id, d.name FROM "
     "nameserver AS n JOIN delegation AS d ON d.id = n.delegation_id WHERE n.host_id = {row}.id"},
    {"host_address", "SELECT zone_id, name FROM host WHERE id = {row}.host_id"},
    {"rrset", "SELECT {row}.zone_id AS zone_id, {row}.owner AS name"},
    {"rdata", "SELECT zone_id, owner AS name FROM rrset WHERE id = {row}.rrset_id"},
    {"zone", "SELECT {row}.id AS zone_id, {row}.name AS name"},
};

std::string replaced(std::string text, std::string_view word, std::string_view with) {
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + with.size())) {
    text.replace(at, word.size(), with);
  }
  return text;
}

std::string feed_insert(const Source& source, const char* row, const char* now) {
  return "INSERT INTO change_feed (zone_id, name, committed) SELECT zone_id, name, " +
         std::string(now) + " FROM (" + replaced(source.names, "{row}", row) +
         ") AS changed WHERE zone_id NOT IN (SELECT zone_id FROM bulk_change);\n";
}

struct Event {
  const char* name;
  bool old_row, new_row;
};
// A new row of `zone` has no data yet, and the row of a deleted one cannot be referred to.
constexpr Event events[] = {
    {"INSERT", false, true}, {"UPDATE", true, true}, {"DELETE", true, false}};

bool is_wanted(const Source& source, const Event& event) {
  return std::string_view(source.table) != "zone" || std::string_view(event.name) == "UPDATE";
}

std::string feed_inserts(const Source& source, const Event& event, const char* now) {
  std::string inserts;
  if (event.old_row) inserts += feed_insert(source, "OLD", now);
  if (event.new_row) inserts += feed_insert(source, "NEW", now);
  return inserts;
}

std::string trigger_name(const Source& source, const Event& event) {
  return "feed_" + std::string(source.table) + "_" + event.name;
}

std::vector<std::string> sqlite_triggers() {
  constexpr const char* now = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')";
  std::vector<std::string> result;
  for (const Source& source : sources) {
    for (const Event& event : events) {
      if (!is_wanted(source, event)) continue;
      result.push_back("CREATE TRIGGER " + trigger_name(source, event) + " AFTER " + event.name +
                       " ON " + source.table + " BEGIN\n" + feed_inserts(source, event, now) +
                       "END");
    }
  }
  return result;
}

// A statement that changes a thousand rows runs a row trigger a thousand times; the notification is
// folded into one per transaction by PostgreSQL.
std::vector<std::string> postgresql_triggers() {
  constexpr const char* now =
      "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
  std::vector<std::string> result;
  for (const Source& source : sources) {
    for (const Event& event : events) {
      if (!is_wanted(source, event)) continue;
      const std::string name = trigger_name(source, event);
      result.push_back("CREATE FUNCTION " + name +
                       "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n" +
                       feed_inserts(source, event, now) + "RETURN NULL; END $$");
      result.push_back("CREATE TRIGGER " + name + " AFTER " + event.name + " ON " + source.table +
                       " FOR EACH ROW EXECUTE FUNCTION " + name + "()");
    }
  }
  result.push_back(
      "CREATE FUNCTION tell_store() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_notify('tld_store', ''); RETURN NULL; END $$");
  for (const char* table : {"change_feed", "publication", "hold_approval", "frozen"}) {
    result.push_back("CREATE TRIGGER tell_" + std::string(table) + " AFTER INSERT OR DELETE ON " +
                     table + " FOR EACH STATEMENT EXECUTE FUNCTION tell_store()");
  }
  return result;
}

}  // namespace

std::vector<std::string> store_triggers(StoreAddress::Kind kind) {
  return kind == StoreAddress::Kind::sqlite ? sqlite_triggers() : postgresql_triggers();
}

}  // namespace tld::zones
