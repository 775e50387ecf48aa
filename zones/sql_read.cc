// SPDX-License-Identifier: GPL-2.0-only
//
// load: the registry's rows → content. What breaks a rule is named by table, row and rule.
#include <algorithm>

#include "dns/rdata.h"
#include "zones/database.h"
#include "zones/sql_store.h"
#include "zones/stored_rows.h"

namespace tld::zones {
namespace {

using base::Result;
using base::Status;
using dns::RRType;

constexpr long long no_ttl = null_number;

base::Error bad_row(const char* table, long long row, const std::string& rule) {
  return zones::bad_row(table, std::to_string(row), rule);
}

// A row that other rows refer to by its id; sorted by id.
struct Referred {
  long long id = 0;
  std::uint32_t name = 0;  // offset into the names
  std::uint8_t name_size = 0;
  bool used = false;
  long long ttl = no_ttl;        // of NS; of A
  long long other_ttl = no_ttl;  // of DS; of AAAA
};

class ReferredRows {
 public:
  void add(long long id, dns::NameView name, long long ttl, long long other_ttl) {
    rows_.push_back({id, static_cast<std::uint32_t>(names_.size()),
                     static_cast<std::uint8_t>(name.wire().size()), false, ttl, other_ttl});
    names_ += name.wire();
  }
  // Rows that refer to these mostly come in the order of their ids.
  Referred* find(long long id) {
    if (last_ < rows_.size() && rows_[last_].id == id) return &rows_[last_];
    if (last_ + 1 < rows_.size() && rows_[last_ + 1].id == id) return &rows_[++last_];
    const auto at =
        std::lower_bound(rows_.begin(), rows_.end(), id,
                         [](const Referred& row, long long key) { return row.id < key; });
    if (at == rows_.end() || at->id != id) return nullptr;
    last_ = static_cast<std::size_t>(at - rows_.begin());
    return &*at;
  }
  dns::NameView name(const Referred& row) const {
    return dns::NameView::trusted(std::string_view(names_).substr(row.name, row.name_size));
  }
  const std::vector<Referred>& all() const { return rows_; }
  void sort() {
    const auto by_id = [](const Referred& a, const Referred& b) { return a.id < b.id; };
    if (!std::is_sorted(rows_.begin(), rows_.end(), by_id)) {
      std::sort(rows_.begin(), rows_.end(), by_id);
    }
  }

 private:
  std::vector<Referred> rows_;
  std::string names_;
  std::size_t last_ = 0;
};

class ZoneReader {
 public:
  ZoneReader(Database& database, dns::NameView apex, std::int64_t zone_id, const Progress& progress)
      : database_(database),
        progress_(progress),
        zone_id_(zone_id),
        zone_(std::to_string(zone_id)),
        apex_(apex),
        builder_(apex) {}

  Result<ZoneContent> run() {
    TLD_TRY(read_soa());
    TLD_TRY(read_hosts());
    TLD_TRY(read_addresses());
    TLD_TRY(read_delegations());
    TLD_TRY(read_nameservers());
    TLD_TRY(read_ds());
    TLD_TRY(refuse_empty_delegations());
    TLD_TRY(read_other());
    TLD_TRY(auto made, builder_.finish());
    if (!made.ttl_conflicts.empty()) {
      const TtlConflict& conflict = made.ttl_conflicts.front();
      return base::invalid_input(
          "tables delegation, host and rrset: ttl-single: " + conflict.owner.text() + " " +
          to_text(conflict.type) + " has TTLs " + std::to_string(conflict.ttl) + " and " +
          std::to_string(conflict.other_ttl));
    }
    return std::move(made.content);
  }

 private:
  Status read_soa() {
    using Number = long long;
    return for_each_row<Number, std::string, std::string, Number, Number, Number, Number, Number>(
        database_,
        "SELECT soa_ttl, soa_mname, soa_rname, soa_serial, soa_refresh, soa_retry, soa_expire,"
        " soa_minimum FROM zone WHERE id = " +
            zone_,
        [this](auto&&... columns) -> Status {
          const Status status = add_soa({columns...});
          if (status.has_error()) return bad_row("zone", zone_id_, status.error().message);
          return status;
        });
  }

