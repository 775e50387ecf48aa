// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl key wrapping-key generate, split, install
#include <fmt/format.h>

#include <memory>

#include "base/bytes.h"
#include "base/secret.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/token_session.h"
#include "hsm/openssl_key.h"
#include "hsm/token_wrapping_key.h"
#include "keys/input_file.h"
#include "keys/pin_shares.h"
#include "keys/record_file.h"

namespace tld::cli {
namespace {

constexpr std::size_t max_share = 4096;
constexpr mode_t owner_only = 0600;

struct Options {
  std::string token, prefix, verifier;
  std::vector<std::string> shares;
  unsigned threshold = 2, count = 5;
  bool keep_pin_file = false;
};

Report report_of(const TokenSession& token, const hsm::KeyId& id) {
  const std::string hex = base::to_hex(id);
  Report report;
  report.json = {
      {"wrapping_key", hex}, {"token", token.token_label()}, {"serial", token.token_serial()}};
  report.evidence = {{"wrapping-key", hex}, {"token-serial", token.token_serial()}};
  report.text = fmt::format("wrapping key  {}\ntoken         {}, serial {}\n", hex,
                            token.token_label(), token.token_serial());
  return report;
}

base::Result<Report> generate(const Options& options) {
  TLD_TRY(auto token, TokenSession::open_officer(options.token, options.keep_pin_file));
  TLD_TRY(const auto id, hsm::generate_wrapping_key(token.session()));
  return report_of(token, id);
}

base::Result<Report> write_shares(const Options& options, keys::PinShares& made) {
  Report report;
  report.json["shares"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < made.shares.size(); ++i) {
    const std::string file = fmt::format("{}.{}", options.prefix, i + 1);
    TLD_TRY(keys::append_to_file(file, made.shares[i], owner_only, /*must_be_new=*/true));
    report.json["shares"].push_back(file);
    report.text += file + ": a share; give it to one person and remove it here\n";
  }
  const std::string verifier = options.prefix + ".verifier";
  TLD_TRY(write_output_file(verifier, made.verifier));
  report.json["verifier"] = verifier;
  report.text += fmt::format("{}: keep it with each of them; any {} shares give the key\n",
                             verifier, options.threshold);
  return report;
}

base::Result<Report> split(const Options& options) {
  TLD_TRY(std::string value, hsm::random_octets(hsm::wrapping_key_octets));
  const std::string id = base::to_hex(hsm::wrapping_key_id(value));
  auto made = keys::split_pin(value, options.threshold, options.count);
  base::wipe(value);
  if (!made) return made.error();
  auto report = write_shares(options, made.value());
  for (std::string& share : made.value().shares) base::wipe(share);
  if (!report) return report;
  report.value().json["wrapping_key"] = id;
  report.value().evidence = {{"wrapping-key", id}};
  report.value().text += "wrapping key  " + id + "\n";
  return report;
}

base::Result<std::string> combined(const Options& options) {
  TLD_TRY(const std::string verifier, keys::read_input_file(options.verifier, max_share));
  std::vector<std::string> texts;
  for (const std::string& file : options.shares) {
    TLD_TRY(auto text, keys::read_input_file(file, max_share));
    texts.push_back(std::move(text));
  }
  auto value = keys::combine_pin(texts, verifier);
  for (std::string& text : texts) base::wipe(text);
  return value;
}

base::Result<Report> install(const Options& options) {
  // The shares first: a wrong one is to cost no login.
  TLD_TRY(std::string value, combined(options));
  auto token = TokenSession::open_officer(options.token, options.keep_pin_file);
  if (!token) {
    base::wipe(value);
    return token.error();
  }
  const auto id = hsm::install_wrapping_key(token.value().session(), value);
  base::wipe(value);
  if (!id) return id.error();
  return report_of(token.value(), id.value());
}

void add_token(CLI::App* command, Options& options) {
  command
      ->add_option("--so-token", options.token,
                   "The token, as a PKCS #11 URI whose pin-source=file: is the file with the SO "
                   "PIN; it is wiped and removed once the token has taken it")
      ->required()
      ->check(token_uri());
  command->add_flag("--keep-pin-file", options.keep_pin_file, "Leave that file as it is");
}

void add_generate(CLI::App& wrapping_key, Chosen& chosen) {
  CLI::App* command = add_command(
      wrapping_key, chosen, "generate",
      {"Make a wrapping key inside a token",
       "Makes an AES-256 key inside a token, as its security officer: trusted, never\n"
       "extractable, for wrapping and unwrapping private keys only. Nobody ever has its\n"
       "value, so only the HSM's vendor can bring it into a second token (cloning,\n"
       "domains). Where there is no such way, use split and install.",
       "  tldctl key wrapping-key generate \\\n"
       "    --so-token "
       "'pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/"
       "so.pin'"});
  const auto options = std::make_shared<Options>();
  add_token(command, *options);
  on_act(
      command, chosen, "wrapping-key-generate", [options] { return options->token; },
      [options] { return generate(*options); });
}

void add_split(CLI::App& wrapping_key, Chosen& chosen) {
  CLI::App* command = add_command(
      wrapping_key, chosen, "split",
      {"Make a wrapping key in shares",
       "Makes a wrapping key that is in no token yet, split so that any --threshold of\n"
       "--count people together have it and fewer know nothing of it. Writes PREFIX.1,\n"
       "PREFIX.2 ... (mode 0600) and PREFIX.verifier. With the shares it can be installed\n"
       "in any token at any time, also when all tokens were lost. Do this on a machine\n"
       "without network, with the prefix on a memory file system.",
       "  tldctl key wrapping-key split --threshold 2 --count 5 --prefix /run/cards/wrapping"});
  const auto options = std::make_shared<Options>();
  command->add_option("--threshold", options->threshold, "So many shares give the key")
      ->capture_default_str();
  command->add_option("--count", options->count, "So many shares are made")->capture_default_str();
  command->add_option("--prefix", options->prefix, "Path and name that the files begin with")
      ->required();
  on_act(
      command, chosen, "wrapping-key-split",
      [options] {
        return fmt::format("{}, {} of {}", options->prefix, options->threshold, options->count);
      },
      [options] { return split(*options); });
}

void add_install(CLI::App& wrapping_key, Chosen& chosen) {
  CLI::App* command = add_command(
      wrapping_key, chosen, "install",
      {"Put a wrapping key from its shares into a token",
       "Puts the wrapping key together from shares, tests it against the verifier, and\n"
       "installs it in a token, as its security officer: trusted, not extractable, for\n"
       "wrapping and unwrapping private keys only. Each token that is to have the same\n"
       "keys gets the same wrapping key.",
       "  tldctl key wrapping-key install wrapping.1 wrapping.4 --verifier wrapping.verifier \\\n"
       "    --so-token "
       "'pkcs11:token=tld-reserve?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/"
       "so.pin'"});
  const auto options = std::make_shared<Options>();
  command->add_option("SHARE", options->shares, "The files with shares")->required();
  command->add_option("--verifier", options->verifier, "The file with the verifier")->required();
  add_token(command, *options);
  on_act(
      command, chosen, "wrapping-key-install", [options] { return options->token; },
      [options] { return install(*options); });
}

}  // namespace

void add_wrapping_key(CLI::App& key, Chosen& chosen) {
  CLI::App* wrapping_key = key.add_subcommand(
      "wrapping-key", "Make the key under which private keys leave a token, as security officer");
  wrapping_key->require_subcommand(1);
  add_generate(*wrapping_key, chosen);
  add_split(*wrapping_key, chosen);
  add_install(*wrapping_key, chosen);
}

}  // namespace tld::cli
