// SPDX-License-Identifier: GPL-2.0-only
#include "zones/sqlite_store.h"

#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "dns/rdata.h"
#include "zones/sqlite_schema.h"
#include "zones/sqlite_session.h"

namespace tld::zones {
namespace {

std::string connection(const std::filesystem::path& path, Store::Mode mode) {
  std::string text = "db=\"" + path.string() + "\" timeout=10";
  if (mode == Store::Mode::read_only) text += " readonly=1";
  return text;
}

base::Status check_path(const std::filesystem::path& path) {
  if (path.string().find('"') == std::string::npos) return base::ok();
  return base::invalid_input("store " + path.string() + ": a path with a quotation mark");
}

base::Status create_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640);
  if (file >= 0) {
    ::close(file);
    return base::ok();
  }
  const std::string reason = "store " + path.string() + ": " + std::strerror(errno);
  return errno == EEXIST ? base::refused(reason) : base::unavailable(reason);
}

}  // namespace

base::Result<std::unique_ptr<Store>> Store::create(const std::filesystem::path& path) {
  TLD_TRY(check_path(path));
  TLD_TRY(create_file(path));
  auto made = guarded("store " + path.string(), [&]() -> base::Result<std::unique_ptr<Store>> {
    auto store = std::make_unique<SqliteStore>(path, Mode::read_write);
    store->create_schema();
    return base::Result<std::unique_ptr<Store>>(std::move(store));
  });
  if (made.has_error()) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  return made;
}

base::Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& path, Mode mode) {
  TLD_TRY(check_path(path));
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return base::not_found("store " + path.string() + " does not exist: make it with tldctl init");
  }
  return guarded("store " + path.string(), [&]() -> base::Result<std::unique_ptr<Store>> {
    auto store = std::make_unique<SqliteStore>(path, mode);
    TLD_TRY(store->check_schema());
    return base::Result<std::unique_ptr<Store>>(std::move(store));
  });
}

SqliteStore::SqliteStore(const std::filesystem::path& path, Mode mode)
    : path_(path.string()), mode_(mode), sql_(soci::sqlite3, connection(path, mode)) {
  sql_ << "PRAGMA foreign_keys = ON";
  sql_ << "PRAGMA trusted_schema = OFF";  // a hostile file's views and triggers get no functions
  sql_ << "PRAGMA cell_size_check = ON";  // damage is an error, never nonsense
  sql_ << "PRAGMA cache_size = -65536";   // 64 MiB: an import writes its indices in any order
  sql_ << "PRAGMA synchronous = FULL";    // a serial that was given out is never given again
}

void SqliteStore::create_schema() {
  sql_ << "PRAGMA journal_mode = WAL";
  Transaction transaction(sql_, Transaction::Kind::write);
  for (const char* statement : store_schema) sql_ << statement;
  sql_ << "PRAGMA application_id = " + std::to_string(store_application_id);
  sql_ << "PRAGMA user_version = " + std::to_string(store_schema_version);
  transaction.commit();
}

base::Status SqliteStore::check_schema() {
  int application = 0;
  int version = 0;
  sql_ << "PRAGMA application_id", soci::into(application);
  sql_ << "PRAGMA user_version", soci::into(version);
  if (application != store_application_id) {
    return base::refused("store " + path_ + ": this database is not a registry store of pdns-tld");
  }
  if (version != store_schema_version) {
    return base::refused("store " + path_ + " has schema version " + std::to_string(version) +
                         "; this release knows version " + std::to_string(store_schema_version));
  }
  // The tables' STRICT and constraints are what keeps other types out of the columns.
  for (const std::string statement : store_schema) {
    int found = 0;
    sql_ << "SELECT count(*) FROM sqlite_schema WHERE sql = :sql", soci::use(statement),
        soci::into(found);
    if (found == 1) continue;
    return base::refused("store " + path_ + " lacks what its schema version has: " +
                         statement.substr(0, statement.find('(')));
  }
  return base::ok();
}

base::Result<std::int64_t> zone_id_of(soci::session& sql, dns::NameView apex) {
  const std::string name = apex.text();
  long long id = 0;
  sql << "SELECT id FROM zone WHERE name = :name", soci::use(name), soci::into(id);
  if (sql.got_data()) return std::int64_t{id};
  return base::not_found("the store has no zone " + name);
}

base::Result<std::vector<ZoneSummary>> SqliteStore::zones() {
  return guarded("store " + path_, [&]() -> base::Result<std::vector<ZoneSummary>> {
    Transaction transaction(sql_, Transaction::Kind::read);
    std::vector<ZoneSummary> result;
    TLD_TRY((for_each_row<long long, std::string, long long>(
        sql_, "SELECT id, name, soa_serial FROM zone WHERE id > :zone", 0,
        [&](long long id, const std::string& name, long long serial) -> base::Status {
          TLD_TRY(auto one, summary(id, name, serial));
          result.push_back(std::move(one));
          return base::ok();
        })));
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
      return dns::canonical_order(a.name, b.name) < 0;
    });
    return result;
  });
}

