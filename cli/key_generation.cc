// SPDX-License-Identifier: GPL-2.0-only
#include "cli/key_generation.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "cli/arguments.h"
#include "dns/rrset.h"
#include "hsm/algorithm.h"
#include "hsm/token_keys.h"
#include "keys/ceremony.h"
#include "keys/new_key.h"
#include "keys/record_line.h"

namespace tld::cli {
namespace {

// The DNSKEY record as a zone-file line. Its TTL is only a default: a ceremony takes the policy's.
std::string dnskey_line(const KeyGeneration& wanted, const dns::Dnskey& dnskey) {
  const auto ttl = keys::SignedKeysPolicy{}.dnskey_ttl.count();
  return keys::record_line({to_name(wanted.zone), static_cast<std::uint32_t>(ttl),
                            dns::RRType::DNSKEY, dnskey.wire()}) +
         "\n";
}

base::Result<std::optional<OutputFile>> open_dnskey_file(const KeyGeneration& wanted) {
  if (wanted.dnskey.empty()) return std::optional<OutputFile>();
  TLD_TRY(auto file, open_output_file(wanted.dnskey, wanted.place));
  return std::optional<OutputFile>(std::move(file));
}

base::Status write_dnskey_file(OutputFile& file, const std::string& line, const hsm::KeyInfo& key) {
  file.stream() << line;
  auto status = file.commit();
  if (status) return status;
  return status.error().in(
      fmt::format("key {} was made; its DNSKEY file was not", base::to_hex(key.id)));
}

// Of the zone's register; none without one.
base::Result<keys::Keys> keys_ever_held(const KeyGeneration& wanted) {
  if (wanted.key_register.empty()) return keys::Keys();
  TLD_TRY(const auto held, read_register(wanted.key_register, to_name(wanted.zone), wanted.read));
  return held.keys();
}

base::Result<keys::NewKey> generate_in(hsm::Session& session, const KeyGeneration& wanted,
                                       bool wrappable, const keys::Keys& held) {
  const hsm::Algorithm algorithm = to_algorithm(wanted.algorithm);
  const auto make = [&](const keys::AcceptKey& accept) {
    return hsm::generate_key(session, algorithm, hsm::facts(algorithm).default_bits,
                             wrappable ? hsm::Export::wrapped : hsm::Export::never, accept);
  };
  return keys::make_new_key(held, wanted.role == "ksk", make);
}

}  // namespace

base::Result<GeneratedKey> generate_key(const KeyGeneration& wanted) {
  TLD_TRY(auto file, open_dnskey_file(wanted));
  TLD_TRY(const keys::Policy policy, read_policy(wanted.policy, wanted.read));
  TLD_TRY(const keys::Keys held, keys_ever_held(wanted));
  TLD_TRY(auto token, TokenSession::open(wanted.token, true));
  if (wanted.accept_token) {
    TLD_TRY(wanted.accept_token(token));
  }
  GeneratedKey key;
  key.wrappable = wanted.wrappable.value_or(policy.keys.wrappable);
  TLD_TRY(const auto made, generate_in(token.session(), wanted, key.wrappable, held));
  key.info = made.info;
  key.destroyed = made.destroyed;
  key.dnskey = keys::dnskey_of(key.info.public_key, wanted.role == "ksk");
  if (file) {
    const std::string line = dnskey_line(wanted, key.dnskey);
    TLD_TRY(write_dnskey_file(*file, line, key.info));
    key.dnskey_sha256 = sha256_text(line);
  }
  return key;
}

Report generated_report(const KeyGeneration& wanted, const GeneratedKey& key) {
  const std::string id = base::to_hex(key.info.id);
  const std::string rdata = dns::rdata_text(dns::RRType::DNSKEY, key.dnskey.wire());
  Report report;
  report.json = {{"id", id},
                 {"label", key.info.label},
                 {"algorithm", hsm::to_string(key.info.public_key.algorithm)},
                 {"key_tag", key.dnskey.key_tag()},
                 {"dnskey", rdata},
                 {"role", wanted.role}};
  report.text =
      fmt::format("id       {}\nkey tag  {}\nDNSKEY   {}\n", id, key.dnskey.key_tag(), rdata);
  if (!wanted.dnskey.empty()) {
    report.json["dnskey_file"] = wanted.dnskey;
    report.text += fmt::format("file     {}\n", wanted.dnskey);
  }
  report.json["wrappable"] = key.wrappable;
  report.json["destroyed"] = key.destroyed;
  report.evidence = {{"id", id},
                     {"dnskey-sha256", sha256_text(key.dnskey.wire())},
                     {"destroyed", std::to_string(key.destroyed)},
                     {"wrappable", key.wrappable ? "yes" : "no"}};
  return report;
}

}  // namespace tld::cli
