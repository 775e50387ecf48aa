// SPDX-License-Identifier: GPL-2.0-only
//
// The registry store: what the registry knows of its zones (delegations, hosts, DS, other RRsets),
// the feed of names that were changed, and what was published of it, with its serials.
// docs/store.md has the schema and the rules. SQLite or PostgreSQL, behind one interface.
//
// Registry software changes rows; triggers put the changed names into the feed in the same
// transaction. A publisher takes what is in the feed, by what is committed and not by position (so
// that transactions may commit in any order), and writes a publication: the new state of each name.
// Servers follow publications; so each serial means the same on every node.
//
// Thread rule: one Store (one database connection) is used by one thread at a time; any number of
// Stores, also in other processes, may be open on one database.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "zones/content.h"
#include "zones/name_data.h"
#include "zones/progress.h"
#include "zones/registry.h"
#include "zones/store_address.h"

namespace tld::zones {

// Grows with each publication of the store; never used again.
using PublicationId = std::int64_t;

struct Publication {
  PublicationId id = 0;
  std::uint32_t serial = 0;
  base::Time created{};
  bool whole = false;         // the names that changed are not known: all may have
  std::uint64_t changes = 0;  // names
  friend bool operator==(const Publication&, const Publication&) = default;
};

struct ZoneSummary {
  dns::Name name;
  std::uint32_t imported_serial = 0;
  std::uint64_t delegations = 0;  // in the registry's tables
  std::optional<Publication> last_publication;
};

// The registry's change at `name` breaks a rule; the name stays as it was published.
struct SetAside {
  std::string name;    // as it is in the store: it may be no name
  std::string reason;  // the check's name first, if it is one of docs/checks.md
  base::Time since{};
};

// A change set that the brake holds.
struct Hold {
  std::int64_t id = 0;
  std::string reason;                    // what it would do, with numbers
  std::uint64_t names = 0;               // removed or altered
  std::uint64_t secure_delegations = 0;  // whose DS would be removed or altered
  std::string apex_digest;               // SHA-256 of the apex's new data; empty: not touched
  base::Time since{};
  std::vector<std::string> approved_by;
};

struct Frozen {
  std::string reason;
  base::Time since{};
};

struct NameChange {
  NameData before, after;
};

// How a publication's serial is chosen; RFC 1982: always above the last one.
enum class SerialRule { unixtime, counter };

// What a publisher decides about.
struct PendingChanges {
  std::optional<Publication> last;
  std::optional<ZoneContent> first;  // engaged when nothing was published: all the registry has
  std::vector<NameChange> changes;   // else: from what was published to what the registry has now
  std::vector<SetAside> bad_rows;    // names whose rows break a rule
  std::optional<Hold> hold;          // the zone's, with its approvals
};
struct Decision {
  bool first = false;               // publish PendingChanges::first
  std::vector<NameChange> changes;  // those that are published
  std::vector<SetAside> set_aside;
  std::optional<Hold> hold;  // engaged: nothing is published, the feed stays
};
using Decide = std::function<base::Result<Decision>(const PendingChanges&)>;

struct PublishOptions {
  base::Time now{};
  SerialRule serial = SerialRule::counter;
  std::optional<std::uint32_t> above =
      {};  // a serial that was served already: ours must be greater
  // Also when nothing has changed or may: a frozen or held zone then gets a new serial, and nothing
  // else.
  bool always = false;
};

struct PublishedZone {
  ZoneContent content;  // its SOA's serial is 0
  Publication publication;
};

// Everything from one publication to the latest.
struct PublishedChanges {
  Publication publication;      // the latest
  bool whole = false;           // load_published() must be asked: `names` does not say it all
  std::vector<NameData> names;  // their latest state
};

class Store {
 public:
  enum class Mode { read_only, read_write };

  virtual ~Store() = default;
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // An empty store. refused when there is one already.
  static base::Result<std::unique_ptr<Store>> create(const StoreAddress& address);
  // not_found; refused when it is not a store of ours or of another schema version. read_write on a
  // database that cannot be written (a PostgreSQL replica) is read_only.
  static base::Result<std::unique_ptr<Store>> open(const StoreAddress& address, Mode mode);
  // An older schema → this release's, in one transaction. Returns the version that it had.
  static base::Result<int> migrate(const StoreAddress& address);

