// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl keys prove
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/token_session.h"
#include "hsm/token_keys.h"
#include "keys/key_register.h"
#include "keys/signed_keys.h"

namespace tld::cli {
namespace {

struct Options {
  std::string zone, register_file, signed_keys;
  std::vector<std::string> tokens;
};

// By the register's id, as tld-hsmd asks for it: held under another one, it would not be found.
base::Status prove(TokenSession& token, const keys::ManagedKey& key) {
  TLD_TRY(const auto held, hsm::find_key(token.session(), key.id));
  const hsm::PublicKey wanted{static_cast<hsm::Algorithm>(key.dnskey.algorithm),
                              key.dnskey.public_key};
  if (held.info.public_key != wanted) return base::refused("another key has its CKA_ID");
  return hsm::prove_key(token.session(), held);
}

// Collects what each key turned out to be.
struct Proofs {
  Report report;
  std::size_t proved = 0;
  std::vector<std::string> missing;

  void add(const TokenSession& token, const keys::ManagedKey& key, const base::Status& status) {
    const std::string sha256 = sha256_text(key.dnskey.wire());
    report.json["keys"].push_back({{"key", sha256},
                                   {"key_tag", key.dnskey.key_tag()},
                                   {"id", base::to_hex(key.id)},
                                   {"token", token.token_label()},
                                   {"serial", token.token_serial()},
                                   {"proved", status.has_value()},
                                   {"why", status ? "" : status.error().message}});
    report.text += fmt::format("{}  token {}, serial {}: {}\n", key.describe(), token.token_label(),
                               token.token_serial(), status ? "proved" : status.error().message);
    if (status) {
      ++proved;
    } else {
      missing.push_back(fmt::format("{} in token {}", key.describe(), token.token_label()));
    }
  }
};

// Those that the server may have sign, now or after a roll.
std::vector<keys::ManagedKey> signing_keys(const keys::KeyRegister& all) {
  std::vector<keys::ManagedKey> found;
  for (std::size_t place = 0; place < all.keys().size(); ++place) {
    const keys::ManagedKey& key = all.keys()[place];
    if (!key.is_ksk() && !key.foreign && all.may_sign(place)) found.push_back(key);
  }
  return found;
}

// Nothing may be published that lists a key which the register does not know (KEY-UNKNOWN).
base::Status check_listed(const Options& options, const keys::KeyRegister& known) {
  if (options.signed_keys.empty()) return base::ok();
  TLD_TRY(const auto file, keys::SignedKeys::read_file(options.signed_keys, known.apex()));
  const base::Time now = base::SystemClock().now();
  for (const keys::Slot& slot : file.slots()) {
    if (slot.expiration() <= now) continue;
    for (const dns::Dnskey& zsk : slot.keys(false)) {
      if (known.find(zsk.fingerprint())) continue;
      return base::refused(fmt::format("KEY-UNKNOWN: {}:{}: the slot lists ZSK {}, which {} lacks",
                                       options.signed_keys, slot.line, zsk.key_tag(),
                                       options.register_file));
    }
  }
  return base::ok();
}

std::string verdict_of(const Proofs& proofs) {
  if (proofs.missing.empty()) return "";
  return fmt::format("KEY-PROOF: not proved, so it could not sign here: {}",
                     fmt::join(proofs.missing, ", "));
}

base::Result<Report> prove_all(const Options& options) {
  TLD_TRY(const auto known,
          keys::KeyRegister::read_file(options.register_file, to_name(options.zone)));
  TLD_TRY(check_listed(options, known));
  const auto wanted = signing_keys(known);
  if (wanted.empty()) {
    return base::refused("KEY-PROOF: " + options.register_file + " has no ZSK that may sign");
  }
  Proofs proofs;
  proofs.report.json = {{"zone", known.apex().text()}, {"keys", nlohmann::ordered_json::array()}};
  for (const std::string& uri : options.tokens) {
    TLD_TRY(auto token, TokenSession::open(uri, false));
    for (const keys::ManagedKey& key : wanted) proofs.add(token, key, prove(token, key));
    proofs.report.evidence["token-serial-" + token.token_label()] = token.token_serial();
  }
  proofs.report.verdict = verdict_of(proofs);
  proofs.report.evidence["proved"] = std::to_string(proofs.proved);
  return proofs.report;
}

}  // namespace

void add_keys_prove(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "prove",
      {"Prove that tokens hold all keys that may sign",
       "Has each token sign a nonce with each ZSK of the register that is not retired, by\n"
       "the register's CKA_ID; it must verify with the DNSKEY. Run it at a second site,\n"
       "whenever a key was made and before the site is promoted: a key that only the\n"
       "first site has is named, and the exit code is 1. With --signed-keys the register\n"
       "must also know each ZSK that the file still lists.",
       "  tldctl keys prove --zone kz. --register kz.keys --signed-keys kz.skr \\\n"
       "    --token 'pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so"
       "&pin-source=file:/etc/tld/primary.pin'"});
  const auto options = std::make_shared<Options>();
  command->add_option("--zone", options->zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--register", options->register_file, "The zone's key register")->required();
  command->add_option("--signed-keys", options->signed_keys,
                      "The signed-key file in use, or to be used");
  command
      ->add_option(
          "--token", options->tokens,
          "A token, as a PKCS #11 URI with module-path and pin-source=file: (never a PIN); "
          "may be given for each token of the site")
      ->required()
      ->check(token_uri());
  on_act(
      command, chosen, "keys-prove",
      [options] { return options->zone + " " + options->register_file; },
      [options] { return prove_all(*options); });
}

}  // namespace tld::cli
