// SPDX-License-Identifier: GPL-2.0-only
//
// load: rows → content. The database may have been written by anybody, so each row is taken as
// hostile; what breaks a rule is named by table, row and rule.
#include <arpa/inet.h>

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "zones/rdata_parser.h"
#include "zones/sqlite_session.h"
#include "zones/sqlite_store.h"

namespace tld::zones {
namespace {

using base::Result;
using base::Status;
using dns::RRType;

constexpr long long no_ttl = -1;  // NULL in the database

base::Error bad_row(const char* table, const std::string& row, const std::string& rule) {
  return base::invalid_input(std::string("table ") + table + ", row " + row + ": " + rule);
}
base::Error bad_row(const char* table, long long row, const std::string& rule) {
  return bad_row(table, std::to_string(row), rule);
}

// What is shown of a text that is not what it should be.
std::string shown(const std::string& text) {
  std::string result = "\"";
  for (const char c : text.substr(0, 100)) result += c >= 0x20 && c < 0x7f ? c : '?';
  return result + "\"";
}

// Lower-case presentation form with the final dot, as Name::text() writes it: only then do the
// UNIQUE constraints mean what they say.
Result<dns::Name> stored_name(const std::string& text) {
  auto name = dns::Name::from_text(text);
  if (name.has_error()) return name.error().in(shown(text));
  if (name.value().text() == text) return name;
  return base::invalid_input(shown(text) + " is not written as " + name.value().text());
}

Result<std::uint32_t> stored_number(long long value, long long limit, const char* column) {
  if (value >= 0 && value <= limit) return static_cast<std::uint32_t>(value);
  return base::invalid_input(std::string(column) + " " + std::to_string(value) +
                             " is not between 0 and " + std::to_string(limit));
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
  ZoneReader(soci::session& sql, dns::NameView apex, std::int64_t zone_id, const Progress& progress)
      : sql_(sql), progress_(progress), zone_id_(zone_id), apex_(apex), builder_(apex) {}

  Result<LoadedZone> run() {
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
    long long position = 0;
    sql_ << "SELECT coalesce(max(position), 0) FROM change_feed WHERE zone_id = :zone",
        soci::use(zone_id_), soci::into(position);
    return LoadedZone{std::move(made.content), position};
  }

 private:
  Status read_soa() {
    using Number = long long;
    return for_each_row<Number, std::string, std::string, Number, Number, Number, Number, Number>(
        sql_,
        "SELECT soa_ttl, soa_mname, soa_rname, soa_serial, soa_refresh, soa_retry, soa_expire,"
        " soa_minimum FROM zone WHERE id = :zone",
        zone_id_, [this](auto&&... columns) -> Status {
          const Status status = add_soa(columns...);
          if (status.has_error()) return bad_row("zone", zone_id_, status.error().message);
          return status;
        });
  }

  Status add_soa(long long ttl, const std::string& mname, const std::string& rname,
                 long long serial, long long refresh, long long retry, long long expire,
                 long long minimum) {
    constexpr long long limit = std::numeric_limits<std::uint32_t>::max();
    dns::Soa soa;
    TLD_TRY(const auto soa_ttl, stored_number(ttl, dns::max_ttl, "soa_ttl"));
    TLD_TRY(soa.mname, stored_name(mname));
    TLD_TRY(soa.rname, stored_name(rname));
    TLD_TRY(soa.serial, stored_number(serial, limit, "soa_serial"));
    TLD_TRY(soa.refresh, stored_number(refresh, limit, "soa_refresh"));
    TLD_TRY(soa.retry, stored_number(retry, limit, "soa_retry"));
    TLD_TRY(soa.expire, stored_number(expire, limit, "soa_expire"));
    TLD_TRY(soa.minimum, stored_number(minimum, limit, "soa_minimum"));
    builder_.add(apex_, RRType::SOA, soa_ttl, soa.wire());
    return base::ok();
  }

  Status read_hosts() {
    TLD_TRY((for_each_row<long long, std::string, long long, long long>(
        sql_,
        "SELECT id, name, coalesce(a_ttl, -1), coalesce(aaaa_ttl, -1) FROM host"
        " WHERE zone_id = :zone ORDER BY id",
        zone_id_, [this](long long id, const std::string& text, long long a, long long aaaa) {
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
        sql_,
        "SELECT host_id, address FROM host_address"
        " WHERE host_id IN (SELECT id FROM host WHERE zone_id = :zone)",
        zone_id_, [this](long long host_id, const std::string& text) -> Status {
          const Referred* host = hosts_.find(host_id);
          const std::string row = "(" + std::to_string(host_id) + ", " + shown(text) + ")";
          if (host == nullptr) return bad_row("host_address", row, "no such host in this zone");
          return add_address(*host, row, text);
        });
  }

  Status add_address(const Referred& host, const std::string& row, const std::string& text) {
    const bool v4 = text.find(':') == std::string::npos;
    char octets[16];
    char again[INET6_ADDRSTRLEN] = "";
    const int family = v4 ? AF_INET : AF_INET6;
    if (inet_pton(family, text.c_str(), octets) != 1 ||
        inet_ntop(family, octets, again, sizeof again) != text) {
      return bad_row("host_address", row, "address is not an IP address in its usual form");
    }
    const long long ttl = v4 ? host.ttl : host.other_ttl;
    if (ttl == no_ttl) {
      return bad_row(
          "host", host.id,
          std::string(v4 ? "a_ttl" : "aaaa_ttl") + " is NULL, but it has the address " + text);
    }
    builder_.add(hosts_.name(host), v4 ? RRType::A : RRType::AAAA, static_cast<std::uint32_t>(ttl),
                 {octets, v4 ? std::size_t{4} : std::size_t{16}});
    return base::ok();
  }

  Status read_delegations() {
    TLD_TRY((for_each_row<long long, std::string, long long, long long>(
        sql_,
        "SELECT id, name, ns_ttl, coalesce(ds_ttl, -1) FROM delegation"
        " WHERE zone_id = :zone ORDER BY id",
        zone_id_,
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
        sql_,
        "SELECT delegation_id, host_id FROM nameserver"
        " WHERE delegation_id IN (SELECT id FROM delegation WHERE zone_id = :zone)",
        zone_id_, [&, this](long long delegation_id, long long host_id) -> Status {
          Referred* delegation = delegations_.find(delegation_id);
          const Referred* host = hosts_.find(host_id);
          if (delegation == nullptr || host == nullptr) {
            return bad_row(
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
        sql_,
        "SELECT delegation_id, key_tag, algorithm, digest_type, digest FROM ds"
        " WHERE delegation_id IN (SELECT id FROM delegation WHERE zone_id = :zone)",
        zone_id_, [this](long long delegation_id, auto&&... columns) -> Status {
          const std::string row = "of delegation " + std::to_string(delegation_id);
          const Referred* delegation = delegations_.find(delegation_id);
          if (delegation == nullptr) return bad_row("ds", row, "no such delegation in this zone");
          if (delegation->other_ttl == no_ttl) {
            return bad_row("delegation", delegation_id, "ds_ttl is NULL, but it has a row in ds");
          }
          const Status status = add_ds(*delegation, columns...);
          if (status.has_error()) return bad_row("ds", row, status.error().message);
          return status;
        });
  }

  Status add_ds(const Referred& delegation, long long key_tag, long long algorithm,
                long long digest_type, const std::string& digest) {
    dns::Ds ds;
    TLD_TRY(const auto tag, stored_number(key_tag, 0xffff, "key_tag"));
    TLD_TRY(const auto algorithm_number, stored_number(algorithm, 0xff, "algorithm"));
    TLD_TRY(const auto type, stored_number(digest_type, 0xff, "digest_type"));
    ds.key_tag = static_cast<std::uint16_t>(tag);
    ds.algorithm = static_cast<std::uint8_t>(algorithm_number);
    ds.digest_type = static_cast<std::uint8_t>(type);
    auto octets = base::from_hex(digest);
    if (octets.has_error() || octets.value().empty() || base::to_hex(octets.value()) != digest) {
      return base::invalid_input("digest " + shown(digest) + " is not lower-case base16");
    }
    ds.digest = std::move(octets).value();
    TLD_TRY(const std::string rdata, dns::canonical_rdata(RRType::DS, ds.wire()));
    builder_.add(delegations_.name(delegation), RRType::DS,
                 static_cast<std::uint32_t>(delegation.other_ttl), rdata);
    return base::ok();
  }

  Status read_other() {
    RdataParser parser{dns::NameView()};
    return for_each_row<long long, std::string, std::string, long long, std::string>(
        sql_,
        "SELECT rrset.id, owner, type, ttl, rdata.rdata FROM rrset"
        " JOIN rdata ON rdata.rrset_id = rrset.id WHERE zone_id = :zone",
        zone_id_, [&, this](long long id, auto&&... columns) -> Status {
          const Status status = add_other(parser, columns...);
          if (status.has_error()) return bad_row("rrset", id, status.error().message);
          return status;
        });
  }

  Status add_other(RdataParser& parser, const std::string& owner_text, const std::string& type_text,
                   long long ttl_value, const std::string& rdata_text) {
    TLD_TRY(const dns::Name owner, stored_name(owner_text));
    TLD_TRY(const auto ttl, stored_number(ttl_value, dns::max_ttl, "ttl"));
    const auto type = dns::rrtype_from_text(type_text);
    if (type.has_error() || to_text(type.value()) != type_text) {
      return base::invalid_input("type " + shown(type_text) + " is not a record type");
    }
    if (has_own_table(type.value(), owner)) {
      return base::invalid_input(type_text + " has a table of its own");
    }
    auto rdata = parser.parse_text(type.value(), rdata_text);
    if (rdata.has_error()) return rdata.error().in("rdata " + shown(rdata_text));
    builder_.add(owner, type.value(), ttl, rdata.value());
    return base::ok();
  }

  bool has_own_table(RRType type, const dns::Name& owner) const {
    const bool at_apex = owner == apex_;
    return type == RRType::A || type == RRType::AAAA || (type == RRType::NS && !at_apex) ||
           (type == RRType::SOA && at_apex);
  }

  soci::session& sql_;
  const Progress& progress_;
  const long long zone_id_;
  const dns::Name apex_;
  ContentBuilder builder_;
  ReferredRows hosts_;
  ReferredRows delegations_;
};

}  // namespace

Result<LoadedZone> read_zone(soci::session& sql, dns::NameView apex, const Progress& progress) {
  TLD_TRY(const std::int64_t zone_id, zone_id_of(sql, apex));
  return ZoneReader(sql, apex, zone_id, progress).run();
}

}  // namespace tld::zones
