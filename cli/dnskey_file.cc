// SPDX-License-Identifier: GPL-2.0-only
#include "cli/dnskey_file.h"

#include <fmt/format.h>

#include "keys/input_file.h"
#include "keys/record_line.h"

namespace tld::cli {
namespace {

constexpr std::size_t max_dnskey_octets = 65536;

base::Result<dns::Dnskey> read_line(std::string_view line, dns::NameView apex) {
  TLD_TRY(const auto record, keys::read_record_line(line));
  if (record.type != dns::RRType::DNSKEY) return base::invalid_input("not a DNSKEY record");
  if (record.owner.view() != apex) {
    return base::invalid_input(
        fmt::format("the key of {}, not of {}", record.owner.text(), apex.text()));
  }
  return dns::Dnskey::from_wire(record.rdata);
}

}  // namespace

base::Result<std::vector<dns::Dnskey>> read_dnskey_file(const std::filesystem::path& path,
                                                        dns::NameView apex) {
  TLD_TRY(const std::string text, keys::read_input_file(path, max_dnskey_octets));
  std::vector<dns::Dnskey> keys;
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++number;
    if (line.empty() || line.starts_with(';')) continue;
    auto key = read_line(line, apex);
    if (!key) return key.error().in(fmt::format("{}:{}", path.string(), number));
    keys.push_back(std::move(key).value());
  }
  if (keys.empty()) return base::invalid_input(path.string() + ": there is no DNSKEY record");
  return keys;
}

}  // namespace tld::cli
