// SPDX-License-Identifier: GPL-2.0-only
#include "keys/dnskey_file.h"

#include <fmt/format.h>

#include <optional>

#include "keys/input_file.h"
#include "keys/record_line.h"

namespace tld::keys {
namespace {

base::Result<dns::Dnskey> read_line(std::string_view line, dns::NameView apex) {
  TLD_TRY(auto record, read_record_line(line));
  if (record.type != dns::RRType::DNSKEY) {
    return base::invalid_input("a DNSKEY record is expected, not " + dns::to_text(record.type));
  }
  if (record.owner.view() != apex) {
    return base::invalid_input(
        fmt::format("the key is {}'s, not {}'s", record.owner.text(), apex.text()));
  }
  return dns::Dnskey::from_wire(record.rdata);
}

}  // namespace

base::Result<dns::Dnskey> parse_dnskey_file(std::string_view text, const std::string& file,
                                            dns::NameView apex) {
  std::optional<dns::Dnskey> found;
  std::size_t line_number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (line.empty() || line.front() == ';') continue;
    const auto key = read_line(line, apex);
    const std::string where = fmt::format("{}:{}", file, line_number);
    if (!key) return key.error().in(where);
    if (found) return base::invalid_input(where + ": a second key; one is expected");
    found = key.value();
  }
  if (!found) return base::invalid_input(file + ": no DNSKEY record in it");
  return *found;
}

base::Result<dns::Dnskey> read_dnskey_file(const std::filesystem::path& path, dns::NameView apex) {
  TLD_TRY(const std::string text, read_input_file(path, max_dnskey_file));
  return parse_dnskey_file(text, path.string(), apex);
}

}  // namespace tld::keys
