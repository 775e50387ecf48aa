// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/segment.h"

#include <cassert>
#include <cstring>

namespace tld::signer {
namespace {

constexpr std::string_view magic = "pdns-tld sig log";
constexpr std::string_view marker = "\xe5sig";
constexpr std::size_t checksum_octets = 8;

void put_number(std::string& out, std::uint64_t value, std::size_t octets) {
  for (std::size_t i = octets; i-- > 0;) out += static_cast<char>(value >> (8 * i));
}

std::uint32_t number_at(std::string_view octets, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<unsigned char>(octets[at + i]);
  }
  return value;
}

std::string checksum(std::string_view octets) {
  return std::string(base::as_octets(base::sha256(octets)).substr(0, checksum_octets));
}

void put_checksum_of(std::string& out, std::size_t from = 0) {
  out += checksum(std::string_view(out).substr(from));
}

base::Sha256 digest_at(std::string_view octets, std::size_t at) {
  base::Sha256 digest;
  std::memcpy(digest.data(), octets.data() + at, digest.size());
  return digest;
}

// Of every version: magic, version and their checksum, so that a damaged version is told from a
// foreign one. `length`: where the entries begin; 0 if it is damaged.
SegmentScan::Header read_header(std::string_view octets, dns::NameView zone, std::uint16_t& version,
                                std::size_t& length) {
  using Header = SegmentScan::Header;
  constexpr std::size_t fixed = magic.size() + 2;
  length = 0;
  if (octets.substr(0, magic.size()) != magic) return Header::damaged;
  if (octets.substr(0, fixed + checksum_octets).size() < fixed + checksum_octets ||
      checksum(octets.substr(0, fixed)) != octets.substr(fixed, checksum_octets)) {
    return Header::damaged;
  }
  version = static_cast<std::uint16_t>(number_at(octets, magic.size(), 2));
  if (version != segment_version) return Header::foreign_version;
  if (octets.starts_with(segment_header(zone))) {
    length = segment_header(zone).size();
    return Header::ours;
  }
  const std::size_t zone_at = fixed + checksum_octets;
  if (octets.size() <= zone_at) return Header::damaged;
  const std::size_t end = zone_at + 1 + static_cast<unsigned char>(octets[zone_at]);
  const bool whole = octets.size() >= end + checksum_octets &&
                     checksum(octets.substr(0, end)) == octets.substr(end, checksum_octets);
  return whole ? Header::other_zone : Header::damaged;
}

}  // namespace

std::string entry_octets(const LogEntry& entry) {
  assert(!entry.signature.empty() && entry.signature.size() <= max_signature_octets);
  std::string out(marker);
  out.reserve(entry_overhead + entry.signature.size());
  put_number(out, entry.signature.size(), 2);
  out += base::as_octets(entry.key.content);
  out += base::as_octets(entry.key.signer);
  put_number(out, entry.validity.expiration, 4);
  put_number(out, entry.validity.inception, 4);
  out += entry.signature;
  put_checksum_of(out);
  return out;
}

std::optional<LogEntry> read_entry(std::string_view octets) {
  constexpr std::size_t key_at = marker.size() + 2, times_at = key_at + 64;
  if (octets.size() < entry_overhead || !octets.starts_with(marker)) return std::nullopt;
  const std::size_t size = number_at(octets, marker.size(), 2);
  if (size == 0 || size > max_signature_octets || octets.size() < entry_overhead + size) {
    return std::nullopt;
  }
  const std::size_t end = times_at + 8 + size;
  if (checksum(octets.substr(0, end)) != octets.substr(end, checksum_octets)) return std::nullopt;
  LogEntry entry;
  entry.key = {digest_at(octets, key_at), digest_at(octets, key_at + 32)};
  entry.validity = {.inception = number_at(octets, times_at + 4, 4),
                    .expiration = number_at(octets, times_at, 4)};
  entry.signature = octets.substr(times_at + 8, size);
  return entry;
}

std::string segment_header(dns::NameView zone) {
  std::string out(magic);
  put_number(out, segment_version, 2);
  put_checksum_of(out);
  put_number(out, zone.wire().size(), 1);
  out += zone.wire();
  put_checksum_of(out);
  return out;
}

SegmentScan scan_segment(std::string_view octets, dns::NameView zone, const VisitEntry& visit) {
  using Header = SegmentScan::Header;
  SegmentScan scan;
  std::size_t at = 0;
  scan.header = read_header(octets, zone, scan.version, at);
  if (scan.header == Header::foreign_version || scan.header == Header::other_zone) return scan;
  std::size_t good_until = at;
  while (at < octets.size()) {
    if (const auto entry = read_entry(octets.substr(at))) {
      scan.damaged_octets += at - good_until;
      ++scan.entries;
      visit(at, *entry);
      at += entry_overhead + entry->signature.size();
      good_until = at;
    } else {
      at = std::min(octets.find(marker, at + 1), octets.size());
    }
  }
  scan.torn_octets = octets.size() - good_until;
  return scan;
}

}  // namespace tld::signer
