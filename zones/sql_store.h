// SPDX-License-Identifier: GPL-2.0-only
//
// The Store in SQL, and the parts that it is made of, each in a file of its own. The functions run
// inside the caller's transaction and may throw what SOCI throws; SqlStore catches.
//
// Thread rule: as Store.
#pragma once

#include <string>

#include "zones/database.h"
#include "zones/store.h"

namespace tld::zones {

// What is in the change feed of a zone.
struct Feed {
  bool any = false, whole = false;
};

class SqlStore final : public Store {
 public:
  // May throw.
  SqlStore(const StoreAddress& address, Mode mode);

  Database& database() { return *database_; }

  Mode mode() const override { return mode_; }
  base::Result<std::vector<ZoneSummary>> zones() override;
  base::Status replace_zone(const ZoneContent& content, std::uint32_t imported_serial,
                            base::Time now, const Progress& progress) override;
  base::Result<std::unique_ptr<RegistryTransaction>> begin_change(dns::NameView apex) override;
  base::Result<ZoneContent> load_registry(dns::NameView apex, const Progress& progress) override;
  base::Result<std::optional<Publication>> publish(dns::NameView apex,
                                                   const PublishOptions& options,
                                                   const Decide& decide) override;
  base::Status prune(dns::NameView apex, base::Time before) override;
  base::Result<std::optional<Publication>> last_publication(dns::NameView apex) override;
  base::Result<PublishedZone> load_published(dns::NameView apex) override;
  base::Result<PublishedChanges> changes_since(dns::NameView apex,
                                               const Publication& from) override;
  base::Result<bool> wait_for_commit(std::chrono::milliseconds limit) override;
  base::Result<std::vector<Publication>> publications(dns::NameView apex,
                                                      std::size_t limit) override;
  base::Result<std::vector<SetAside>> set_aside(dns::NameView apex, std::size_t limit) override;
  base::Result<std::optional<Frozen>> frozen(dns::NameView apex) override;
  base::Status freeze(dns::NameView apex, const std::string& reason, base::Time now) override;
  base::Status thaw(dns::NameView apex, base::Time now) override;
  base::Result<Publication> roll_back(dns::NameView apex, PublicationId to,
                                      const PublishOptions& options,
                                      const std::string& reason) override;
  base::Result<std::optional<Hold>> hold(dns::NameView apex) override;
  base::Status approve(dns::NameView apex, std::int64_t hold_id,
                       const std::vector<std::string>& people, base::Time now) override;

 private:
  base::Result<bool> has_feed(dns::NameView apex);
  base::Result<std::optional<Publication>> publish_feed(dns::NameView apex, std::int64_t zone_id,
                                                        const Feed& feed,
                                                        const PublishOptions& options,
                                                        const Decide& decide);
  // Runs body(zone id) in a transaction; commits when it gave no error and `access` is write.
  template <class Body>
  auto in_transaction(const char* what, dns::NameView apex, Database::Access access,
                      const Body& body) -> decltype(body(std::int64_t{}));

  const std::string text_;  // for messages
  std::unique_ptr<Database> database_;
  Mode mode_;
};

// The id of zone `apex`; not_found.
base::Result<std::int64_t> zone_id_of(Database& database, dns::NameView apex);

// sql_schema.cc
void create_schema(Database& database, base::Time now);
base::Status check_schema(Database& database, const std::string& store);
base::Result<int> migrate_schema(Database& database, const std::string& store, base::Time now);

// sql_write.cc: the body of replace_zone.
base::Status write_zone(Database& database, const ZoneContent& content,
                        std::uint32_t imported_serial, base::Time now, const Progress& progress);
// sql_read.cc: the body of load_registry.
base::Result<ZoneContent> read_registry(Database& database, dns::NameView apex,
                                        std::int64_t zone_id, const Progress& progress);
// sql_names.cc: what the registry has at each name in the feed, where it differs from what was
// published.
struct ChangedNames {
  std::vector<NameChange> changes;
  std::vector<SetAside> bad_rows;
};
base::Result<ChangedNames> read_changed_names(Database& database, dns::NameView apex,
                                              std::int64_t zone_id);
std::string is_in_feed(const Database& database, std::int64_t zone_id);  // SQL behind a name

// sql_pending.cc
Feed look_at_feed(Database& database, std::int64_t zone_id);
void take_turn(Database& database, std::int64_t zone_id);
base::Result<PendingChanges> read_pending(Database& database, dns::NameView apex,
                                          std::int64_t zone_id, bool whole);

// sql_publication.cc
base::Result<std::optional<Publication>> read_last_publication(Database& database,
                                                               std::int64_t zone_id);
base::Result<std::vector<Publication>> read_publications(Database& database, std::int64_t zone_id,
                                                         std::size_t limit);
base::Result<Publication> write_publication(Database& database, std::int64_t zone_id,
                                            const ZoneContent* first,
                                            const std::vector<NameChange>& changes,
                                            const PublishOptions& options);
base::Result<ZoneContent> read_published(Database& database, dns::NameView apex,
                                         std::int64_t zone_id);
base::Result<PublishedChanges> read_changes_since(Database& database, std::int64_t zone_id,
                                                  const Publication& from);
base::Result<std::vector<NameChange>> read_changes_back_to(Database& database, std::int64_t zone_id,
                                                           PublicationId to);
void delete_publications(Database& database, std::int64_t zone_id, base::Time before);

// sql_state.cc
base::Result<std::vector<SetAside>> read_set_aside(Database& database, std::int64_t zone_id,
                                                   std::size_t limit);
base::Result<std::optional<Frozen>> read_frozen(Database& database, std::int64_t zone_id);
void write_frozen(Database& database, std::int64_t zone_id, const std::string& reason,
                  base::Time now);
base::Result<std::optional<Hold>> read_hold(Database& database, std::int64_t zone_id);
void write_hold(Database& database, std::int64_t zone_id, const Hold& hold, base::Time now);
void release_hold(Database& database, std::int64_t zone_id, base::Time now);
base::Status write_set_aside(Database& database, std::int64_t zone_id, const Decision& decision,
                             base::Time now);

}  // namespace tld::zones