  virtual Mode mode() const = 0;

  // --- the registry's side

  // All zones, in canonical order of their names.
  virtual base::Result<std::vector<ZoneSummary>> zones() = 0;
  // `content` takes the place of all the registry had of the zone, or becomes a new zone: one
  // transaction, all or nothing. Publications stay. Progress counts RRsets.
  // Errors: invalid_input for content that the schema cannot hold (no SOA or two, a delegation that
  // is the apex, ...); refused in read_only mode; unavailable: disk full, locked too long.
  virtual base::Status replace_zone(const ZoneContent& content, std::uint32_t imported_serial,
                                    base::Time now, const Progress& progress = {}) = 0;
  // Changes of delegations and hosts, as one transaction. not_found; refused in read_only mode.
  // While it lives nothing else is asked of this Store.
  virtual base::Result<std::unique_ptr<RegistryTransaction>> begin_change(dns::NameView apex) = 0;
  // What the registry has, published or not: one consistent version. Each row is taken as hostile:
  // one that breaks a rule is an error (invalid_input) that names its table, row and rule. Progress
  // counts delegations.
  virtual base::Result<ZoneContent> load_registry(dns::NameView apex,
                                                  const Progress& progress = {}) = 0;

  // --- the publisher's side

  // Takes what is in the feed to `decide` and carries its decision out, all in one transaction.
  // Errors of `decide` undo it. Returns the publication; nullopt when there was nothing to publish,
  // the zone is frozen, or the decision is a hold. refused in read_only mode; unavailable: another
  // publisher was faster, try again.
  virtual base::Result<std::optional<Publication>> publish(dns::NameView apex,
                                                           const PublishOptions& options,
                                                           const Decide& decide) = 0;
  // Forgets publications before `before`, but for the last: they can no longer be rolled back to.
  virtual base::Status prune(dns::NameView apex, base::Time before) = 0;

  // --- the follower's side

  virtual base::Result<std::optional<Publication>> last_publication(dns::NameView apex) = 0;
  // not_found: nothing was published yet.
  virtual base::Result<PublishedZone> load_published(dns::NameView apex) = 0;
  // `from`: what the caller has. whole also when the store does not know `from` (any more): it was
  // pruned, or the store was restored from a backup.
  virtual base::Result<PublishedChanges> changes_since(dns::NameView apex,
                                                       const Publication& from) = 0;
  // Returns when something was committed, or may have been, or after `limit`. A hint only. false:
  // nothing tells this store of commits (a replica), look often.
  virtual base::Result<bool> wait_for_commit(std::chrono::milliseconds limit) = 0;

  // --- what operators do and see

  virtual base::Result<std::vector<Publication>> publications(
      dns::NameView apex,
      std::size_t limit) = 0;  // newest first
  virtual base::Result<std::vector<SetAside>> set_aside(dns::NameView apex, std::size_t limit) = 0;
  virtual base::Result<std::optional<Frozen>> frozen(dns::NameView apex) = 0;
  virtual base::Status freeze(dns::NameView apex, const std::string& reason, base::Time now) = 0;
  // What the registry has now is published again, through every check and the brake.
  virtual base::Status thaw(dns::NameView apex, base::Time now) = 0;
  // Publishes the zone as it was at publication `to`, under a new serial, and freezes it for
  // `reason`. refused when what came after `to` is not known name by name.
  virtual base::Result<Publication> roll_back(dns::NameView apex, PublicationId to,
                                              const PublishOptions& options,
                                              const std::string& reason) = 0;
  virtual base::Result<std::optional<Hold>> hold(dns::NameView apex) = 0;
  // All of them, or none. refused: no such hold, or one of these people has approved it.
  virtual base::Status approve(dns::NameView apex, std::int64_t hold_id,
                               const std::vector<std::string>& people, base::Time now) = 0;
};

}  // namespace tld::zones
