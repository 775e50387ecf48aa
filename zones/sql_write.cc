// SPDX-License-Identifier: GPL-2.0-only
//
// replace_zone: the rows of a zone, deleted and written anew. Row ids are counted here, so that
// rows can refer to each other without asking the database for each.
#include <arpa/inet.h>

#include <limits>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "zones/database.h"
#include "zones/hash_index.h"
#include "zones/ns_targets.h"
#include "zones/sql_store.h"

namespace tld::zones {
namespace {

using dns::RRType;

constexpr long long no_ttl = null_number;

std::string address_text(RRType type, std::string_view octets) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(type == RRType::A ? AF_INET : AF_INET6, octets.data(), text, sizeof text);
  return text;
}

long long next_id(soci::session& sql, const std::string& table) {
  long long id = 0;
  sql << "SELECT coalesce(max(id), 0) + 1 FROM " + table, soci::into(id);
  return id;
}

// Every host of the zone: what has addresses, and what a delegation names.
class Hosts {
 public:
  struct Host {
    dns::NameView name;
    long long a_ttl = no_ttl;
    long long aaaa_ttl = no_ttl;
  };

  std::uint32_t number_of(dns::NameView name) {
    const std::uint64_t hash = octets_hash(name.wire());
    const auto known = index_.find(hash, [&](std::uint32_t n) { return hosts_[n].name == name; });
    if (known != HashIndex::none) return known;
    const auto number = static_cast<std::uint32_t>(hosts_.size());
    index_.insert(hash, number);
    hosts_.push_back({name});
    return number;
  }
  Host& operator[](std::uint32_t number) { return hosts_[number]; }
  const std::vector<Host>& all() const { return hosts_; }

 private:
  std::vector<Host> hosts_;
  HashIndex index_;
};

class ZoneWriter {
 public:
  ZoneWriter(Database& database, const ZoneContent& content, long long zone_id,
             const Progress& progress)
      : database_(database), content_(content), progress_(progress), zone_id_(zone_id) {}

  void run() {
    first_host_ = next_id(database_.sql(), "host");
    next_delegation_ = next_id(database_.sql(), "delegation");
    next_rrset_ = next_id(database_.sql(), "rrset");
    collect_hosts();
    write_hosts();
    for (std::size_t i = 0; i < content_.size(); ++i) {
      write_rrset(i);
      if (i % bulk_rows != 0) continue;
      flush();
      if (progress_) progress_(i, content_.size());
    }
    flush();
    for (const char* table : {"host", "delegation", "rrset"}) database_.continue_ids(table);
    if (progress_) progress_(content_.size(), content_.size());
  }

 private:
  bool is_delegation_ns(const ContentRRset& rrset) const {
    return rrset.type == RRType::NS && rrset.owner != content_.apex();
  }

  void collect_hosts() {
    for (std::size_t i = 0; i < content_.size(); ++i) {
      const ContentRRset rrset = content_[i];
      if (is_address(rrset.type)) {
        Hosts::Host& host = hosts_[hosts_.number_of(rrset.owner)];
        (rrset.type == RRType::A ? host.a_ttl : host.aaaa_ttl) = rrset.ttl;
      } else if (is_delegation_ns(rrset)) {
        for (const std::string_view rdata : rrset.rdata) {
          hosts_.number_of(dns::NameView::trusted(rdata));
        }
      }
    }
  }

  void write_hosts() {
    BulkInsert<long long, long long, std::string, long long, long long> insert(
        database_, "host", {"id", "zone_id", "name", "a_ttl?", "aaaa_ttl?"});
    long long id = first_host_;
    for (const Hosts::Host& host : hosts_.all()) {
      insert.add(id++, zone_id_, host.name.text(), host.a_ttl, host.aaaa_ttl);
      if (id % static_cast<long long>(bulk_rows) == 0) insert.flush();
    }
    insert.flush();
  }

  void write_rrset(std::size_t index) {
    const ContentRRset rrset = content_[index];
    if (rrset.type == RRType::SOA && rrset.owner == content_.apex()) return;  // table zone has it
    if (is_address(rrset.type)) {
      write_addresses(rrset);
    } else if (is_delegation_ns(rrset)) {
      write_delegation(rrset, index);
    } else if (rrset.type != RRType::DS || !is_beside_delegation_ns(index)) {
      write_other(rrset);
    }
  }

  // In a content NS stands before DS of the same owner.
  bool is_beside_delegation_ns(std::size_t index) const {
    for (std::size_t i = index; i > 0 && content_[i - 1].owner == content_[index].owner; --i) {
      if (is_delegation_ns(content_[i - 1])) return true;
    }
    return false;
  }

  void write_addresses(const ContentRRset& rrset) {
    const long long host = first_host_ + hosts_.number_of(rrset.owner);
    for (const std::string_view rdata : rrset.rdata) {
      addresses_.add(host, address_text(rrset.type, rdata));
    }
  }

  // The NS RRset of a cut, and the DS RRset that may follow it directly.
  void write_delegation(const ContentRRset& ns, std::size_t index) {
    std::optional<ContentRRset> ds;
    for (std::size_t i = index + 1; i < content_.size() && content_[i].owner == ns.owner; ++i) {
      if (content_[i].type == RRType::DS) ds = content_[i];
    }
    const long long id = next_delegation_++;
    delegations_.add(id, zone_id_, ns.owner.text(), ns.ttl, ds ? ds->ttl : no_ttl);
    for (const std::string_view rdata : ns.rdata) {
      nameservers_.add(id, first_host_ + hosts_.number_of(dns::NameView::trusted(rdata)));
    }
    if (!ds) return;
    for (const std::string_view rdata : ds->rdata) {
      const auto fields = dns::Ds::from_wire(rdata);
      if (fields.has_error()) continue;  // cannot be: canonical_rdata has accepted it
      const dns::Ds& value = fields.value();
      ds_.add(id, value.key_tag, value.algorithm, value.digest_type, base::to_hex(value.digest));
    }
  }

