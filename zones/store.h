// SPDX-License-Identifier: GPL-2.0-only
//
// The registry store: zones, delegations, hosts, DS and other RRsets, the change feed, and the
// publications with their serials. docs/store.md has the schema. This is the interface; SQLite is
// the one implementation yet, PostgreSQL comes behind it.
//
// Thread rule: one Store (one database connection) is used by one thread at a time; any number of
// Stores, also in other processes, may be open on one database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "zones/content.h"
#include "zones/progress.h"

namespace tld::zones {

// A place in the change feed. Grows with each transaction that changes what a zone holds; 0: before
// the first.
using FeedPosition = std::int64_t;

struct Publication {
  std::uint32_t serial = 0;
  FeedPosition feed_position = 0;
  base::Time created{};
};

struct ZoneSummary {
  dns::Name name;
  std::uint32_t imported_serial = 0;
  std::uint64_t delegations = 0;
  FeedPosition feed_position = 0;  // of its last change
  std::optional<Publication> last_publication;
};

struct LoadedZone {
  ZoneContent content;             // its SOA has the imported serial
  FeedPosition feed_position = 0;  // what the content is the state of: for publish()
};

// Equal tokens: nothing was committed to the feed in between.
struct ChangeToken {
  FeedPosition feed_position = 0;
  friend bool operator==(ChangeToken, ChangeToken) = default;
};

class Store {
 public:
  enum class Mode { read_only, read_write };

  virtual ~Store() = default;
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // An empty store at `path`. refused when there is a file already.
  static base::Result<std::unique_ptr<Store>> create(const std::filesystem::path& path);
  // not_found; refused when the file is not a store of ours or of another schema version.
  static base::Result<std::unique_ptr<Store>> open(const std::filesystem::path& path, Mode mode);

  // All zones, in canonical order of their names.
  virtual base::Result<std::vector<ZoneSummary>> zones() = 0;

  // `content` takes the place of all the zone had, or becomes a new zone: one transaction, all or
  // nothing, with one entry in the change feed. Publications stay. Progress counts RRsets.
  // Errors: invalid_input for content that the schema cannot hold (no SOA or two, a delegation that
  // is the apex, ...); refused in read_only mode; unavailable: disk full, locked too long.
  virtual base::Status replace_zone(const ZoneContent& content, std::uint32_t imported_serial,
                                    base::Time now, const Progress& progress = {}) = 0;

  // One consistent version, whatever is written meanwhile. Each row is taken as hostile: one that
  // breaks a rule is an error (invalid_input) that names its table, row and rule. Progress counts
  // delegations.
  virtual base::Result<LoadedZone> load(dns::NameView apex, const Progress& progress = {}) = 0;

  // The serial of the publication of `apex` as it is at `feed_position`. The first call assigns it:
  // the greater (RFC 1982) of the last one plus 1 and the imported serial; later calls, from
  // whatever node, return the same. refused: a position before the last publication's that was
  // never published, or after the end of the feed. Needs read_write mode only to assign.
  virtual base::Result<Publication> publish(dns::NameView apex, FeedPosition feed_position,
                                            base::Time now) = 0;

  // Cheap enough to ask for many times a second.
  virtual base::Result<ChangeToken> change_token() = 0;
};

}  // namespace tld::zones
