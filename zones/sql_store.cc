// SPDX-License-Identifier: GPL-2.0-only
#include "zones/sql_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "zones/sql_registry.h"
#include "zones/store_schema.h"

namespace tld::zones {
namespace {

using base::Result;
using base::Status;
using Access = Database::Access;

Access access_of(Store::Mode mode) {
  return mode == Store::Mode::read_write ? Access::write : Access::read;
}

Status create_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640);
  if (file >= 0) {
    ::close(file);
    return base::ok();
  }
  const std::string reason = "store " + path.string() + ": " + std::strerror(errno);
  return errno == EEXIST ? base::refused(reason) : base::unavailable(reason);
}

Status refuse_missing_file(const StoreAddress& address) {
  std::error_code error;
  if (address.kind() != StoreAddress::Kind::sqlite ||
      std::filesystem::exists(address.path(), error)) {
    return base::ok();
  }
  return base::not_found("store " + address.text() +
                         " does not exist: make it with tldctl store init");
}

}  // namespace

Result<std::unique_ptr<Store>> Store::create(const StoreAddress& address) {
  const bool file = address.kind() == StoreAddress::Kind::sqlite;
  if (file) {
    TLD_TRY(create_file(address.path()));
  }
  const std::string what = "store " + address.text();
  auto made = guarded(what, [&]() -> Result<std::unique_ptr<Store>> {
    auto store = std::make_unique<SqlStore>(address, Mode::read_write);
    if (!file && !check_schema(store->database(), address.text()).has_error()) {
      return base::refused(what + ": it is a registry store already");
    }
    create_schema(store->database(), base::SystemClock().now());
    return Result<std::unique_ptr<Store>>(std::move(store));
  });
  if (made.has_error() && file) {
    std::error_code ignored;
    std::filesystem::remove(address.path(), ignored);
  }
  return made;
}

Result<std::unique_ptr<Store>> Store::open(const StoreAddress& address, Mode mode) {
  TLD_TRY(refuse_missing_file(address));
  return guarded("store " + address.text(), [&]() -> Result<std::unique_ptr<Store>> {
    auto store = std::make_unique<SqlStore>(address, mode);
    TLD_TRY(check_schema(store->database(), address.text()));
    return Result<std::unique_ptr<Store>>(std::move(store));
  });
}

Result<int> Store::migrate(const StoreAddress& address) {
  TLD_TRY(refuse_missing_file(address));
  return guarded("store " + address.text(), [&]() -> Result<int> {
    SqlStore store(address, Mode::read_write);
    return migrate_schema(store.database(), address.text(), base::SystemClock().now());
  });
}

SqlStore::SqlStore(const StoreAddress& address, Mode mode)
    : text_("store " + address.text()),
      database_(Database::open(address, access_of(mode))),
      mode_(database_->read_only() ? Mode::read_only : mode) {}

Result<std::int64_t> zone_id_of(Database& database, dns::NameView apex) {
  const std::string name = apex.text();
  long long id = 0;
  soci::session& sql = database.sql();
  sql << "SELECT id FROM zone WHERE name = :name", soci::use(name), soci::into(id);
  if (sql.got_data()) return std::int64_t{id};
  return base::not_found("the store has no zone " + name);
}

template <class Body>
auto SqlStore::in_transaction(const char* what, dns::NameView apex, Access access, const Body& body)
    -> decltype(body(std::int64_t{})) {
  const std::string context = text_ + ": zone " + apex.text() + what;
  if (access == Access::write && mode_ == Mode::read_only) {
    return base::refused(context + ": the store is open for reading only");
  }
  return guarded(context, [&]() -> decltype(body(std::int64_t{})) {
    Transaction transaction(*database_, access);
    TLD_TRY(const std::int64_t zone_id, zone_id_of(*database_, apex));
    auto result = body(zone_id);
    if (result.has_error()) return result.error().in(context);
    if (access == Access::write) transaction.commit();
    return result;
  });
}

// --- the registry's side

Result<std::vector<ZoneSummary>> SqlStore::zones() {
  return guarded(text_, [&]() -> Result<std::vector<ZoneSummary>> {
    Transaction transaction(*database_, Access::read);
    std::vector<ZoneSummary> result;
    std::vector<long long> ids;
    TLD_TRY((for_each_row<long long, std::string, long long>(
        *database_, "SELECT id, name, soa_serial FROM zone",
        [&](long long id, const std::string& name, long long serial) -> Status {
          auto parsed = dns::Name::from_text(name);
          if (parsed.has_error()) {
            return parsed.error().in(text_ + ": table zone, row " + std::to_string(id));
          }
          ids.push_back(id);
          result.push_back(
              {std::move(parsed).value(), static_cast<std::uint32_t>(serial), 0, std::nullopt});
          return base::ok();
        })));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      long long delegations = 0;
      database_->sql() << "SELECT count(*) FROM delegation WHERE zone_id = :zone",
          soci::use(ids[i]), soci::into(delegations);
      result[i].delegations = static_cast<std::uint64_t>(delegations);
      auto last = read_last_publication(*database_, ids[i]);
      if (last.has_error()) return last.error().in(text_);
      result[i].last_publication = last.value();
    }
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
      return dns::canonical_order(a.name, b.name) < 0;
    });
    return result;
  });
}

