// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl key generate, list
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/output_file.h"
#include "cli/token_session.h"
#include "dns/rrset.h"
#include "hsm/algorithm.h"
#include "hsm/token_keys.h"
#include "keys/ceremony.h"
#include "keys/chained_lines.h"
#include "keys/key_register.h"
#include "keys/new_key.h"
#include "keys/record_line.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string token, algorithm, zone, role = "zsk", dnskey, policy, key_register;
  bool wrappable = false;
};

std::string rdata_text(const dns::Dnskey& key) {
  return dns::rdata_text(dns::RRType::DNSKEY, key.wire());
}

ordered_json json_of(const hsm::KeyInfo& key, const dns::Dnskey& dnskey) {
  return {{"id", base::to_hex(key.id)},
          {"label", key.label},
          {"algorithm", hsm::to_string(key.public_key.algorithm)},
          {"key_tag", dnskey.key_tag()},
          {"dnskey", rdata_text(dnskey)}};
}

// --- generate ---

// The DNSKEY record as a zone-file line. Its TTL is only a default: a ceremony takes the policy's.
std::string dnskey_line(const Options& options, const dns::Dnskey& dnskey) {
  const auto ttl = keys::SignedKeysPolicy{}.dnskey_ttl.count();
  return keys::record_line({to_name(options.zone), static_cast<std::uint32_t>(ttl),
                            dns::RRType::DNSKEY, dnskey.wire()}) +
         "\n";
}

base::Result<std::optional<OutputFile>> open_dnskey_file(const Options& options) {
  if (options.dnskey.empty()) return std::optional<OutputFile>();
  TLD_TRY(auto file, OutputFile::create(options.dnskey));
  return std::optional<OutputFile>(std::move(file));
}

base::Status write_dnskey_file(OutputFile& file, const Options& options, const hsm::KeyInfo& key,
                               const dns::Dnskey& dnskey) {
  file.stream() << dnskey_line(options, dnskey);
  auto status = file.commit();
  if (status) return status;
  return status.error().in(
      fmt::format("key {} was made; its DNSKEY file was not", base::to_hex(key.id)));
}

Report generated_report(const Options& options, const hsm::KeyInfo& key,
                        const dns::Dnskey& dnskey) {
  Report report;
  report.json = json_of(key, dnskey);
  report.json["role"] = options.role;
  report.evidence = {{"id", base::to_hex(key.id)},
                     {"dnskey-sha256", keys::sha256_hex(dnskey.wire())}};
  report.text = fmt::format("id       {}\nkey tag  {}\nDNSKEY   {}\n", base::to_hex(key.id),
                            dnskey.key_tag(), rdata_text(dnskey));
  if (!options.dnskey.empty()) {
    report.json["dnskey_file"] = options.dnskey;
    report.text += fmt::format("file     {}\n", options.dnskey);
  }
  return report;
}

// Of the zone's register; none without one.
base::Result<keys::Keys> keys_ever_held(const Options& options) {
  if (options.key_register.empty()) return keys::Keys();
  TLD_TRY(const auto held,
          keys::KeyRegister::read_file(options.key_register, to_name(options.zone)));
  return held.keys();
}

base::Result<keys::NewKey> generate_in(hsm::Session& session, const Options& options,
                                       bool wrappable, const keys::Keys& held) {
  const hsm::Algorithm algorithm = to_algorithm(options.algorithm);
  const auto make = [&](const keys::AcceptKey& accept) {
    return hsm::generate_key(session, algorithm, hsm::facts(algorithm).default_bits,
                             wrappable ? hsm::Export::wrapped : hsm::Export::never, accept);
  };
  return keys::make_new_key(held, options.role == "ksk", make);
}

base::Result<Report> generate(const Options& options) {
  // The file first: a key must not be made and then lack the file that names it.
  TLD_TRY(auto file, open_dnskey_file(options));
  TLD_TRY(const keys::Policy policy, read_policy(options.policy));
  TLD_TRY(const keys::Keys held, keys_ever_held(options));
  TLD_TRY(auto token, TokenSession::open(options.token, true));
  const bool wrappable = options.wrappable || policy.keys.wrappable;
  TLD_TRY(const auto made, generate_in(token.session(), options, wrappable, held));
  const hsm::KeyInfo& key = made.info;
  const dns::Dnskey dnskey = keys::dnskey_of(key.public_key, options.role == "ksk");
  if (file) {
    TLD_TRY(write_dnskey_file(*file, options, key, dnskey));
  }
  Report report = generated_report(options, key, dnskey);
  report.json["wrappable"] = wrappable;
  report.json["destroyed"] = made.destroyed;
  report.evidence["destroyed"] = std::to_string(made.destroyed);
  report.evidence["wrappable"] = wrappable ? "yes" : "no";
  return report;
}

// --- list ---

