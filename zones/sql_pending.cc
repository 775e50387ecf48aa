// SPDX-License-Identifier: GPL-2.0-only
//
// What waits to be published.
#include "zones/sql_store.h"

namespace tld::zones {
namespace {

using base::Result;

std::string exists(const std::string& condition) {
  return "SELECT CASE WHEN EXISTS (SELECT 1 FROM change_feed WHERE " + condition +
         ") THEN 1 ELSE 0 END";
}

NameData data_at(const ZoneContent& content, std::size_t& index) {
  NameData data{dns::Name(content[index].owner), {}};
  for (; index < content.size() && content[index].owner == data.name; ++index) {
    data.rrsets.push_back(content[index].copy());
  }
  return data;
}

// Both are sorted by owner.
std::vector<NameChange> difference(const ZoneContent& published, const ZoneContent& registry) {
  std::vector<NameChange> result;
  std::size_t before = 0;
  std::size_t after = 0;
  while (before < published.size() || after < registry.size()) {
    int order = before == published.size() ? 1 : -1;
    if (before < published.size() && after < registry.size()) {
      const auto compared = dns::canonical_order(published[before].owner, registry[after].owner);
      order = compared < 0 ? -1 : (compared > 0 ? 1 : 0);
    }
    NameChange change;
    if (order <= 0) change.before = data_at(published, before);
    if (order >= 0) change.after = data_at(registry, after);
    if (order < 0) change.after.name = change.before.name;
    if (order > 0) change.before.name = change.after.name;
    if (!same_data(change.before, change.after)) result.push_back(std::move(change));
  }
  return result;
}

// What stands in the feed already does not go into it again: while the brake holds, nobody empties
// it.
std::string not_in_feed(const std::string& zone) {
  return " EXCEPT SELECT name FROM change_feed WHERE name IS NOT NULL AND zone_id = " + zone;
}

// Every name that the registry or the last publication has goes into the feed by itself: then a bad
// row spoils its own name only.
void name_all(Database& database, std::int64_t zone_id) {
  const std::string zone = std::to_string(zone_id);
  database.sql() << "INSERT INTO change_feed (zone_id, name, committed) SELECT " + zone +
                        ", name, '' FROM (SELECT name FROM delegation WHERE zone_id = " + zone +
                        " UNION SELECT name FROM host WHERE zone_id = " + zone +
                        " UNION SELECT owner FROM rrset WHERE zone_id = " + zone +
                        " UNION SELECT name FROM zone WHERE id = " + zone +
                        " UNION SELECT name FROM published WHERE zone_id = " + zone +
                        not_in_feed(zone) + ") AS named";
}

// A delegation that was set aside for want of glue is looked at again when one of its hosts
// changes.
void name_what_waits_for_hosts(Database& database, std::int64_t zone_id) {
  const std::string zone = std::to_string(zone_id);
  int any = 0;
  database.sql() << "SELECT CASE WHEN EXISTS (SELECT 1 FROM set_aside WHERE zone_id = " + zone +
                        ") THEN 1 ELSE 0 END",
      soci::into(any);
  if (any == 0) return;
  database.sql() << "INSERT INTO change_feed (zone_id, name, committed) SELECT " + zone +
                        ", name, '' FROM (SELECT d.name FROM host h"
                        " JOIN nameserver n ON n.host_id = h.id"
                        " JOIN delegation d ON d.id = n.delegation_id"
                        " JOIN set_aside s ON s.zone_id = d.zone_id AND s.name = d.name"
                        " WHERE h.zone_id = " +
                        zone + " AND h.name" + is_in_feed(database, zone_id) + not_in_feed(zone) +
                        ") AS waiting";
}

Result<std::vector<NameChange>> read_difference(Database& database, dns::NameView apex,
                                                std::int64_t zone_id) {
  TLD_TRY(const auto registry, read_registry(database, apex, zone_id, {}));
  TLD_TRY(const auto published, read_published(database, apex, zone_id));
  return difference(published, registry);
}

}  // namespace

Feed look_at_feed(Database& database, std::int64_t zone_id) {
  const std::string of_zone = "zone_id = " + std::to_string(zone_id);
  int any = 0;
  int whole = 0;
  database.sql() << exists(of_zone), soci::into(any);
  if (any != 0) database.sql() << exists(of_zone + " AND name IS NULL"), soci::into(whole);
  return {any != 0, whole != 0};
}

// Two publishers of one zone cannot run beside each other: both write here first.
void take_turn(Database& database, std::int64_t zone_id) {
  database.sql() << "INSERT INTO publishing (zone_id, turns) VALUES (:zone, 1)"
                    " ON CONFLICT (zone_id) DO UPDATE SET turns = publishing.turns + 1",
      soci::use(zone_id);
}

Result<PendingChanges> read_pending(Database& database, dns::NameView apex, std::int64_t zone_id,
                                    bool whole) {
  PendingChanges pending;
  TLD_TRY(pending.last, read_last_publication(database, zone_id));
  TLD_TRY(pending.hold, read_hold(database, zone_id));
  // Version 1 of the schema did not keep what was published.
  int published = 0;
  database.sql() << "SELECT CASE WHEN EXISTS (SELECT 1 FROM published WHERE zone_id = " +
                        std::to_string(zone_id) + ") THEN 1 ELSE 0 END",
      soci::into(published);
  if (published == 0) {
    TLD_TRY(pending.first, read_registry(database, apex, zone_id, {}));
    return pending;
  }
  if (whole) {
    auto changes = read_difference(database, apex, zone_id);
    if (changes) {
      pending.changes = std::move(changes).value();
      return pending;
    }
    if (changes.error().kind != base::ErrorKind::invalid_input) return changes.error();
    name_all(database, zone_id);
  }
  if (!whole) name_what_waits_for_hosts(database, zone_id);
  TLD_TRY(auto names, read_changed_names(database, apex, zone_id));
  pending.changes = std::move(names.changes);
  pending.bad_rows = std::move(names.bad_rows);
  return pending;
}

}  // namespace tld::zones