Status SqlStore::replace_zone(const ZoneContent& content, std::uint32_t imported_serial,
                              base::Time now, const Progress& progress) {
  const std::string what = text_ + ": zone " + content.apex().text() + " not replaced";
  if (mode_ == Mode::read_only) return base::refused(what + ": it is open for reading only");
  return guarded(what, [&]() -> Status {
    Transaction transaction(*database_, Access::write);
    TLD_TRY(write_zone(*database_, content, imported_serial, now, progress));
    transaction.commit();
    return base::ok();
  });
}

Result<std::unique_ptr<RegistryTransaction>> SqlStore::begin_change(dns::NameView apex) {
  using Begun = std::unique_ptr<RegistryTransaction>;
  const std::string what = text_ + ": zone " + apex.text() + " not changed";
  if (mode_ == Mode::read_only) return base::refused(what + ": it is open for reading only");
  return guarded(what, [&]() -> Result<Begun> {
    TLD_TRY(const std::int64_t zone_id, zone_id_of(*database_, apex));
    return Begun(std::make_unique<SqlRegistryTransaction>(*database_, what, zone_id));
  });
}

Result<ZoneContent> SqlStore::load_registry(dns::NameView apex, const Progress& progress) {
  return in_transaction("", apex, Access::read, [&](std::int64_t zone_id) {
    return read_registry(*database_, apex, zone_id, progress);
  });
}

// --- the publisher's side

Result<std::optional<Publication>> SqlStore::publish(dns::NameView apex,
                                                     const PublishOptions& options,
                                                     const Decide& decide) {
  using Outcome = Result<std::optional<Publication>>;
  TLD_TRY(const bool any, has_feed(apex));
  if (!any && !options.always) return std::optional<Publication>();
  return in_transaction(
      ": not published", apex, Access::write, [&](std::int64_t zone_id) -> Outcome {
        const Feed feed = look_at_feed(*database_, zone_id);
        TLD_TRY(const auto frozen, read_frozen(*database_, zone_id));
        if (feed.any && !frozen) {
          TLD_TRY(const auto made, publish_feed(apex, zone_id, feed, options, decide));
          if (made) return made;
        }
        if (!options.always) return std::optional<Publication>();
        take_turn(*database_, zone_id);
        TLD_TRY(const auto made, write_publication(*database_, zone_id, nullptr, {}, options));
        return std::optional(made);
      });
}

Result<std::optional<Publication>> SqlStore::publish_feed(dns::NameView apex, std::int64_t zone_id,
                                                          const Feed& feed,
                                                          const PublishOptions& options,
                                                          const Decide& decide) {
  take_turn(*database_, zone_id);
  TLD_TRY(const auto pending, read_pending(*database_, apex, zone_id, feed.whole));
  TLD_TRY(const Decision decision, decide(pending));
  TLD_TRY(write_set_aside(*database_, zone_id, decision, options.now));
  if (decision.hold) {
    if (!pending.hold || pending.hold->id != decision.hold->id) {
      write_hold(*database_, zone_id, *decision.hold, options.now);
    }
    return std::optional<Publication>();
  }
  release_hold(*database_, zone_id, options.now);
  database_->sql() << "DELETE FROM change_feed WHERE zone_id = :zone", soci::use(zone_id);
  if (!decision.first && decision.changes.empty()) return std::optional<Publication>();
  TLD_TRY(const Publication made,
          write_publication(*database_, zone_id, decision.first ? &*pending.first : nullptr,
                            decision.changes, options));
  return std::optional(made);
}

// Nobody is kept waiting by a publisher that finds nothing.
Result<bool> SqlStore::has_feed(dns::NameView apex) {
  return in_transaction("", apex, Access::read, [&](std::int64_t zone_id) -> Result<bool> {
    return look_at_feed(*database_, zone_id).any;
  });
}

Status SqlStore::prune(dns::NameView apex, base::Time before) {
  return in_transaction(": not pruned", apex, Access::write, [&](std::int64_t zone_id) -> Status {
    delete_publications(*database_, zone_id, before);
    return base::ok();
  });
}

