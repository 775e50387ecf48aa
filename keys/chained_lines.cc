// SPDX-License-Identifier: GPL-2.0-only
#include "keys/chained_lines.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

constexpr int max_depth = 3;

std::string canonical(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

// A deeper object is left out, so that its canonical text is another; dump() recurses.
bool is_shallow(int depth, Json::parse_event_t, Json&) {
  return depth <= max_depth;
}

bool is_sha256_hex(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool has_chain_fields(const Json& json) {
  return json.is_object() && json.size() >= 2 && json.begin().key() == "sequence" &&
         json.begin()->is_number_unsigned() && std::prev(json.end()).key() == "previous" &&
         std::prev(json.end())->is_string() &&
         is_sha256_hex(std::prev(json.end())->get_ref<const std::string&>());
}

}  // namespace

std::string sha256_hex(std::string_view octets) {
  return base::to_hex(base::as_octets(base::sha256(octets)));
}

std::string chained_line(const ChainLink& last, const Json& fields) {
  Json json = {{"sequence", last.sequence + 1}};
  for (const auto& [key, value] : fields.items()) json[key] = value;
  json["previous"] = last.hash;
  return canonical(json);
}

base::Result<ChainedLine> read_chained_line(std::string_view line, const std::string& prefix) {
  const auto wrong = [&prefix](const char* why) {
    return base::invalid_input(prefix + "-SYNTAX: " + why);
  };
  if (line.size() > max_chained_line) return wrong("the line is longer than 65536 octets");
  ChainedLine read;
  read.fields = Json::parse(line, is_shallow, /*allow_exceptions=*/false);
  if (read.fields.is_discarded() || canonical(read.fields) != line) {
    return wrong("the line is not one JSON object in its canonical text");
  }
  if (!has_chain_fields(read.fields)) {
    return wrong("the line does not begin with a sequence number and end with a previous hash");
  }
  read.link = {read.fields["sequence"].get<std::uint64_t>(), sha256_hex(line)};
  read.previous = read.fields["previous"].get<std::string>();
  return read;
}

base::Status follows(const ChainedLine& line, const ChainLink& last, const std::string& prefix) {
  if (line.link.sequence != last.sequence + 1) {
    return base::invalid_input(fmt::format("{}-SEQUENCE: sequence number {} where {} must stand",
                                           prefix, line.link.sequence, last.sequence + 1));
  }
  if (line.previous != last.hash) {
    return base::invalid_input(
        fmt::format("{}-PREVIOUS: line {} names a line before it with SHA-256 {}; that line has {}",
                    prefix, line.link.sequence, line.previous, last.hash));
  }
  return base::ok();
}

std::string first_octets(const std::string& text, std::size_t max) {
  if (text.size() <= max) return text;
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string utc_text(base::Time time) {
  const std::string digits = time_text(time);
  return fmt::format("{}-{}-{}T{}:{}:{}Z", digits.substr(0, 4), digits.substr(4, 2),
                     digits.substr(6, 2), digits.substr(8, 2), digits.substr(10, 2),
                     digits.substr(12, 2));
}

base::Result<base::Time> utc_from_text(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const auto time = time_from_text(digits);
  if (!time || utc_text(time.value()) != text) {
    return base::invalid_input(
        fmt::format("\"{}\" is not a time like 2026-01-31T23:59:59Z", text.substr(0, 32)));
  }
  return time.value();
}

}  // namespace tld::keys
