// SPDX-License-Identifier: GPL-2.0-only
//
// The Store on SQLite, through SOCI.
//
// Thread rule: as Store.
#pragma once

#include <soci/soci.h>

#include <string>

#include "zones/store.h"

namespace tld::zones {

class SqliteStore final : public Store {
 public:
  // May throw what SOCI throws; store.cc catches.
  SqliteStore(const std::filesystem::path& path, Mode mode);

  void create_schema();
  base::Status check_schema();

  base::Result<std::vector<ZoneSummary>> zones() override;
  base::Status replace_zone(const ZoneContent& content, std::uint32_t imported_serial,
                            base::Time now, const Progress& progress) override;
  base::Result<LoadedZone> load(dns::NameView apex, const Progress& progress) override;
  base::Result<Publication> publish(dns::NameView apex, FeedPosition feed_position,
                                    base::Time now) override;
  base::Result<ChangeToken> change_token() override;

 private:
  base::Result<ZoneSummary> summary(long long zone_id, const std::string& name, long long serial);
  base::Result<std::optional<Publication>> publication(long long zone_id,
                                                       const std::string& condition);
  base::Result<Publication> assign_serial(long long zone_id, FeedPosition feed_position,
                                          base::Time now);

  std::string path_;
  Mode mode_;
  soci::session sql_;
};

// The id of zone `apex`; not_found.
base::Result<std::int64_t> zone_id_of(soci::session& sql, dns::NameView apex);

// The body of replace_zone, inside the caller's transaction.
base::Status write_zone(soci::session& sql, const ZoneContent& content,
                        std::uint32_t imported_serial, base::Time now, const Progress& progress);
// The body of load, inside the caller's transaction.
base::Result<LoadedZone> read_zone(soci::session& sql, dns::NameView apex,
                                   const Progress& progress);

}  // namespace tld::zones
