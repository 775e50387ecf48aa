// SPDX-License-Identifier: GPL-2.0-only
#include "zones/sql_registry.h"

#include <algorithm>

#include "base/bytes.h"
#include "dns/rrset.h"
#include "zones/stored_rows.h"

namespace tld::zones {

using base::Result;
using base::Status;

SqlRegistryTransaction::SqlRegistryTransaction(Database& database, std::string what,
                                               std::int64_t zone_id)
    : database_(database),
      sql_(database.sql()),
      what_(std::move(what)),
      zone_id_(zone_id),
      transaction_(database, Database::Access::write) {}

std::optional<long long> SqlRegistryTransaction::id_in(const char* table, dns::NameView name) {
  const std::string text = name.text();
  long long id = 0;
  sql_ << std::string("SELECT id FROM ") + table + " WHERE zone_id = :zone AND name = :name",
      soci::use(zone_id_), soci::use(text), soci::into(id);
  return sql_.got_data() ? std::optional(id) : std::nullopt;
}

Result<std::vector<dns::Name>> SqlRegistryTransaction::names(const std::string& query,
                                                             std::size_t limit) {
  std::vector<dns::Name> result;
  TLD_TRY(for_each_row<std::string>(database_, query + " LIMIT " + std::to_string(limit),
                                    [&](const std::string& text) -> Status {
                                      TLD_TRY(result.emplace_back(), stored_name(text));
                                      return base::ok();
                                    }));
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return dns::canonical_order(a, b) < 0; });
  return result;
}

// --- delegations

Result<std::optional<Delegation>> SqlRegistryTransaction::delegation(dns::NameView name) {
  return guarded(what_, [&]() -> Result<std::optional<Delegation>> {
    const auto id = id_in("delegation", name);
    if (!id) return std::optional<Delegation>();
    Delegation found{dns::Name(name), 0, 0, {}, {}};
    const std::string key = std::to_string(*id);
    TLD_TRY((for_each_row<long long, long long>(
        database_, "SELECT ns_ttl, coalesce(ds_ttl, 0) FROM delegation WHERE id = " + key,
        [&](long long ns, long long ds) -> Status {
          TLD_TRY(found.ns_ttl, stored_number(ns, dns::max_ttl, "ns_ttl"));
          TLD_TRY(found.ds_ttl, stored_number(ds, dns::max_ttl, "ds_ttl"));
          return base::ok();
        })));
    TLD_TRY(found.nameservers,
            names("SELECT h.name FROM nameserver AS n JOIN host AS h ON h.id = n.host_id WHERE"
                  " n.delegation_id = " +
                      key,
                  1000));
    TLD_TRY((for_each_row<long long, long long, long long, std::string>(
        database_,
        "SELECT key_tag, algorithm, digest_type, digest FROM ds WHERE delegation_id = " + key,
        [&](auto&&... columns) -> Status {
          TLD_TRY(const std::string rdata, stored_ds({columns...}));
          TLD_TRY(found.ds.emplace_back(), dns::Ds::from_wire(rdata));
          return base::ok();
        })));
    std::sort(found.ds.begin(), found.ds.end(),
              [](const dns::Ds& a, const dns::Ds& b) { return a.wire() < b.wire(); });
    return std::optional(std::move(found));
  });
}

void SqlRegistryTransaction::delete_of_delegation(long long id) {
  sql_ << "DELETE FROM nameserver WHERE delegation_id = :id", soci::use(id);
  sql_ << "DELETE FROM ds WHERE delegation_id = :id", soci::use(id);
}

Status SqlRegistryTransaction::put_nameservers(long long id,
                                               const std::vector<dns::Name>& nameservers) {
  for (const dns::Name& nameserver : nameservers) {
    const auto host = id_in("host", nameserver);
    if (!host) return base::not_found("host " + nameserver.text() + " does not exist");
    sql_ << "INSERT INTO nameserver (delegation_id, host_id) VALUES (:delegation, :host)",
        soci::use(id), soci::use(*host);
  }
  return base::ok();
}

void SqlRegistryTransaction::put_ds(long long id, const std::vector<dns::Ds>& ds) {
  for (const dns::Ds& one : ds) {
    const long long tag = one.key_tag;
    const long long algorithm = one.algorithm;
    const long long type = one.digest_type;
    const std::string digest = base::to_hex(one.digest);
    sql_ << "INSERT INTO ds (delegation_id, key_tag, algorithm, digest_type, digest) VALUES"
            " (:delegation, :tag, :algorithm, :type, :digest)",
        soci::use(id), soci::use(tag), soci::use(algorithm), soci::use(type), soci::use(digest);
  }
}

Status SqlRegistryTransaction::put(const Delegation& delegation) {
  return guarded(what_, [&]() -> Status {
    const std::string name = delegation.name.text();
    const long long ns_ttl = delegation.ns_ttl;
    const long long ds_ttl = delegation.ds.empty() ? null_number : delegation.ds_ttl;
    sql_ << "INSERT INTO delegation (zone_id, name, ns_ttl, ds_ttl) VALUES (:zone, :name, :ns,"
            " nullif(:ds, -1)) ON CONFLICT (zone_id, name) DO UPDATE SET ns_ttl = excluded.ns_ttl,"
            " ds_ttl = excluded.ds_ttl",
        soci::use(zone_id_), soci::use(name), soci::use(ns_ttl), soci::use(ds_ttl);
    const auto id = id_in("delegation", delegation.name);
    delete_of_delegation(*id);
    TLD_TRY(put_nameservers(*id, delegation.nameservers));
    put_ds(*id, delegation.ds);
    return base::ok();
  });
}

