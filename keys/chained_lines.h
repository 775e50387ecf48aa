// SPDX-License-Identifier: GPL-2.0-only
//
// A file that only grows, as a hash chain: one JSON object a line, each with its sequence number in
// front and the SHA-256 of the line before at its end. A line has one canonical text (no spaces,
// ASCII, fields in their order), so that an altered octet is either refused or breaks the chain.
// The audit log and the transcripts of ceremonies are such files.
//
// Thread rule: pure functions and values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace tld::keys {

using Json = nlohmann::ordered_json;

// A line's place in its chain. Before the first line: 0 and 64 zeros.
struct ChainLink {
  std::uint64_t sequence = 0;
  std::string hash = std::string(64, '0');  // base16 SHA-256 of the line without its newline
  friend bool operator==(const ChainLink&, const ChainLink&) = default;
};

inline constexpr std::size_t max_chained_line = 65'536;  // octets

// The line that follows `last`, without newline. Octets that are no UTF-8 are replaced.
std::string chained_line(const ChainLink& last, const Json& fields);

// `text`, or as many whole characters of it as fit, with "..." behind them.
std::string first_octets(const std::string& text, std::size_t max);

// A line as it stands in a file; whether it follows another is told by follows().
struct ChainedLine {
  Json fields;           // with "sequence" and "previous"
  ChainLink link;        // its own
  std::string previous;  // what it says of the line before
};
// invalid_input, "PREFIX-SYNTAX: ...": it is not the canonical text of such an object.
base::Result<ChainedLine> read_chained_line(std::string_view line, const std::string& prefix);

// invalid_input: PREFIX-SEQUENCE, PREFIX-PREVIOUS.
base::Status follows(const ChainedLine& line, const ChainLink& last, const std::string& prefix);

// "2026-11-22T10:35:00Z", for people and programs. REQUIRES: 1970 <= time <= last_time.
std::string utc_text(base::Time time);
base::Result<base::Time> utc_from_text(std::string_view text);

// Base16 SHA-256, lower case.
std::string sha256_hex(std::string_view octets);

}  // namespace tld::keys
