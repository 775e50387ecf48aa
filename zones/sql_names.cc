// SPDX-License-Identifier: GPL-2.0-only
//
// What the registry's tables hold at the names that the feed says were changed, by a few queries
// for all of them. A bad row spoils its own name only.
#include <map>

#include "dns/rdata.h"
#include "zones/sql_store.h"
#include "zones/stored_rows.h"

namespace tld::zones {
namespace {

using base::Status;
using dns::RRType;

constexpr std::size_t most_records = 65535;  // no message has room for more, and update() no number

class NamesReader {
 public:
  NamesReader(Database& database, dns::NameView apex, std::int64_t zone_id)
      : database_(database),
        apex_(apex),
        zone_(std::to_string(zone_id)),
        are_changed_(is_in_feed(database, zone_id)) {}

  base::Result<ChangedNames> run() {
    TLD_TRY(read_feed());
    TLD_TRY(read_soa());
    TLD_TRY(read_addresses());
    TLD_TRY(read_nameservers());
    TLD_TRY(read_ds());
    TLD_TRY(read_other());
    TLD_TRY(read_published());
    return result();
  }

 private:
  struct Entry {
    dns::Name name;
    std::map<RRType, dns::RRset> rrsets;
    NameData published;
    std::string fault;
  };

  Status read_feed() {
    return for_each_row<std::string>(
        database_,
        "SELECT DISTINCT name FROM change_feed WHERE name IS NOT NULL AND zone_id = " + zone_,
        [this](const std::string& text) {
          Entry& entry = entries_[text];
          auto name = stored_name(text);
          if (name) {
            entry.name = std::move(name).value();
          } else {
            entry.fault = "name " + name.error().message;
          }
          return base::ok();
        });
  }

  // Calls `take` with the entry of the row's name; its error becomes the entry's fault.
  template <class Take>
  Status put(const char* table, const std::string& name, const Take& take) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.fault.empty()) return base::ok();
    const Status status = take(found->second);
    if (status.has_error()) {
      found->second.fault = std::string("table ") + table + ": " + status.error().message;
    }
    return base::ok();
  }

  static Status add(Entry& entry, RRType type, long long ttl, std::string rdata) {
    if (ttl == null_number) return base::invalid_input(to_text(type) + " records without a TTL");
    TLD_TRY(const auto seconds, stored_number(ttl, dns::max_ttl, "TTL"));
    dns::RRset& rrset = entry.rrsets[type];
    if (!rrset.rdatas.empty() && rrset.ttl != seconds) {
      return base::invalid_input("ttl-single: " + to_text(type) + " has TTLs " +
                                 std::to_string(rrset.ttl) + " and " + std::to_string(seconds));
    }
    if (rrset.rdatas.size() == most_records) {
      return base::invalid_input("rrset-size: more than " + std::to_string(most_records) + " " +
                                 to_text(type) + " records");
    }
    rrset.ttl = seconds;
    rrset.rdatas.push_back(std::move(rdata));
    return base::ok();
  }

  Status read_soa() {
    using Number = long long;
    return for_each_row<std::string, Number, std::string, std::string, Number, Number, Number,
                        Number>(
        database_,
        "SELECT name, soa_ttl, soa_mname, soa_rname, soa_refresh, soa_retry, soa_expire,"
        " soa_minimum FROM zone WHERE id = " +
            zone_,
        [this](const std::string& name, Number ttl, const std::string& mname,
               const std::string& rname, auto... timers) {
          return put("zone", name, [&](Entry& entry) -> Status {
            TLD_TRY(auto rdata, stored_soa({ttl, mname, rname, 0, timers...}));
            return add(entry, RRType::SOA, ttl, std::move(rdata));
          });
        });
  }

  Status read_addresses() {
    return for_each_row<std::string, long long, long long, std::string>(
        database_,
        "SELECT h.name, coalesce(h.a_ttl, -1), coalesce(h.aaaa_ttl, -1), a.address FROM host AS h"
        " JOIN host_address AS a ON a.host_id = h.id WHERE h.zone_id = " +
            zone_ + " AND h.name" + are_changed_,
        [this](const std::string& name, long long a, long long aaaa, const std::string& text) {
          return put("host_address", name, [&](Entry& entry) -> Status {
            TLD_TRY(auto address, stored_address(text));
            const long long ttl = address.type == RRType::A ? a : aaaa;
            return add(entry, address.type, ttl, std::move(address.rdata));
          });
        });
  }