base::Result<ZoneSummary> SqliteStore::summary(long long zone_id, const std::string& name,
                                               long long serial) {
  ZoneSummary result;
  auto parsed = dns::Name::from_text(name);
  if (parsed.has_error()) {
    return parsed.error().in("store " + path_ + ": table zone, row " + std::to_string(zone_id));
  }
  result.name = std::move(parsed).value();
  result.imported_serial = static_cast<std::uint32_t>(serial);
  long long delegations = 0;
  long long position = 0;
  sql_ << "SELECT count(*) FROM delegation WHERE zone_id = :zone", soci::use(zone_id),
      soci::into(delegations);
  sql_ << "SELECT coalesce(max(position), 0) FROM change_feed WHERE zone_id = :zone",
      soci::use(zone_id), soci::into(position);
  result.delegations = static_cast<std::uint64_t>(delegations);
  result.feed_position = position;
  TLD_TRY(result.last_publication, publication(zone_id, "1 ORDER BY feed_position DESC LIMIT 1"));
  return result;
}

base::Status SqliteStore::replace_zone(const ZoneContent& content, std::uint32_t imported_serial,
                                       base::Time now, const Progress& progress) {
  if (mode_ == Mode::read_only)
    return base::refused("store " + path_ + " is open for reading only");
  const std::string what = "store " + path_ + ": zone " + content.apex().text() + " not replaced";
  return guarded(what, [&]() -> base::Status {
    Transaction transaction(sql_, Transaction::Kind::write);
    TLD_TRY(write_zone(sql_, content, imported_serial, now, progress));
    transaction.commit();
    return base::ok();
  });
}

base::Result<LoadedZone> SqliteStore::load(dns::NameView apex, const Progress& progress) {
  const std::string what = "store " + path_ + ": zone " + apex.text();
  auto result = guarded(what, [&]() -> base::Result<LoadedZone> {
    Transaction transaction(sql_, Transaction::Kind::read);  // one version, whoever writes
    auto zone = read_zone(sql_, apex, progress);
    if (zone.has_error()) return zone.error().in(what);
    return zone;
  });
  return result;
}

base::Result<std::optional<Publication>> SqliteStore::publication(long long zone_id,
                                                                  const std::string& condition) {
  long long serial = 0;
  long long position = 0;
  std::string created;
  sql_ << "SELECT serial, feed_position, created FROM publication WHERE zone_id = :zone AND " +
              condition,
      soci::use(zone_id), soci::into(serial), soci::into(position), soci::into(created);
  if (!sql_.got_data()) return std::optional<Publication>();
  auto time = time_from_text(created);
  if (time.has_error()) {
    return time.error().in("store " + path_ + ": table publication, row (" +
                           std::to_string(zone_id) + ", " + std::to_string(position) + ")");
  }
  return std::optional(Publication{static_cast<std::uint32_t>(serial), position, time.value()});
}

base::Result<Publication> SqliteStore::publish(dns::NameView apex, FeedPosition feed_position,
                                               base::Time now) {
  const std::string what = "store " + path_ + ": publication of zone " + apex.text();
  return guarded(what, [&]() -> base::Result<Publication> {
    TLD_TRY(const std::int64_t zone_id, zone_id_of(sql_, apex));
    const std::string here = "feed_position = " + std::to_string(feed_position);
    TLD_TRY(auto known, publication(zone_id, here));
    if (known) return *known;
    if (mode_ == Mode::read_only) return base::refused(what + ": open for reading only");
    Transaction transaction(sql_, Transaction::Kind::write);
    TLD_TRY(known, publication(zone_id, here));  // another node may have been first
    if (known) return *known;
    auto assigned = assign_serial(zone_id, feed_position, now);
    if (assigned.has_error()) return assigned.error().in(what);
    transaction.commit();
    return assigned;
  });
}

base::Result<Publication> SqliteStore::assign_serial(long long zone_id, FeedPosition feed_position,
                                                     base::Time now) {
  long long known = 0;
  long long imported = 0;
  sql_ << "SELECT count(*) FROM change_feed WHERE zone_id = :zone AND position = :position",
      soci::use(zone_id), soci::use(static_cast<long long>(feed_position)), soci::into(known);
  sql_ << "SELECT soa_serial FROM zone WHERE id = :zone", soci::use(zone_id), soci::into(imported);
  TLD_TRY(const auto last, publication(zone_id, "1 ORDER BY feed_position DESC LIMIT 1"));
  const std::string position = "change feed position " + std::to_string(feed_position);
  if (known != 1) return base::refused(position + " is not one of this zone");
  if (last && last->feed_position > feed_position) {
    return base::refused(position + " is before the last publication, " +
                         std::to_string(last->feed_position));
  }
  // RFC 1982: a serial number never goes backwards, whatever was imported.
  auto serial = static_cast<std::uint32_t>(imported);
  if (last && !dns::serial_less(last->serial, serial)) serial = last->serial + 1;
  const long long value = serial;
  const std::string created = time_text(now);
  sql_ << "INSERT INTO publication (zone_id, feed_position, serial, created) VALUES (:z, :p, :s, "
          ":c)",
      soci::use(zone_id), soci::use(static_cast<long long>(feed_position)), soci::use(value),
      soci::use(created);
  return Publication{serial, feed_position, now};
}

base::Result<ChangeToken> SqliteStore::change_token() {
  return guarded("store " + path_, [&]() -> base::Result<ChangeToken> {
    long long position = 0;
    sql_ << "SELECT coalesce(max(position), 0) FROM change_feed", soci::into(position);
    return ChangeToken{position};
  });
}

}  // namespace tld::zones