Status SqlRegistryTransaction::remove_delegation(dns::NameView name) {
  return guarded(what_, [&]() -> Status {
    const auto id = id_in("delegation", name);
    if (!id) return base::not_found("delegation " + name.text() + " does not exist");
    delete_of_delegation(*id);
    sql_ << "DELETE FROM delegation WHERE id = :id", soci::use(*id);
    return base::ok();
  });
}

// --- hosts

Result<std::optional<Host>> SqlRegistryTransaction::host(dns::NameView name) {
  return guarded(what_, [&]() -> Result<std::optional<Host>> {
    const auto id = id_in("host", name);
    if (!id) return std::optional<Host>();
    Host found{dns::Name(name), 0, {}};
    const std::string key = std::to_string(*id);
    TLD_TRY(for_each_row<long long>(
        database_, "SELECT coalesce(a_ttl, aaaa_ttl, 0) FROM host WHERE id = " + key,
        [&](long long ttl) -> Status {
          TLD_TRY(found.ttl, stored_number(ttl, dns::max_ttl, "TTL"));
          return base::ok();
        }));
    TLD_TRY(for_each_row<std::string>(
        database_, "SELECT address FROM host_address WHERE host_id = " + key + " ORDER BY address",
        [&](const std::string& address) -> Status {
          found.addresses.push_back(address);
          return base::ok();
        }));
    std::sort(found.addresses.begin(), found.addresses.end());
    return std::optional(std::move(found));
  });
}

Status SqlRegistryTransaction::put(const Host& host) {
  return guarded(what_, [&]() -> Status {
    long long a_ttl = null_number;
    long long aaaa_ttl = null_number;
    for (const std::string& address : host.addresses) {
      TLD_TRY(const auto parsed, stored_address(address));
      (parsed.type == dns::RRType::A ? a_ttl : aaaa_ttl) = host.ttl;
    }
    const std::string name = host.name.text();
    sql_
        << "INSERT INTO host (zone_id, name, a_ttl, aaaa_ttl) VALUES (:zone, :name, nullif(:a, -1),"
           " nullif(:aaaa, -1)) ON CONFLICT (zone_id, name) DO UPDATE SET a_ttl = excluded.a_ttl,"
           " aaaa_ttl = excluded.aaaa_ttl",
        soci::use(zone_id_), soci::use(name), soci::use(a_ttl), soci::use(aaaa_ttl);
    const auto id = id_in("host", host.name);
    sql_ << "DELETE FROM host_address WHERE host_id = :id", soci::use(*id);
    for (const std::string& address : host.addresses) {
      sql_ << "INSERT INTO host_address (host_id, address) VALUES (:id, :address)", soci::use(*id),
          soci::use(address);
    }
    return base::ok();
  });
}

Status SqlRegistryTransaction::rename_host(dns::NameView from, dns::NameView to) {
  return guarded(what_, [&]() -> Status {
    const auto id = id_in("host", from);
    if (!id) return base::not_found("host " + from.text() + " does not exist");
    if (id_in("host", to)) return base::refused("host " + to.text() + " exists");
    const std::string name = to.text();
    sql_ << "UPDATE host SET name = :name WHERE id = :id", soci::use(name), soci::use(*id);
    return base::ok();
  });
}

Status SqlRegistryTransaction::remove_host(dns::NameView name) {
  return guarded(what_, [&]() -> Status {
    const auto id = id_in("host", name);
    if (!id) return base::not_found("host " + name.text() + " does not exist");
    long long uses = 0;
    sql_ << "SELECT count(*) FROM nameserver WHERE host_id = :id", soci::use(*id), soci::into(uses);
    if (uses > 0) {
      return base::refused("host " + name.text() + " is a name server of " + std::to_string(uses) +
                           " delegations");
    }
    sql_ << "DELETE FROM host_address WHERE host_id = :id", soci::use(*id);
    sql_ << "DELETE FROM host WHERE id = :id", soci::use(*id);
    return base::ok();
  });
}

Result<std::vector<dns::Name>> SqlRegistryTransaction::delegations_of(dns::NameView host,
                                                                      std::size_t limit) {
  return guarded(what_, [&]() -> Result<std::vector<dns::Name>> {
    const auto id = id_in("host", host);
    if (!id) return std::vector<dns::Name>();
    return names(
        "SELECT d.name FROM nameserver AS n JOIN delegation AS d ON d.id ="
        " n.delegation_id WHERE n.host_id = " +
            std::to_string(*id),
        limit);
  });
}

// A name below "example.kz." ends in ".example.kz." in its text; an escaped dot (RFC 1035 §5.1)
// does the same, so that the names found are looked at again.
Result<std::vector<dns::Name>> SqlRegistryTransaction::hosts_below(dns::NameView name,
                                                                   std::size_t limit) {
  return guarded(what_, [&]() -> Result<std::vector<dns::Name>> {
    const std::string suffix = "." + name.text();
    std::vector<dns::Name> result;
    soci::rowset<std::string> rows =
        (sql_.prepare << "SELECT name FROM host WHERE zone_id = :zone AND length(name) > :size AND"
                         " substr(name, length(name) - :size2 + 1) = :suffix ORDER BY name",
         soci::use(zone_id_, "zone"), soci::use(static_cast<long long>(suffix.size()), "size"),
         soci::use(static_cast<long long>(suffix.size()), "size2"), soci::use(suffix, "suffix"));
    for (const std::string& text : rows) {
      TLD_TRY(dns::Name host, stored_name(text));
      if (host.view().is_below(name)) result.push_back(std::move(host));
      if (result.size() == limit) break;
    }
    return result;
  });
}

Status SqlRegistryTransaction::commit() {
  return guarded(what_, [&]() -> Status {
    transaction_.commit();
    return base::ok();
  });
}

}  // namespace tld::zones
