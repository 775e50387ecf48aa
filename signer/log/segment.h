// SPDX-License-Identifier: GPL-2.0-only
//
// The octets of one file of a signature log (docs/signature-log.md): a header, then entries one
// behind the other, each with a checksum of its own. Reading believes nothing: what is no whole
// entry is stepped over, octet by octet, to the next one that is.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dns/name.h"
#include "signer/log/content_key.h"
#include "signer/signature_table.h"

namespace tld::signer {

struct LogEntry {
  ContentKey key;
  Validity validity;
  std::string_view signature;  // 1 to max_signature_octets octets
};

// What an entry takes beside its signature: marker, length, content key, validity, checksum.
inline constexpr std::size_t entry_overhead = 4 + 2 + 64 + 8 + 8;
inline constexpr std::size_t max_entry_octets = entry_overhead + max_signature_octets;

std::string entry_octets(const LogEntry& entry);
// The entry that `octets` begins with. Lifetime: its signature refers to `octets`.
std::optional<LogEntry> read_entry(std::string_view octets);

inline constexpr std::uint16_t segment_version = 1;
std::string segment_header(dns::NameView zone);

struct SegmentScan {
  enum class Header { ours, foreign_version, other_zone, damaged };
  Header header = Header::damaged;
  std::uint16_t version = 0;
  std::size_t entries = 0;
  std::size_t damaged_octets = 0;  // that are part of no whole entry, and not at the end
  std::size_t torn_octets = 0;     // the same, at the end: what a crash leaves
};
using VisitEntry = std::function<void(std::size_t offset, const LogEntry& entry)>;

// Calls `visit` for each whole entry, in order; for none behind a header that says the file is
// somebody else's.
SegmentScan scan_segment(std::string_view octets, dns::NameView zone, const VisitEntry& visit);

}  // namespace tld::signer
