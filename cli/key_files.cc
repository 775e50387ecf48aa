// SPDX-License-Identifier: GPL-2.0-only
#include "cli/key_files.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "keys/dnskey_file.h"
#include "keys/input_file.h"
#include "keys/knot_dialect.h"
#include "keys/slot_file_text.h"

namespace tld::cli {
namespace {

// As the readers.
constexpr std::size_t max_octets = 4 << 20, max_policy = 65536;

}  // namespace

base::Result<std::string> read_from_disk(const std::string& file, std::size_t limit) {
  return keys::read_input_file(file, limit);
}

base::Result<keys::Policy> read_policy(const std::string& file, const ReadFile& read) {
  if (file.empty()) return keys::Policy{};
  TLD_TRY(const std::string text, read(file, max_policy));
  return keys::Policy::parse(text, file);
}

base::Result<std::vector<dns::Dnskey>> read_dnskeys(const std::vector<std::string>& files,
                                                    const dns::Name& apex, const ReadFile& read) {
  std::vector<dns::Dnskey> all;
  for (const std::string& file : files) {
    TLD_TRY(const std::string text, read(file, keys::max_dnskey_file));
    TLD_TRY(auto key, keys::parse_dnskey_file(text, file, apex));
    all.push_back(std::move(key));
  }
  return all;
}

base::Result<keys::KeyRegister> read_register(const std::string& file, const dns::Name& apex,
                                              const ReadFile& read) {
  TLD_TRY(const std::string text, read(file, max_octets));
  return keys::KeyRegister::parse(text, apex, file);
}

base::Result<Loaded<keys::KeySigningRequest>> load_request(const std::string& file,
                                                           const dns::Name& apex, Dialect dialect,
                                                           const keys::Policy& policy,
                                                           const ReadFile& read) {
  TLD_TRY(std::string octets, read(file, max_octets));
  TLD_TRY(auto request, dialect == Dialect::knot
                            ? keys::read_knot_request(octets, apex, policy, file)
                            : keys::KeySigningRequest::parse(octets, apex, file));
  return Loaded<keys::KeySigningRequest>{std::move(octets), std::move(request)};
}

base::Result<Loaded<keys::SignedKeys>> load_signed_keys(const std::string& file,
                                                        const dns::Name& apex, Dialect dialect,
                                                        const keys::Policy& policy,
                                                        const ReadFile& read) {
  TLD_TRY(std::string octets, read(file, max_octets));
  if (dialect == Dialect::ours) {
    TLD_TRY(auto signed_keys, keys::SignedKeys::parse(octets, apex, file));
    return Loaded<keys::SignedKeys>{std::move(octets), std::move(signed_keys)};
  }
  TLD_TRY(auto signed_keys, keys::read_knot_response(octets, apex, policy, file));
  return Loaded<keys::SignedKeys>{std::move(octets), std::move(signed_keys)};
}

std::string sha256_text(std::string_view octets) {
  return base::to_hex(base::as_octets(base::sha256(octets)));
}

std::string key_line(const dns::Dnskey& key) {
  return fmt::format("  {}            key tag {:>5}, SHA-256 {}\n", key.is_sep() ? "KSK" : "ZSK",
                     key.key_tag(), sha256_text(key.wire()));
}

nlohmann::ordered_json key_json(const dns::Dnskey& key) {
  return {{"role", key.is_sep() ? "ksk" : "zsk"},
          {"algorithm", key.algorithm},
          {"key_tag", key.key_tag()},
          {"sha256", sha256_text(key.wire())}};
}

}  // namespace tld::cli