  void write_other(const ContentRRset& rrset) {
    const long long id = next_rrset_++;
    rrsets_.add(id, zone_id_, rrset.owner.text(), to_text(rrset.type), rrset.ttl);
    for (const std::string_view rdata : rrset.rdata) {
      rdata_.add(id, dns::rdata_text(rrset.type, rdata));
    }
  }

  // What others refer to goes first: foreign keys are checked at once.
  void flush() {
    delegations_.flush();
    nameservers_.flush();
    ds_.flush();
    addresses_.flush();
    rrsets_.flush();
    rdata_.flush();
  }

  Database& database_;
  const ZoneContent& content_;
  const Progress& progress_;
  const long long zone_id_;
  long long first_host_ = 0;
  long long next_delegation_ = 0;
  long long next_rrset_ = 0;
  Hosts hosts_;

  BulkInsert<long long, std::string> addresses_{database_, "host_address", {"host_id", "address"}};
  BulkInsert<long long, long long, std::string, long long, long long> delegations_{
      database_, "delegation", {"id", "zone_id", "name", "ns_ttl", "ds_ttl?"}};
  BulkInsert<long long, long long> nameservers_{
      database_, "nameserver", {"delegation_id", "host_id"}};
  BulkInsert<long long, long long, long long, long long, std::string> ds_{
      database_, "ds", {"delegation_id", "key_tag", "algorithm", "digest_type", "digest"}};
  BulkInsert<long long, long long, std::string, std::string, long long> rrsets_{
      database_, "rrset", {"id", "zone_id", "owner", "type", "ttl"}};
  BulkInsert<long long, std::string> rdata_{database_, "rdata", {"rrset_id", "rdata"}};
};

void delete_rows(soci::session& sql, long long zone_id) {
  for (const char* statement :
       {"DELETE FROM nameserver WHERE delegation_id IN (SELECT id FROM delegation WHERE zone_id = "
        ":z)",
        "DELETE FROM ds WHERE delegation_id IN (SELECT id FROM delegation WHERE zone_id = :z)",
        "DELETE FROM delegation WHERE zone_id = :z",
        "DELETE FROM host_address WHERE host_id IN (SELECT id FROM host WHERE zone_id = :z)",
        "DELETE FROM host WHERE zone_id = :z",
        "DELETE FROM rdata WHERE rrset_id IN (SELECT id FROM rrset WHERE zone_id = :z)",
        "DELETE FROM rrset WHERE zone_id = :z"}) {
    sql << statement, soci::use(zone_id);
  }
}

long long write_zone_row(soci::session& sql, dns::NameView apex, const dns::Soa& soa,
                         std::uint32_t ttl) {
  const std::string name = apex.text();
  const std::string mname = soa.mname.text();
  const std::string rname = soa.rname.text();
  const long long numbers[] = {ttl, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum};
  sql << "INSERT INTO zone (name, soa_ttl, soa_mname, soa_rname, soa_serial, soa_refresh, "
         "soa_retry,"
         " soa_expire, soa_minimum) VALUES (:name, :ttl, :mname, :rname, :serial, :refresh, :retry,"
         " :expire, :minimum) ON CONFLICT (name) DO UPDATE SET soa_ttl = excluded.soa_ttl,"
         " soa_mname = excluded.soa_mname, soa_rname = excluded.soa_rname,"
         " soa_serial = excluded.soa_serial, soa_refresh = excluded.soa_refresh,"
         " soa_retry = excluded.soa_retry, soa_expire = excluded.soa_expire,"
         " soa_minimum = excluded.soa_minimum",
      soci::use(name), soci::use(numbers[0]), soci::use(mname), soci::use(rname),
      soci::use(numbers[1]), soci::use(numbers[2]), soci::use(numbers[3]), soci::use(numbers[4]),
      soci::use(numbers[5]);
  long long id = 0;
  sql << "SELECT id FROM zone WHERE name = :name", soci::use(name), soci::into(id);
  return id;
}

}  // namespace

base::Status write_zone(Database& database, const ZoneContent& content,
                        std::uint32_t imported_serial, base::Time now, const Progress& progress) {
  const auto rrset = content.find(content.apex(), RRType::SOA);
  if (!rrset || rrset->rdata.size() != 1) {
    return base::invalid_input("zone " + content.apex().text() +
                               ": soa-single: a zone in the store has exactly one SOA record");
  }
  TLD_TRY(dns::Soa soa, dns::Soa::from_wire(*rrset->rdata.begin()));
  soa.serial = imported_serial;
  soci::session& sql = database.sql();
  database.lock_tables("zone, delegation, host, host_address, nameserver, ds, rrset, rdata");
  const long long zone_id = write_zone_row(sql, content.apex(), soa, rrset->ttl);
  sql << "INSERT INTO bulk_change (zone_id) VALUES (:zone)", soci::use(zone_id);
  delete_rows(sql, zone_id);
  ZoneWriter(database, content, zone_id, progress).run();
  sql << "DELETE FROM bulk_change WHERE zone_id = :zone", soci::use(zone_id);
  const std::string committed = time_text(now);
  sql << "INSERT INTO change_feed (zone_id, name, committed) VALUES (:z, NULL, :now)",
      soci::use(zone_id), soci::use(committed);
  return base::ok();
}

}  // namespace tld::zones