  Status add_soa(const StoredSoa& row) {
    TLD_TRY(const auto ttl, stored_number(row.ttl, dns::max_ttl, "soa_ttl"));
    TLD_TRY(const std::string rdata, stored_soa(row));
    builder_.add(apex_, RRType::SOA, ttl, rdata);
    return base::ok();
  }

  Status read_hosts() {
    TLD_TRY((for_each_row<long long, std::string, long long, long long>(
        database_,
        "SELECT id, name, coalesce(a_ttl, -1), coalesce(aaaa_ttl, -1) FROM host"
        " WHERE zone_id = " +
            zone_ + " ORDER BY id",
        [this](long long id, const std::string& text, long long a, long long aaaa) {
          return add_referred("host", hosts_, id, text, a, aaaa);
        })));
    hosts_.sort();
    return base::ok();
  }

  static Status add_referred(const char* table, ReferredRows& rows, long long id,
                             const std::string& text, long long ttl, long long other_ttl) {
    auto name = stored_name(text);
    if (name.has_error()) return bad_row(table, id, "name " + name.error().message);
    for (const long long value : {ttl, other_ttl}) {
      if (value < no_ttl || value > static_cast<long long>(dns::max_ttl)) {
        return bad_row(table, id, "TTL " + std::to_string(value) + " is not one of RFC 2181");
      }
    }
    rows.add(id, name.value(), ttl, other_ttl);
    return base::ok();
  }

  Status read_addresses() {
    return for_each_row<long long, std::string>(
        database_,
        "SELECT host_id, address FROM host_address"
        " WHERE host_id IN (SELECT id FROM host WHERE zone_id = " +
            zone_ + ")",
        [this](long long host_id, const std::string& text) -> Status {
          const Referred* host = hosts_.find(host_id);
          const std::string row = "(" + std::to_string(host_id) + ", " + shown(text) + ")";
          if (host == nullptr) {
            return zones::bad_row("host_address", row, "no such host in this zone");
          }
          return add_address(*host, row, text);
        });
  }

  Status add_address(const Referred& host, const std::string& row, const std::string& text) {
    const auto address = stored_address(text);
    if (!address) return zones::bad_row("host_address", row, address.error().message);
    const RRType type = address.value().type;
    const long long ttl = type == RRType::A ? host.ttl : host.other_ttl;
    if (ttl == no_ttl) {
      return bad_row("host", host.id,
                     std::string(type == RRType::A ? "a_ttl" : "aaaa_ttl") +
                         " is NULL, but it has the address " + text);
    }
    builder_.add(hosts_.name(host), type, static_cast<std::uint32_t>(ttl), address.value().rdata);
    return base::ok();
  }

  Status read_delegations() {
    TLD_TRY((for_each_row<long long, std::string, long long, long long>(
        database_,
        "SELECT id, name, ns_ttl, coalesce(ds_ttl, -1) FROM delegation"
        " WHERE zone_id = " +
            zone_ + " ORDER BY id",
        [this](long long id, const std::string& text, long long ns, long long ds) -> Status {
          TLD_TRY(add_referred("delegation", delegations_, id, text, ns, ds));
          if (ns == no_ttl) return bad_row("delegation", id, "ns_ttl is NULL");
          if (delegations_.name(delegations_.all().back()) != apex_.view()) return base::ok();
          return bad_row("delegation", id, "the apex itself cannot be delegated");
        })));
    delegations_.sort();
    return base::ok();
  }

