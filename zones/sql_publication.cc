// SPDX-License-Identifier: GPL-2.0-only
//
// Publications: written by a publisher, read by followers.
#include <limits>

#include "dns/rdata.h"
#include "zones/sql_store.h"
#include "zones/stored_rows.h"

namespace tld::zones {
namespace {

using base::Result;

// More than these are not kept name by name: followers load the whole zone, and there is no way
// back to before.
constexpr std::size_t most_changes_kept = 200000;

constexpr const char* publication_columns = "id, serial, whole, changes, created";

Result<Publication> publication_of(long long id, long long serial, long long whole,
                                   long long changes, const std::string& created) {
  const auto time = time_from_text(created);
  if (!time) return bad_row("publication", std::to_string(id), time.error().message);
  return Publication{id, static_cast<std::uint32_t>(serial), time.value(), whole != 0,
                     static_cast<std::uint64_t>(changes)};
}

Result<NameData> stored_data(const char* table, const std::string& name, const std::string& text,
                             RdataParser& parser) {
  auto owner = stored_name(name);
  if (!owner) return bad_row(table, shown(name), owner.error().message);
  auto data = name_data_from_text(owner.value(), text, parser);
  if (!data) return bad_row(table, shown(name), data.error().message);
  return data;
}

// RFC 1982 §3.2: a serial number never goes backwards, whatever was imported or the clock says.
std::uint32_t next_serial(const std::optional<Publication>& last, std::uint32_t imported,
                          const PublishOptions& options) {
  std::uint32_t serial = imported;
  const auto now = static_cast<std::uint32_t>(options.now.time_since_epoch().count());
  if (options.serial == SerialRule::unixtime && dns::serial_less(serial, now)) serial = now;
  if (last && !dns::serial_less(last->serial, serial)) serial = last->serial + 1;
  if (options.above && !dns::serial_less(*options.above, serial)) serial = *options.above + 1;
  return serial;
}

// All of a zone's first publication.
void write_first(Database& database, std::int64_t zone_id, const ZoneContent& content) {
  BulkInsert<long long, std::string, std::string> insert(database, "published",
                                                         {"zone_id", "name", "data"});
  database.sql() << "DELETE FROM published WHERE zone_id = :zone", soci::use(zone_id);
  std::size_t rows = 0;
  for_each_name(content, [&](const NameData& data) {
    insert.add(zone_id, data.name.text(), text_of(data));
    if (++rows % bulk_rows == 0) insert.flush();
  });
  insert.flush();
}

class PublicationWriter {
 public:
  PublicationWriter(Database& database, std::int64_t zone_id,
                    const std::vector<NameChange>& changes)
      : database_(database), sql_(database.sql()), zone_id_(zone_id), changes_(changes) {}

  void write(const Publication& publication) {
    if (!publication.whole) write_changes(publication.id);
    write_published();
  }

 private:
  void write_changes(PublicationId id) {
    BulkInsert<long long, std::string, std::string, std::string> insert(
        database_, "publication_change", {"publication_id", "name", "previous_data", "data"});
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const NameChange& change = changes_[i];
      insert.add(id, change.after.name.text(), text_of(change.before), text_of(change.after));
      if (i % bulk_rows == 0) insert.flush();
    }
    insert.flush();
  }

  void write_published() {
    BulkInsert<long long, std::string, std::string> insert(database_, "published",
                                                           {"zone_id", "name", "data"});
    std::string name;
    soci::statement remove =
        (sql_.prepare << "DELETE FROM published WHERE zone_id = " + std::to_string(zone_id_) +
                             " AND name = :name",
         soci::use(name));
    std::size_t rows = 0;
    for (const NameChange& change : changes_) {
      name = change.after.name.text();
      if (!change.before.rrsets.empty()) remove.execute(true);
      if (change.after.rrsets.empty()) continue;
      insert.add(zone_id_, name, text_of(change.after));
      if (++rows % bulk_rows == 0) insert.flush();
    }
    insert.flush();
  }

