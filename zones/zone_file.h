// SPDX-License-Identifier: GPL-2.0-only
//
// RFC 1035 §5 zone files → content, and back. DNSSEC records of a signed zone are dropped and
// counted: signatures are made when they are asked for.
//
// Thread rule: pure functions (but for the file that is read).
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "zones/check.h"
#include "zones/content.h"
#include "zones/progress.h"

namespace tld::zones {

struct ImportedZone {
  ZoneContent content;
  std::vector<std::uint32_t> lines;  // per RRset of content: where its first record begins
  std::uint64_t records = 0;         // read, with those dropped and duplicate
  std::uint64_t duplicates = 0;      // left out
  // RRSIG NSEC NSEC3 NSEC3PARAM ZONEMD DNSKEY CDS CDNSKEY: left out.
  std::map<dns::RRType, std::uint64_t> dropped;
  std::uint32_t serial = 0;  // of the SOA; 0 when there is none (check() says so)
};

// Errors: invalid_input with one line "NAME:LINE: reason" per fault, at most max_zone_file_faults
// and then how many more; not_found or unavailable for the file itself. $INCLUDE and $GENERATE are
// refused. Progress counts octets.
inline constexpr std::size_t max_zone_file_faults = 100;
base::Result<ImportedZone> read_zone_file(const std::filesystem::path& path, dns::NameView apex,
                                          const Progress& progress = {});
// `name` stands for the file in messages.
base::Result<ImportedZone> read_zone_text(std::string_view text, std::string_view name,
                                          dns::NameView apex, const Progress& progress = {});

// One line per record, absolute names, canonical order, the SOA first. The stream's state tells
// whether it worked.
void write_zone_file(const ZoneContent& content, std::ostream& out);

// What check() found in an imported zone: "NAME:LINE: CHECK: OWNER: TEXT", one fault per line.
std::string faults_with_lines(const CheckReport& report, const ImportedZone& zone,
                              std::string_view name);

}  // namespace tld::zones