// --- the follower's side

Result<std::optional<Publication>> SqlStore::last_publication(dns::NameView apex) {
  return in_transaction("", apex, Access::read, [&](std::int64_t zone_id) {
    return read_last_publication(*database_, zone_id);
  });
}

Result<PublishedZone> SqlStore::load_published(dns::NameView apex) {
  return in_transaction("", apex, Access::read, [&](std::int64_t zone_id) -> Result<PublishedZone> {
    TLD_TRY(const auto last, read_last_publication(*database_, zone_id));
    if (!last) return base::not_found("nothing was published yet");
    TLD_TRY(auto content, read_published(*database_, apex, zone_id));
    return PublishedZone{std::move(content), *last};
  });
}

Result<PublishedChanges> SqlStore::changes_since(dns::NameView apex, const Publication& from) {
  return in_transaction("", apex, Access::read, [&](std::int64_t zone_id) {
    return read_changes_since(*database_, zone_id, from);
  });
}

Result<bool> SqlStore::wait_for_commit(std::chrono::milliseconds limit) {
  return guarded(text_, [&]() -> Result<bool> { return database_->wait_for_commit(limit); });
}

// --- what operators do and see

Result<std::vector<Publication>> SqlStore::publications(dns::NameView apex, std::size_t limit) {
  return in_transaction("", apex, Access::read, [&](std::int64_t zone_id) {
    return read_publications(*database_, zone_id, limit);
  });
}

Result<std::vector<SetAside>> SqlStore::set_aside(dns::NameView apex, std::size_t limit) {
  return in_transaction("", apex, Access::read, [&](std::int64_t zone_id) {
    return read_set_aside(*database_, zone_id, limit);
  });
}

Result<std::optional<Frozen>> SqlStore::frozen(dns::NameView apex) {
  return in_transaction("", apex, Access::read,
                        [&](std::int64_t zone_id) { return read_frozen(*database_, zone_id); });
}

Status SqlStore::freeze(dns::NameView apex, const std::string& reason, base::Time now) {
  return in_transaction(": not frozen", apex, Access::write, [&](std::int64_t zone_id) -> Status {
    write_frozen(*database_, zone_id, reason, now);
    return base::ok();
  });
}

Status SqlStore::thaw(dns::NameView apex, base::Time now) {
  return in_transaction(": not thawed", apex, Access::write, [&](std::int64_t zone_id) -> Status {
    soci::session& sql = database_->sql();
    const std::string committed = time_text(now);
    sql << "DELETE FROM frozen WHERE zone_id = :zone", soci::use(zone_id);
    sql << "INSERT INTO change_feed (zone_id, name, committed) VALUES (:zone, NULL, :now)",
        soci::use(zone_id), soci::use(committed);
    return base::ok();
  });
}

Result<Publication> SqlStore::roll_back(dns::NameView apex, PublicationId to,
                                        const PublishOptions& options, const std::string& reason) {
  return in_transaction(
      ": not rolled back", apex, Access::write, [&](std::int64_t zone_id) -> Result<Publication> {
        take_turn(*database_, zone_id);
        TLD_TRY(const auto changes, read_changes_back_to(*database_, zone_id, to));
        write_frozen(*database_, zone_id, reason, options.now);
        return write_publication(*database_, zone_id, nullptr, changes, options);
      });
}

Result<std::optional<Hold>> SqlStore::hold(dns::NameView apex) {
  return in_transaction("", apex, Access::read,
                        [&](std::int64_t zone_id) { return read_hold(*database_, zone_id); });
}

Status SqlStore::approve(dns::NameView apex, std::int64_t hold_id,
                         const std::vector<std::string>& people, base::Time now) {
  return in_transaction(": not approved", apex, Access::write, [&](std::int64_t zone_id) -> Status {
    TLD_TRY(auto hold, read_hold(*database_, zone_id));
    if (!hold || hold->id != hold_id) {
      return base::refused("nothing is held under number " + std::to_string(hold_id));
    }
    const std::string approved = time_text(now);
    const long long id = hold_id;
    for (const std::string& person : people) {
      if (std::ranges::find(hold->approved_by, person) != hold->approved_by.end()) {
        return base::refused(person + " has approved it already");
      }
      database_->sql() << "INSERT INTO hold_approval (hold_id, person, approved) VALUES (:hold,"
                          " :person, :approved)",
          soci::use(id), soci::use(person), soci::use(approved);
      hold->approved_by.push_back(person);
    }
    return base::ok();
  });
}

}  // namespace tld::zones
