// SPDX-License-Identifier: GPL-2.0-only
//
// What stands in the way of a publication: names set aside, a hold, a frozen zone.
#include <map>

#include "zones/sql_store.h"
#include "zones/stored_rows.h"

namespace tld::zones {
namespace {

using base::Result;

Result<base::Time> stored_time(const char* table, const std::string& row, const std::string& text) {
  auto time = time_from_text(text);
  if (!time) return bad_row(table, row, time.error().message);
  return time;
}

}  // namespace

Result<std::vector<SetAside>> read_set_aside(Database& database, std::int64_t zone_id,
                                             std::size_t limit) {
  std::vector<SetAside> result;
  TLD_TRY((for_each_row<std::string, std::string, std::string>(
      database,
      "SELECT name, reason, since FROM set_aside WHERE zone_id = " + std::to_string(zone_id) +
          " ORDER BY name LIMIT " + std::to_string(limit),
      [&](const std::string& name, const std::string& reason,
          const std::string& since) -> base::Status {
        TLD_TRY(const base::Time time, stored_time("set_aside", shown(name), since));
        result.push_back({name, reason, time});
        return base::ok();
      })));
  return result;
}

// A name in the feed that is not set aside again is set aside no more; of one that is, the time
// stays. What is not in the feed costs nothing here: a hundred thousand names may be set aside.
base::Status write_set_aside(Database& database, std::int64_t zone_id, const Decision& decision,
                             base::Time now) {
  const std::string zone = std::to_string(zone_id);
  const std::string in_feed =
      "zone_id = " + zone +
      (look_at_feed(database, zone_id).whole ? "" : " AND name" + is_in_feed(database, zone_id));
  std::map<std::string, std::string> before;
  TLD_TRY((for_each_row<std::string, std::string>(
      database, "SELECT name, since FROM set_aside WHERE " + in_feed,
      [&](const std::string& name, const std::string& since) -> base::Status {
        before.emplace(name, since);
        return base::ok();
      })));
  if (!before.empty()) database.sql() << "DELETE FROM set_aside WHERE " + in_feed;
  BulkInsert<long long, std::string, std::string, std::string> insert(
      database, "set_aside", {"zone_id", "name", "reason", "since"});
  std::size_t rows = 0;
  for (const SetAside& one : decision.set_aside) {
    const auto found = before.find(one.name);
    insert.add(zone_id, one.name, one.reason,
               found == before.end() ? time_text(now) : found->second);
    if (++rows % bulk_rows == 0) insert.flush();
  }
  insert.flush();
  return base::ok();
}

Result<std::optional<Frozen>> read_frozen(Database& database, std::int64_t zone_id) {
  std::optional<Frozen> result;
  TLD_TRY((for_each_row<std::string, std::string>(
      database, "SELECT reason, since FROM frozen WHERE zone_id = " + std::to_string(zone_id),
      [&](const std::string& reason, const std::string& since) -> base::Status {
        TLD_TRY(const base::Time time, stored_time("frozen", std::to_string(zone_id), since));
        result = Frozen{reason, time};
        return base::ok();
      })));
  return result;
}

void write_frozen(Database& database, std::int64_t zone_id, const std::string& reason,
                  base::Time now) {
  const std::string since = time_text(now);
  database.sql() << "INSERT INTO frozen (zone_id, reason, since) VALUES (:zone, :reason, :since)"
                    " ON CONFLICT (zone_id) DO UPDATE SET reason = excluded.reason",
      soci::use(zone_id), soci::use(reason), soci::use(since);
}

Result<std::optional<Hold>> read_hold(Database& database, std::int64_t zone_id) {
  std::optional<Hold> result;
  TLD_TRY((for_each_row<long long, std::string, long long, long long, std::string, std::string>(
      database,
      "SELECT id, reason, names, secure_delegations, apex_digest, since FROM hold"
      " WHERE released IS NULL AND zone_id = " +
          std::to_string(zone_id) + " ORDER BY id",
      [&](long long id, const std::string& reason, long long names, long long secure,
          const std::string& digest, const std::string& since) -> base::Status {
        TLD_TRY(const base::Time time, stored_time("hold", std::to_string(id), since));
        result = Hold{id,
                      reason,
                      static_cast<std::uint64_t>(names),
                      static_cast<std::uint64_t>(secure),
                      digest,
                      time,
                      {}};
        return base::ok();
      })));
  if (!result) return result;
  TLD_TRY(for_each_row<std::string>(database,
                                    "SELECT person FROM hold_approval WHERE hold_id = " +
                                        std::to_string(result->id) + " ORDER BY person",
                                    [&](const std::string& person) -> base::Status {
                                      result->approved_by.push_back(person);
                                      return base::ok();
                                    }));
  return result;
}

void write_hold(Database& database, std::int64_t zone_id, const Hold& hold, base::Time now) {
  const std::string since = time_text(now);
  const auto names = static_cast<long long>(hold.names);
  const auto secure = static_cast<long long>(hold.secure_delegations);
  release_hold(database, zone_id, now);
  database.sql() << "INSERT INTO hold (zone_id, reason, names, secure_delegations,"
                    " apex_digest, since) VALUES (:zone, :reason, :names, :secure, :digest,"
                    " :since)",
      soci::use(zone_id), soci::use(hold.reason), soci::use(names), soci::use(secure),
      soci::use(hold.apex_digest), soci::use(since);
}

void release_hold(Database& database, std::int64_t zone_id, base::Time now) {
  const std::string time = time_text(now);
  database.sql() << "UPDATE hold SET released = :time WHERE released IS NULL AND zone_id = :zone",
      soci::use(time), soci::use(zone_id);
}

}  // namespace tld::zones
