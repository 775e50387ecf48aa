// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl key export, import, prove-backup, retire
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/output_file.h"
#include "cli/token_session.h"
#include "hsm/token_wrap.h"
#include "keys/dnskey_file.h"
#include "keys/input_file.h"
#include "keys/key_register.h"
#include "keys/time_text.h"
#include "keys/wrapped_key_file.h"

namespace tld::cli {
namespace {

using Kind = keys::KeyEventKind;

struct Options {
  std::string token, zone, dnskey, output, input, wrapping_key, primary, key_register;
  std::vector<std::string> approvals;
  bool wrappable = false;
};

// --- the key that is meant, known by its DNSKEY ---

base::Result<dns::Dnskey> dnskey_of(const Options& options) {
  return keys::read_dnskey_file(options.dnskey, to_name(options.zone));
}

hsm::PublicKey public_key_of(const dns::Dnskey& dnskey) {
  return {static_cast<hsm::Algorithm>(dnskey.algorithm), dnskey.public_key};
}

base::Result<hsm::KeyInfo> find_in(TokenSession& token, const dns::Dnskey& dnskey) {
  TLD_TRY(const auto all, hsm::list_keys(token.session()));
  const auto found = std::ranges::find(all, public_key_of(dnskey), &hsm::KeyInfo::public_key);
  if (found != all.end()) return *found;
  return base::not_found(fmt::format("token {} does not hold the private key of DNSKEY {}",
                                     token.token_label(), dnskey.key_tag()));
}

Report report_of(const TokenSession& token, const hsm::KeyInfo& key, const dns::Dnskey& dnskey) {
  const std::string id = base::to_hex(key.id), sha256 = sha256_text(dnskey.wire());
  Report report;
  report.json = {{"key", sha256},
                 {"key_tag", dnskey.key_tag()},
                 {"id", id},
                 {"token", token.token_label()},
                 {"serial", token.token_serial()}};
  report.evidence = {{"id", id}, {"dnskey-sha256", sha256}, {"token-serial", token.token_serial()}};
  report.text =
      key_line(dnskey) + fmt::format("  id             {}\n  token          {}, serial {}\n", id,
                                     token.token_label(), token.token_serial());
  return report;
}

void add_file(Report& report, const char* what, const std::string& file,
              const std::string& octets) {
  const std::string sha256 = sha256_text(octets);
  report.json["file"] = file;
  report.json["sha256"] = sha256;
  report.evidence["sha256"] = sha256;
  report.text += fmt::format("{}: {}\n  SHA-256        {}\n", file, what, sha256);
}

// --- export, import ---

constexpr std::size_t max_approved = 65536;

// What people have approved are the octets of `object`: the same are used.
using Transfer = base::Result<Report> (*)(const Options& options, const std::string& object);

base::Result<Report> transfer(const Chosen& chosen, const Options& options,
                              const std::string& object, Transfer run) {
  TLD_TRY(const std::string octets, keys::read_input_file(object, max_approved));
  TLD_TRY(auto begun,
          begin_approved(chosen,
                         {to_name(options.zone).text(), "key-transfer", sha256_text(octets),
                          base::SystemClock().now()},
                         fmt::format("{} {} in {}", options.zone, object, options.token),
                         options.approvals));
  return begun.act.end(without_exceptions([&] { return run(options, octets); }));
}

base::Result<Report> export_key(const Options& options, const std::string& object) {
  TLD_TRY(const auto dnskey, dnskey_of(options));
  TLD_TRY(const std::string again, keys::read_input_file(options.dnskey, max_approved));
  if (again != object) return base::refused(options.dnskey + " has just changed");
  TLD_TRY(auto output, OutputFile::create(options.output));
  TLD_TRY(auto token, TokenSession::open(options.token, true));
  TLD_TRY(const auto key, find_in(token, dnskey));
  const hsm::KeyId under = options.wrapping_key.empty() ? "" : to_key_id(options.wrapping_key);
  TLD_TRY(const auto wrapped, hsm::wrap_key(token.session(), key.id, under));
  const keys::WrappedKeyFile file{
      to_name(options.zone), dnskey,        wrapped.key.id, wrapped.key.label, wrapped.wrapping_key,
      wrapped.mechanism,     wrapped.octets};
  const std::string text = file.text();
  output.stream() << text;
  TLD_TRY(output.commit());
  Report report = report_of(token, key, dnskey);
  report.json["wrapping_key"] = base::to_hex(wrapped.wrapping_key);
  add_file(report, "the private key, wrapped", options.output, text);
  return report;
}

base::Status is_meant(const Options& options, const keys::WrappedKeyFile& file,
                      const dns::Dnskey& dnskey) {
  if (file.zone == to_name(options.zone) && file.dnskey == dnskey) return base::ok();
  return base::refused(fmt::format("WRAPPED-KEY: {} has another key than {}: {} of {}",
                                   options.input, options.dnskey, file.dnskey.key_tag(),
                                   file.zone.text()));
}

base::Result<Report> import_key(const Options& options, const std::string& object) {
  TLD_TRY(const auto dnskey, dnskey_of(options));
  TLD_TRY(const auto file, keys::WrappedKeyFile::parse(object, options.input));
  TLD_TRY(is_meant(options, file, dnskey));
  TLD_TRY(auto token, TokenSession::open(options.token, true));
  const hsm::WrappedKey wrapped{
      {file.id, file.label, public_key_of(dnskey)}, file.wrapping_key, file.mechanism, file.octets};
  TLD_TRY(const auto key,
          hsm::unwrap_key(token.session(), wrapped,
                          options.wrappable ? hsm::Export::wrapped : hsm::Export::never));
  Report report = report_of(token, key, dnskey);
  add_file(report, "the private key is in the token and signs for this DNSKEY", options.input,
           file.text());
  return report;
}

// --- prove-backup ---

base::Result<std::size_t> place_of(const keys::KeyRegister& keys, const dns::Dnskey& dnskey,
                                   const std::string& file) {
  const auto place = keys.find(dnskey.fingerprint());
  if (place) return *place;
  return base::not_found(fmt::format("{} has no key {}", file, sha256_text(dnskey.wire())));
}

base::Status record_proof(const Options& options, const dns::Dnskey& dnskey,
                          const std::string& serial, Report& report) {
  TLD_TRY(auto keys, keys::KeyRegister::read_file(options.key_register, to_name(options.zone)));
  TLD_TRY(const std::size_t place, place_of(keys, dnskey, options.key_register));
  const bool known = keys.keys()[place].has(Kind::backup_proved);
  if (!known) {
    TLD_TRY(keys.add_event({place, Kind::backup_proved, {}, serial}, base::SystemClock().now()));
    TLD_TRY(keys.replace_file(options.key_register));
  }
  report.json["recorded"] = !known;
  report.text += options.key_register +
                 (known ? ": a backup of this key was proved before\n" : ": recorded\n");
  return base::ok();
}

// As it is compared: without the blanks that pad it in a token, in either case.
std::string plain_serial(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' '), end = text.find_last_not_of(' ');
  std::string serial = begin == std::string::npos ? "" : text.substr(begin, end + 1 - begin);
  for (char& c : serial) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return serial;
}

base::Result<Report> prove_backup(const Options& options) {
  TLD_TRY(const auto dnskey, dnskey_of(options));
  TLD_TRY(auto token, TokenSession::open(options.token, false));
  if (plain_serial(token.token_serial()) == plain_serial(options.primary)) {
    return base::refused("KEY-BACKUP: this is the token that the key is used in, serial " +
                         options.primary + ": a backup is in another one");
  }
  TLD_TRY(const auto info, find_in(token, dnskey));
  TLD_TRY(const auto key, hsm::find_key(token.session(), info.id));
  TLD_TRY(hsm::prove_key(token.session(), key));
  Report report = report_of(token, info, dnskey);
  report.json["primary_serial"] = options.primary;
  report.evidence["primary-serial"] = options.primary;
  report.text += "the token has signed a nonce that verifies with this DNSKEY\n";
  if (!options.key_register.empty()) {
    TLD_TRY(record_proof(options, dnskey, token.token_serial(), report));
  }
  return report;
}

// --- retire ---

// A key that is still listed proves its possession in key signing requests.
base::Status is_over(const Options& options, const dns::Dnskey& dnskey) {
  TLD_TRY(const auto keys,
          keys::KeyRegister::read_file(options.key_register, to_name(options.zone)));
  TLD_TRY(const std::size_t place, place_of(keys, dnskey, options.key_register));
  const keys::ManagedKey& key = keys.keys()[place];
  const bool unused = !key.has(Kind::activated) && !key.has(Kind::published);
  if (unused || (key.has(Kind::removed) && !keys.may_sign(place))) return base::ok();
  return base::refused("KEY-ORDER: " + key.describe() +
                       ": the register does not say that it was retired and removed");
}

base::Result<Report> retire(const Options& options) {
  TLD_TRY(const auto dnskey, dnskey_of(options));
  TLD_TRY(is_over(options, dnskey));
  TLD_TRY(auto token, TokenSession::open(options.token, true));
  TLD_TRY(const auto key, find_in(token, dnskey));
  TLD_TRY(hsm::retire_key(token.session(), key.id));
  Report report = report_of(token, key, dnskey);
  report.json["retired"] = true;
  report.text += "marked as retired: the key stays, and is never to sign again\n";
  return report;
}

// --- declarations ---

#define TLD_EXAMPLE_TOKEN(name) \
  "'pkcs11:token=" name         \
  "?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/" name ".pin'"

void add_common(CLI::App* command, Options& options) {
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command
      ->add_option("--dnskey", options.dnskey,
                   "The file with the key's DNSKEY record: by it the key is known")
      ->required();
  command
      ->add_option(
          "--token", options.token,
          "The token, as a PKCS #11 URI with module-path and pin-source=file: (never a PIN)")
      ->required()
      ->check(token_uri());
}

std::string object_of(const Options& options) {
  return options.zone + " " + options.dnskey + " in " + options.token;
}

void add_approvals(CLI::App* command, Chosen& chosen, Options& options) {
  add_audit_option(command, chosen);
  command->add_option(
      "--approval", options.approvals,
      "Approvals of key-transfer (tldctl approve), where people were adopted: of the "
      "file with the DNSKEY for an export, of the wrapped key for an import");
}

void add_export(CLI::App& key, Chosen& chosen) {
  CLI::App* command = add_command(
      key, chosen, "export",
      {"Take a private key out of a token, wrapped",
       "Writes a key, wrapped by the token's trusted wrapping key, to a file: for a\n"
       "second token (key import) or a safe. Only keys made with key generate\n"
       "--wrappable leave their token, and only so. Refused when the token would let\n"
       "the wrapping key be misused. Read the SHA-256 to those who import the file.",
       "  tldctl key export --zone kz. --dnskey kz-zsk.dnskey --output kz-zsk.wrapped \\\n"
       "    --token " TLD_EXAMPLE_TOKEN("tld-zsk")});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  command->add_option("--output", options->output, "The file to write")->required();
  command
      ->add_option("--wrapping-key", options->wrapping_key,
                   "CKA_ID of the wrapping key; default: the token's only one")
      ->check(key_id());
  add_approvals(command, chosen, *options);
  on_chosen(command, chosen,
            [&chosen, options] { return transfer(chosen, *options, options->dnskey, export_key); });
}

void add_import(CLI::App& key, Chosen& chosen) {
  CLI::App* command = add_command(
      key, chosen, "import",
      {"Put a wrapped private key into a token",
       "Unwraps a key that key export wrote into a token that has the same wrapping key:\n"
       "under the same id and label, sensitive, and not to leave this token again unless\n"
       "--wrappable. It must sign a nonce that verifies with --dnskey; else, and whatever\n"
       "is wrong with the file, nothing stays in the token.",
       "  tldctl key import kz-zsk.wrapped --zone kz. --dnskey kz-zsk.dnskey \\\n"
       "    --token " TLD_EXAMPLE_TOKEN("tld-reserve")});
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->input, "The file that key export wrote")->required();
  add_common(command, *options);
  command->add_flag("--wrappable", options->wrappable,
                    "It may leave this token too, wrapped by the trusted key");
  add_approvals(command, chosen, *options);
  on_chosen(command, chosen,
            [&chosen, options] { return transfer(chosen, *options, options->input, import_key); });
}