  Status read_nameservers() {
    return for_each_row<std::string, long long, std::string>(
        database_,
        "SELECT d.name, d.ns_ttl, coalesce(h.name, '') FROM delegation AS d"
        " LEFT JOIN nameserver AS n ON n.delegation_id = d.id"
        " LEFT JOIN host AS h ON h.id = n.host_id AND h.zone_id = d.zone_id"
        " WHERE d.zone_id = " +
            zone_ + " AND d.name" + are_changed_,
        [this](const std::string& name, long long ttl, const std::string& host) {
          return put("delegation", name, [&](Entry& entry) -> Status {
            if (entry.name == apex_) {
              return base::invalid_input("the apex itself cannot be delegated");
            }
            if (host.empty())
              return base::invalid_input("it has no host of this zone in nameserver");
            TLD_TRY(const dns::Name target, stored_name(host));
            return add(entry, RRType::NS, ttl, std::string(target.view().wire()));
          });
        });
  }

  Status read_ds() {
    return for_each_row<std::string, long long, long long, long long, long long, std::string>(
        database_,
        "SELECT d.name, coalesce(d.ds_ttl, -1), ds.key_tag, ds.algorithm, ds.digest_type, ds.digest"
        " FROM delegation AS d JOIN ds ON ds.delegation_id = d.id WHERE d.zone_id = " +
            zone_ + " AND d.name" + are_changed_,
        [this](const std::string& name, long long ttl, auto&&... columns) {
          return put("ds", name, [&](Entry& entry) -> Status {
            TLD_TRY(auto rdata, stored_ds({columns...}));
            return add(entry, RRType::DS, ttl, std::move(rdata));
          });
        });
  }

  Status read_other() {
    return for_each_row<std::string, std::string, long long, std::string>(
        database_,
        "SELECT r.owner, r.type, r.ttl, rdata.rdata FROM rrset AS r"
        " JOIN rdata ON rdata.rrset_id = r.id WHERE r.zone_id = " +
            zone_ + " AND r.owner" + are_changed_,
        [this](const std::string& name, const std::string& type, long long ttl,
               const std::string& text) {
          return put("rrset", name, [&](Entry& entry) -> Status {
            TLD_TRY(auto rdata, stored_rdata(parser_, type, text, entry.name == apex_));
            return add(entry, rdata.type, ttl, std::move(rdata.rdata));
          });
        });
  }

  Status read_published() {
    return for_each_row<std::string, std::string>(
        database_,
        "SELECT name, data FROM published WHERE zone_id = " + zone_ + " AND name" + are_changed_,
        [this](const std::string& name, const std::string& text) {
          return put("published", name, [&](Entry& entry) -> Status {
            TLD_TRY(entry.published, name_data_from_text(entry.name, text, parser_));
            return base::ok();
          });
        });
  }

  ChangedNames result() {
    ChangedNames result;
    for (auto& [text, entry] : entries_) {
      if (!entry.fault.empty()) {
        result.bad_rows.push_back({text, entry.fault, {}});
        continue;
      }
      entry.published.name = entry.name;
      NameChange change{std::move(entry.published), {entry.name, {}}};
      for (auto& [type, rrset] : entry.rrsets) {
        rrset.owner = entry.name;
        rrset.type = type;
        dns::canonicalise(rrset.rdatas);
        change.after.rrsets.push_back(std::move(rrset));
      }
      if (!same_data(change.before, change.after)) result.changes.push_back(std::move(change));
    }
    return result;
  }

  Database& database_;
  const dns::Name apex_;
  const std::string zone_;         // its id, for SQL
  const std::string are_changed_;  // a condition on a name
  std::map<std::string, Entry> entries_;
  RdataParser parser_{dns::NameView()};
};

}  // namespace

// PostgreSQL's planner takes the feed, mostly empty when it was last analysed, for a few rows,
// and compares each name of the zone with each of the feed; names in an array it looks up by
// index.
std::string is_in_feed(const Database& database, std::int64_t zone_id) {
  const std::string names =
      "SELECT DISTINCT name FROM change_feed WHERE name IS NOT NULL AND zone_id = " +
      std::to_string(zone_id);
  return database.kind() == StoreAddress::Kind::postgresql ? " = ANY (ARRAY(" + names + "))"
                                                           : " IN (" + names + ")";
}

base::Result<ChangedNames> read_changed_names(Database& database, dns::NameView apex,
                                              std::int64_t zone_id) {
  return NamesReader(database, apex, zone_id).run();
}

}  // namespace tld::zones
