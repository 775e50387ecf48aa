// SPDX-License-Identifier: GPL-2.0-only
//
// The schema of the registry store; docs/store.md explains it. Written for SQLite;
// Database::define() makes PostgreSQL's of it. The triggers, which keep the change feed, are in two
// dialects: store_triggers.cc.
//
// Thread rule: constants.
#pragma once

#include <string>
#include <vector>

#include "zones/store_address.h"

namespace tld::zones {

inline constexpr int store_application_id = 0x746c6472;  // "tldr"
inline constexpr int store_schema_version = 2;

// STRICT: a column holds its type and nothing else. The CHECKs are what the database can tell by
// itself; load() trusts none of it.
inline constexpr const char* store_schema[] = {
    R"(CREATE TABLE zone (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  soa_ttl INTEGER NOT NULL CHECK (soa_ttl BETWEEN 0 AND 2147483647),
  soa_mname TEXT NOT NULL,
  soa_rname TEXT NOT NULL,
  soa_serial INTEGER NOT NULL CHECK (soa_serial BETWEEN 0 AND 4294967295),
  soa_refresh INTEGER NOT NULL CHECK (soa_refresh BETWEEN 0 AND 4294967295),
  soa_retry INTEGER NOT NULL CHECK (soa_retry BETWEEN 0 AND 4294967295),
  soa_expire INTEGER NOT NULL CHECK (soa_expire BETWEEN 0 AND 4294967295),
  soa_minimum INTEGER NOT NULL CHECK (soa_minimum BETWEEN 0 AND 4294967295)
) STRICT)",
    R"(CREATE TABLE delegation (
  id INTEGER PRIMARY KEY,
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  name TEXT NOT NULL,
  ns_ttl INTEGER NOT NULL CHECK (ns_ttl BETWEEN 0 AND 2147483647),
  ds_ttl INTEGER CHECK (ds_ttl BETWEEN 0 AND 2147483647),
  UNIQUE (zone_id, name)
) STRICT)",
    R"(CREATE TABLE host (
  id INTEGER PRIMARY KEY,
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  name TEXT NOT NULL,
  a_ttl INTEGER CHECK (a_ttl BETWEEN 0 AND 2147483647),
  aaaa_ttl INTEGER CHECK (aaaa_ttl BETWEEN 0 AND 2147483647),
  UNIQUE (zone_id, name)
) STRICT)",
    R"(CREATE TABLE host_address (
  host_id INTEGER NOT NULL REFERENCES host (id),
  address TEXT NOT NULL,
  PRIMARY KEY (host_id, address)
) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE nameserver (
  delegation_id INTEGER NOT NULL REFERENCES delegation (id),
  host_id INTEGER NOT NULL REFERENCES host (id),
  PRIMARY KEY (delegation_id, host_id)
) STRICT, WITHOUT ROWID)",
    "CREATE INDEX nameserver_by_host ON nameserver (host_id)",
    R"(CREATE TABLE ds (
  delegation_id INTEGER NOT NULL REFERENCES delegation (id),
  key_tag INTEGER NOT NULL CHECK (key_tag BETWEEN 0 AND 65535),
  algorithm INTEGER NOT NULL CHECK (algorithm BETWEEN 0 AND 255),
  digest_type INTEGER NOT NULL CHECK (digest_type BETWEEN 0 AND 255),
  digest TEXT NOT NULL,
  PRIMARY KEY (delegation_id, key_tag, algorithm, digest_type, digest)
) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE rrset (
  id INTEGER PRIMARY KEY,
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  ttl INTEGER NOT NULL CHECK (ttl BETWEEN 0 AND 2147483647),
  UNIQUE (zone_id, owner, type)
) STRICT)",
    R"(CREATE TABLE rdata (
  rrset_id INTEGER NOT NULL REFERENCES rrset (id),
  rdata TEXT NOT NULL,
  PRIMARY KEY (rrset_id, rdata)
) STRICT, WITHOUT ROWID)",
    // Names whose rows were changed and that no publication has yet; NULL: perhaps any name.
    R"(CREATE TABLE change_feed (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  name TEXT,
  committed TEXT NOT NULL
) STRICT)",
    "CREATE INDEX change_feed_by_zone ON change_feed (zone_id, position)",
    // While a transaction has a row here, its changes do not go to the feed name by name.
    R"(CREATE TABLE bulk_change (
  zone_id INTEGER PRIMARY KEY
) STRICT)",
    R"(CREATE TABLE publication (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  serial INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 4294967295),
  whole INTEGER NOT NULL CHECK (whole BETWEEN 0 AND 1),
  changes INTEGER NOT NULL,
  created TEXT NOT NULL
) STRICT)",
    "CREATE INDEX publication_by_zone ON publication (zone_id, id)",
    R"(CREATE TABLE publication_change (
  publication_id INTEGER NOT NULL REFERENCES publication (id),
  name TEXT NOT NULL,
  previous_data TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (publication_id, name)
) STRICT, WITHOUT ROWID)",
    // What the zone's last publication holds, name by name.
    R"(CREATE TABLE published (
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  name TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (zone_id, name)
) STRICT, WITHOUT ROWID)",
    // Changes that break a rule: the name stays as it was published.
    R"(CREATE TABLE set_aside (
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  name TEXT NOT NULL,
  reason TEXT NOT NULL,
  since TEXT NOT NULL,
  PRIMARY KEY (zone_id, name)
) STRICT, WITHOUT ROWID)",
    // A change set that the brake has stopped.
    R"(CREATE TABLE hold (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  reason TEXT NOT NULL,
  names INTEGER NOT NULL,
  secure_delegations INTEGER NOT NULL,
  apex_digest TEXT NOT NULL,
  since TEXT NOT NULL,
  released TEXT
) STRICT)",
    R"(CREATE TABLE hold_approval (
  hold_id INTEGER NOT NULL REFERENCES hold (id),
  person TEXT NOT NULL,
  approved TEXT NOT NULL,
  PRIMARY KEY (hold_id, person)
) STRICT, WITHOUT ROWID)",
    // Nothing new is published of a zone that has a row here.
    R"(CREATE TABLE frozen (
  zone_id INTEGER PRIMARY KEY REFERENCES zone (id),
  reason TEXT NOT NULL,
  since TEXT NOT NULL
) STRICT)",
    // A publisher changes its zone's row first: see take_turn().
    R"(CREATE TABLE publishing (
  zone_id INTEGER PRIMARY KEY REFERENCES zone (id),
  turns INTEGER NOT NULL
) STRICT)",
    R"(CREATE TABLE schema_version (
  version INTEGER PRIMARY KEY,
  applied TEXT NOT NULL
) STRICT)",
};

// Every row that registry software changes puts the names it concerns into the change feed, in the
// same transaction.
std::vector<std::string> store_triggers(StoreAddress::Kind kind);

}  // namespace tld::zones
