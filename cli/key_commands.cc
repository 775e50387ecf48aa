// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl key generate, list
#include <fmt/format.h>

#include <memory>

#include "base/bytes.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_generation.h"
#include "cli/token_session.h"
#include "dns/rrset.h"
#include "hsm/token_keys.h"
#include "keys/ceremony.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* act_name = "key-generate";

std::string rdata_text(const dns::Dnskey& key) {
  return dns::rdata_text(dns::RRType::DNSKEY, key.wire());
}

// --- generate ---

// Where people were adopted, keys are made with their approvals only.
base::Result<Report> generate(const Chosen& chosen, const KeyGeneration& wanted) {
  const std::string object = wanted.role + " " + wanted.zone + " in " + wanted.token;
  TLD_TRY(const auto people, people_of_this_machine(chosen));
  if (people) {
    return Act::refuse(chosen, act_name, object,
                       base::refused("this machine has adopted people, and this asks nobody: put "
                                     "the key into a ceremony's script, tldctl ceremony hold"));
  }
  TLD_TRY(auto act, Act::begin(chosen, act_name, object));
  const auto key = without_exceptions([&] { return generate_key(wanted); });
  if (!key) return act.end(key.error());
  return act.end(generated_report(wanted, key.value()));
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
       "file that the URI's pin-source names, mode 0600; never on the command line.\n"
       "Refused where people were adopted: tldctl ceremony hold (docs/people.md).",
       "  tldctl key generate --algorithm ECDSAP256SHA256 \\\n"
       "    --zone kz. --role zsk --dnskey zsk.dnskey \\\n"
       "    --token "
       "'pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/"
       "zsk.pin'"});
  const auto options = std::make_shared<KeyGeneration>();
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
  command->add_flag_callback(
      "--wrappable", [options] { options->wrappable = true; },
      "It may leave the token, wrapped by the trusted wrapping key");
  command->add_option("--policy", options->policy, "The policy (YAML) that says whether it may");
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [options, &chosen] { return generate(chosen, *options); });
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