  Status read_nameservers() {
    std::uint64_t delegations = 0;
    return for_each_row<long long, long long>(
        database_,
        "SELECT delegation_id, host_id FROM nameserver"
        " WHERE delegation_id IN (SELECT id FROM delegation WHERE zone_id = " +
            zone_ + ")",
        [&, this](long long delegation_id, long long host_id) -> Status {
          Referred* delegation = delegations_.find(delegation_id);
          const Referred* host = hosts_.find(host_id);
          if (delegation == nullptr || host == nullptr) {
            return zones::bad_row(
                "nameserver",
                "(" + std::to_string(delegation_id) + ", " + std::to_string(host_id) + ")",
                delegation == nullptr ? "no such delegation in this zone"
                                      : "no such host in this zone");
          }
          if (!delegation->used && progress_ && ++delegations % bulk_rows == 0) {
            progress_(delegations, delegations_.all().size());
          }
          delegation->used = true;
          builder_.add(delegations_.name(*delegation), RRType::NS,
                       static_cast<std::uint32_t>(delegation->ttl), hosts_.name(*host).wire());
          return base::ok();
        });
  }

  Status refuse_empty_delegations() {
    for (const Referred& delegation : delegations_.all()) {
      if (delegation.used) continue;
      return bad_row("delegation", delegation.id,
                     delegations_.name(delegation).text() + " has no row in nameserver");
    }
    if (progress_) progress_(delegations_.all().size(), delegations_.all().size());
    return base::ok();
  }

  Status read_ds() {
    return for_each_row<long long, long long, long long, long long, std::string>(
        database_,
        "SELECT delegation_id, key_tag, algorithm, digest_type, digest FROM ds"
        " WHERE delegation_id IN (SELECT id FROM delegation WHERE zone_id = " +
            zone_ + ")",
        [this](long long delegation_id, auto&&... columns) -> Status {
          const std::string row = "of delegation " + std::to_string(delegation_id);
          const Referred* delegation = delegations_.find(delegation_id);
          if (delegation == nullptr) {
            return zones::bad_row("ds", row, "no such delegation in this zone");
          }
          if (delegation->other_ttl == no_ttl) {
            return bad_row("delegation", delegation_id, "ds_ttl is NULL, but it has a row in ds");
          }
          const auto rdata = stored_ds({columns...});
          if (!rdata) return zones::bad_row("ds", row, rdata.error().message);
          builder_.add(delegations_.name(*delegation), RRType::DS,
                       static_cast<std::uint32_t>(delegation->other_ttl), rdata.value());
          return base::ok();
        });
  }

  Status read_other() {
    RdataParser parser{dns::NameView()};
    return for_each_row<long long, std::string, std::string, long long, std::string>(
        database_,
        "SELECT rrset.id, owner, type, ttl, rdata.rdata FROM rrset"
        " JOIN rdata ON rdata.rrset_id = rrset.id WHERE zone_id = " +
            zone_,
        [&, this](long long id, auto&&... columns) -> Status {
          const Status status = add_other(parser, columns...);
          if (status.has_error()) return bad_row("rrset", id, status.error().message);
          return status;
        });
  }

  Status add_other(RdataParser& parser, const std::string& owner_text, const std::string& type,
                   long long ttl_value, const std::string& rdata_text) {
    TLD_TRY(const dns::Name owner, stored_name(owner_text));
    TLD_TRY(const auto ttl, stored_number(ttl_value, dns::max_ttl, "ttl"));
    TLD_TRY(const auto rdata, stored_rdata(parser, type, rdata_text, owner == apex_));
    builder_.add(owner, rdata.type, ttl, rdata.rdata);
    return base::ok();
  }

  Database& database_;
  const Progress& progress_;
  const long long zone_id_;
  const std::string zone_;  // the same, for SQL
  const dns::Name apex_;
  ContentBuilder builder_;
  ReferredRows hosts_;
  ReferredRows delegations_;
};

}  // namespace

Result<ZoneContent> read_registry(Database& database, dns::NameView apex, std::int64_t zone_id,
                                  const Progress& progress) {
  return ZoneReader(database, apex, zone_id, progress).run();
}

}  // namespace tld::zones