  Database& database_;
  soci::session& sql_;
  const std::int64_t zone_id_;
  const std::vector<NameChange>& changes_;
};

}  // namespace

Result<std::vector<Publication>> read_publications(Database& database, std::int64_t zone_id,
                                                   std::size_t limit) {
  std::vector<Publication> result;
  TLD_TRY((for_each_row<long long, long long, long long, long long, std::string>(
      database,
      std::string("SELECT ") + publication_columns + " FROM publication WHERE zone_id = " +
          std::to_string(zone_id) + " ORDER BY id DESC LIMIT " + std::to_string(limit),
      [&](auto&&... columns) -> base::Status {
        TLD_TRY(result.emplace_back(), publication_of(columns...));
        return base::ok();
      })));
  return result;
}

Result<std::optional<Publication>> read_last_publication(Database& database, std::int64_t zone_id) {
  TLD_TRY(const auto found, read_publications(database, zone_id, 1));
  return found.empty() ? std::optional<Publication>() : found.front();
}

Result<Publication> write_publication(Database& database, std::int64_t zone_id,
                                      const ZoneContent* first,
                                      const std::vector<NameChange>& changes,
                                      const PublishOptions& options) {
  soci::session& sql = database.sql();
  TLD_TRY(const auto last, read_last_publication(database, zone_id));
  long long imported = 0;
  sql << "SELECT soa_serial FROM zone WHERE id = :zone", soci::use(zone_id), soci::into(imported);
  Publication made;
  made.serial = next_serial(last, static_cast<std::uint32_t>(imported), options);
  made.created = options.now;
  made.whole = first != nullptr || changes.size() > most_changes_kept;
  made.changes = changes.size();
  const long long serial = made.serial;
  const long long whole = made.whole ? 1 : 0;
  const auto count = static_cast<long long>(made.changes);
  const std::string created = time_text(made.created);
  long long id = 0;
  sql << "INSERT INTO publication (zone_id, serial, whole, changes, created) VALUES (:zone, "
         ":serial,"
         " :whole, :changes, :created) RETURNING id",
      soci::use(zone_id), soci::use(serial), soci::use(whole), soci::use(count), soci::use(created),
      soci::into(id);
  made.id = id;
  if (first != nullptr) {
    write_first(database, zone_id, *first);
  } else {
    PublicationWriter(database, zone_id, changes).write(made);
  }
  return made;
}

Result<ZoneContent> read_published(Database& database, dns::NameView apex, std::int64_t zone_id) {
  ContentBuilder builder(apex);
  RdataParser parser{dns::NameView()};
  TLD_TRY((for_each_row<std::string, std::string>(
      database, "SELECT name, data FROM published WHERE zone_id = " + std::to_string(zone_id),
      [&](const std::string& name, const std::string& text) -> base::Status {
        TLD_TRY(const NameData data, stored_data("published", name, text, parser));
        for (const dns::RRset& rrset : data.rrsets) {
          for (const std::string& rdata : rrset.rdatas) {
            builder.add(data.name, rrset.type, rrset.ttl, rdata);
          }
        }
        return base::ok();
      })));
  TLD_TRY(auto made, builder.finish());
  return std::move(made.content);
}

