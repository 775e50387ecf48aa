// SPDX-License-Identifier: GPL-2.0-only
//
// The schema of the SQLite registry store, version 1; docs/store.md explains it.
//
// Thread rule: constants.
#pragma once

namespace tld::zones {

inline constexpr int store_application_id = 0x746c6472;  // "tldr"
inline constexpr int store_schema_version = 1;

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
    R"(CREATE TABLE change_feed (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  change TEXT NOT NULL CHECK (change IN ('zone-replaced')),
  committed TEXT NOT NULL
) STRICT)",
    "CREATE INDEX change_feed_by_zone ON change_feed (zone_id, position)",
    R"(CREATE TABLE publication (
  zone_id INTEGER NOT NULL REFERENCES zone (id),
  feed_position INTEGER NOT NULL REFERENCES change_feed (position),
  serial INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 4294967295),
  created TEXT NOT NULL,
  PRIMARY KEY (zone_id, feed_position)
) STRICT, WITHOUT ROWID)",
};

}  // namespace tld::zones