std::string list_line(const hsm::KeyInfo& key) {
  return fmt::format(
      "{}  {:<15}  {:>5}  {:>5}  {}{}\n", base::to_hex(key.id),
      hsm::to_string(key.public_key.algorithm), keys::dnskey_of(key.public_key, false).key_tag(),
      keys::dnskey_of(key.public_key, true).key_tag(), key.label, key.retired ? "  retired" : "");
}

base::Result<Report> list(const std::string& uri) {
  TLD_TRY(auto token, TokenSession::open(uri, false));
  TLD_TRY(const auto all, hsm::list_keys(token.session()));
  Report report;
  report.json["token"] = token.token_label();
  report.json["serial"] = token.token_serial();
  report.json["keys"] = ordered_json::array();
  report.text =
      fmt::format("token {}, serial {}\nid, algorithm, key tag as ZSK, key tag as KSK, label\n",
                  token.token_label(), token.token_serial());
  for (const hsm::KeyInfo& key : all) {
    ordered_json json = {{"id", base::to_hex(key.id)},
                         {"label", key.label},
                         {"algorithm", hsm::to_string(key.public_key.algorithm)},
                         {"retired", key.retired}};
    for (const bool ksk : {false, true}) {
      const dns::Dnskey dnskey = keys::dnskey_of(key.public_key, ksk);
      json[ksk ? "ksk" : "zsk"] = {{"key_tag", dnskey.key_tag()}, {"dnskey", rdata_text(dnskey)}};
    }
    report.json["keys"].push_back(std::move(json));
    report.text += list_line(key);
  }
  return report;
}

// --- declarations ---

constexpr const char* token_help =
    "The token, as a PKCS #11 URI with module-path and pin-source=file: (never a PIN)";

void add_generate(CLI::App& key, Chosen& chosen) {
  CLI::App* command = add_command(
      key, chosen, "generate",
      {"Make a key inside a token",
       "Makes a key pair inside a token: sensitive, its id (CKA_ID) 16 random octets. It\n"
       "never leaves the token; with --wrappable, or if the policy has wrappable: yes,\n"
       "wrapped by the token's trusted wrapping key only (tldctl key export). Prints the id, the "
       "key tag and the DNSKEY record; --dnskey\n"
       "writes that record to a file, which the ceremony reads. The PIN stands in the\n"
       "file that the URI's pin-source names, mode 0600; never on the command line.",
       "  tldctl key generate --algorithm ECDSAP256SHA256 \\\n"
       "    --zone kz. --role zsk --dnskey zsk.dnskey \\\n"
       "    --token "
       "'pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/"
       "zsk.pin'"});
  const auto options = std::make_shared<Options>();
  command->add_option("--token", options->token, token_help)->required()->check(token_uri());
  command
      ->add_option("--algorithm", options->algorithm,
                   "ECDSAP256SHA256 (13), or RSASHA256 (8, 2048 bits)")
      ->required()
      ->check(algorithm_name());
  command->add_option("--role", options->role, "zsk (flags 256) or ksk (flags 257)")
      ->check(CLI::IsMember({"zsk", "ksk"}))
      ->capture_default_str();
  CLI::Option* zone =
      command->add_option("--zone", options->zone, "The zone, for --dnskey and --register")
          ->check(zone_name());
  command->add_option("--dnskey", options->dnskey, "Write the DNSKEY record to this file")
      ->needs(zone);
  command
      ->add_option("--register", options->key_register,
                   "The zone's key register: a key whose tag a key of the zone has or ever had is "
                   "destroyed again, and another one made")
      ->needs(zone);
  command->add_flag("--wrappable", options->wrappable,
                    "It may leave the token, wrapped by the trusted wrapping key");
  command->add_option("--policy", options->policy, "The policy (YAML) that says whether it may");
  on_act(
      command, chosen, "key-generate",
      [options] { return options->role + " " + options->zone + " in " + options->token; },
      [options] { return generate(*options); });
}

void add_list(CLI::App& key, Chosen& chosen) {
  CLI::App* command = add_command(
      key, chosen, "list",
      {"Show the keys of a token",
       "Shows the keys of a token that DNSSEC can use: id, algorithm, and the key tag\n"
       "that each would have as a ZSK (flags 256) and as a KSK (flags 257). --json has\n"
       "the DNSKEY records too.",
       "  tldctl key list --token "
       "'pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/"
       "zsk.pin'"});
  const auto token = std::make_shared<std::string>();
  command->add_option("--token", *token, token_help)->required()->check(token_uri());
  on_chosen(command, chosen, [token] { return list(*token); });
}

}  // namespace

void add_key(CLI::App& app, Chosen& chosen) {
  CLI::App* key = app.add_subcommand("key", "Make, list and back up keys inside a token");
  key->require_subcommand(1);
  add_generate(*key, chosen);
  add_list(*key, chosen);
  add_key_backup(*key, chosen);
}

}  // namespace tld::cli