Result<PublishedChanges> read_changes_since(Database& database, std::int64_t zone_id,
                                            const Publication& from) {
  const std::string zone = std::to_string(zone_id);
  PublishedChanges result;
  TLD_TRY(const auto last, read_last_publication(database, zone_id));
  if (!last) return base::not_found("nothing was published yet");
  result.publication = *last;
  bool known = false;
  TLD_TRY((for_each_row<long long, long long, long long, long long, std::string>(
      database,
      std::string("SELECT ") + publication_columns + " FROM publication WHERE zone_id = " + zone +
          " AND id >= " + std::to_string(from.id) + " ORDER BY id",
      [&](auto&&... columns) -> base::Status {
        TLD_TRY(const Publication publication, publication_of(columns...));
        if (publication.id == from.id) known = publication == from;
        if (publication.id > from.id && publication.whole) result.whole = true;
        return base::ok();
      })));
  if (!known) result.whole = true;
  if (result.whole) return result;
  RdataParser parser{dns::NameView()};
  TLD_TRY((for_each_row<std::string, std::string>(
      database,
      // The latest of each name. The bound on q is said twice so that PostgreSQL reads no history.
      "SELECT c.name, c.data FROM publication_change AS c JOIN publication AS p ON p.id ="
      " c.publication_id WHERE p.zone_id = " +
          zone + " AND p.id > " + std::to_string(from.id) +
          " AND NOT EXISTS (SELECT 1 FROM publication_change AS n JOIN publication AS q ON q.id ="
          " n.publication_id WHERE q.zone_id = " +
          zone + " AND n.name = c.name AND q.id > p.id AND q.id > " + std::to_string(from.id) +
          ") ORDER BY c.name",
      [&](const std::string& name, const std::string& text) -> base::Status {
        TLD_TRY(result.names.emplace_back(), stored_data("publication_change", name, text, parser));
        return base::ok();
      })));
  return result;
}

Result<std::vector<NameChange>> read_changes_back_to(Database& database, std::int64_t zone_id,
                                                     PublicationId to) {
  const std::string zone = std::to_string(zone_id);
  TLD_TRY(const auto known,
          read_publications(database, zone_id, std::numeric_limits<std::int32_t>::max()));
  bool found = false;
  for (const Publication& publication : known) {
    if (publication.id == to) found = true;
    if (publication.id > to && publication.whole) {
      return base::refused("publication " + std::to_string(publication.id) +
                           " changed too much to be kept name by name: there is no way back to "
                           "before it");
    }
  }
  if (!found) return base::not_found("the store has no publication " + std::to_string(to));
  std::vector<NameChange> result;
  RdataParser parser{dns::NameView()};
  // Of each name: what it was before the first change, and what it is now.
  TLD_TRY((for_each_row<std::string, std::string, std::string>(
      database,
      "SELECT c.name, c.previous_data, coalesce(present.data, '') FROM publication_change AS c"
      " JOIN publication AS p ON p.id = c.publication_id"
      " LEFT JOIN published AS present ON present.zone_id = p.zone_id AND present.name = c.name"
      " WHERE p.zone_id = " +
          zone + " AND p.id > " + std::to_string(to) +
          " AND NOT EXISTS (SELECT 1 FROM publication_change AS n JOIN publication AS q ON q.id ="
          " n.publication_id WHERE q.zone_id = p.zone_id AND q.id > " +
          std::to_string(to) + " AND n.name = c.name AND q.id < p.id)",
      [&](const std::string& name, const std::string& was, const std::string& is) -> base::Status {
        NameChange change;
        TLD_TRY(change.after, stored_data("publication_change", name, was, parser));
        TLD_TRY(change.before, stored_data("published", name, is, parser));
        if (!same_data(change.before, change.after)) result.push_back(std::move(change));
        return base::ok();
      })));
  return result;
}

void delete_publications(Database& database, std::int64_t zone_id, base::Time before) {
  const std::string time = time_text(before);
  const std::string old = "(SELECT id FROM publication WHERE zone_id = " + std::to_string(zone_id) +
                          " AND created < :time AND id < (SELECT max(id)"
                          " FROM publication WHERE zone_id = " +
                          std::to_string(zone_id) + "))";
  database.sql() << "DELETE FROM publication_change WHERE publication_id IN " + old,
      soci::use(time);
  database.sql() << "DELETE FROM publication WHERE id IN " + old, soci::use(time);
}

}  // namespace tld::zones