void add_prove_backup(CLI::App& key, Chosen& chosen) {
  CLI::App* command = add_command(
      key, chosen, "prove-backup",
      {"Prove that a second token holds a key",
       "Has the second token sign a nonce, which must verify with the DNSKEY, and records\n"
       "that in the key register. Where the policy has backup: required, a key is neither\n"
       "listed nor activated before that. --primary is the serial number of the token\n"
       "that the key is used in (tldctl key list shows it): the proof must be another's.\n"
       "Nothing here can tell whether that number is the right one.",
       "  tldctl key prove-backup --zone kz. --dnskey kz-zsk.dnskey --register kz.keys \\\n"
       "    --primary 5eb63bbbe01eeed0 \\\n"
       "    --token " TLD_EXAMPLE_TOKEN("tld-reserve")});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  command
      ->add_option("--primary", options->primary,
                   "Serial number of the token that the key is used in")
      ->required()
      ->check(serial_number());
  command->add_option("--register", options->key_register,
                      "The zone's key register, to record it in; without it: only prove");
  on_act(
      command, chosen, "key-prove-backup", [options] { return object_of(*options); },
      [options] { return prove_backup(*options); });
}

void add_retire(CLI::App& key, Chosen& chosen) {
  CLI::App* command = add_command(
      key, chosen, "retire",
      {"Mark a retired key in its token",
       "Sets CKA_SIGN of the private key to false: the key stays in the token, which\n"
       "refuses to sign with it from now on, as do tld-hsmd and tldctl. Only for a key\n"
       "that the register has as retired and removed, or that was never used. Do it in\n"
       "each token that holds the key.",
       "  tldctl key retire --zone kz. --dnskey kz-zsk.dnskey --register kz.keys \\\n"
       "    --token " TLD_EXAMPLE_TOKEN("tld-zsk")});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  command->add_option("--register", options->key_register, "The zone's key register")->required();
  on_act(
      command, chosen, "key-retire", [options] { return object_of(*options); },
      [options] { return retire(*options); });
}

}  // namespace

void add_key_backup(CLI::App& key, Chosen& chosen) {
  add_wrapping_key(key, chosen);
  add_export(key, chosen);
  add_import(key, chosen);
  add_prove_backup(key, chosen);
  add_retire(key, chosen);
}

}  // namespace tld::cli
