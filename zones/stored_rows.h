// SPDX-License-Identifier: GPL-2.0-only
//
// The store's columns → records. A database may have been written by anybody, so each column is
// taken as hostile. Errors (invalid_input) name the column and the rule; the caller names table and
// row.
//
// Thread rule: pure functions; a RdataParser is the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zones/rdata_parser.h"

namespace tld::zones {

base::Error bad_row(const char* table, const std::string& row, const std::string& rule);

// What is shown of a text that is not what it should be.
std::string shown(const std::string& text);

// Lower-case presentation form with the final dot, as Name::text() writes it: only then do the
// UNIQUE constraints mean what they say.
base::Result<dns::Name> stored_name(const std::string& text);
// 0 to `limit`.
base::Result<std::uint32_t> stored_number(long long value, long long limit, const char* column);

struct StoredRdata {
  dns::RRType type = dns::RRType::A;
  std::string rdata;  // canonical
};

// "192.0.2.1", "2001:db8::1": as inet_ntop writes it.
base::Result<StoredRdata> stored_address(const std::string& text);

struct StoredSoa {
  long long ttl = 0;
  std::string mname, rname;
  long long serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;
};
base::Result<std::string> stored_soa(const StoredSoa& row);

struct StoredDs {
  long long key_tag = 0, algorithm = 0, digest_type = 0;
  std::string digest;  // base16, lower case
};
base::Result<std::string> stored_ds(const StoredDs& row);

// Tables rrset and rdata: types that have no table of their own.
base::Result<StoredRdata> stored_rdata(RdataParser& parser, const std::string& type,
                                       const std::string& rdata, bool at_apex);

}  // namespace tld::zones
