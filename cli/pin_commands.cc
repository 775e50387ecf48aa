// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl pin split, combine
#include <fmt/format.h>

#include <memory>

#include "base/secret.h"
#include "cli/act.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "hsm/pin.h"
#include "keys/input_file.h"
#include "keys/pin_shares.h"
#include "keys/record_file.h"

namespace tld::cli {
namespace {

constexpr std::size_t max_share = 4096;
constexpr mode_t owner_only = 0600;

struct Options {
  std::string pin_file, prefix, verifier, output;
  std::vector<std::string> shares;
  unsigned threshold = 2, count = 5;
};

base::Result<Report> split(const Options& options) {
  TLD_TRY(const auto pin, hsm::Pin::read(options.pin_file));
  TLD_TRY(auto made, keys::split_pin(pin.text(), options.threshold, options.count));
  Report report;
  report.json["shares"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < made.shares.size(); ++i) {
    const std::string file = fmt::format("{}.{}", options.prefix, i + 1);
    TLD_TRY(keys::append_to_file(file, made.shares[i], owner_only, /*must_be_new=*/true));
    base::wipe(made.shares[i]);
    report.json["shares"].push_back(file);
    report.text += file + ": a share; give it to one person and remove it here\n";
  }
  const std::string verifier = options.prefix + ".verifier";
  TLD_TRY(write_output_file(verifier, made.verifier));
  report.json["verifier"] = verifier;
  report.text +=
      fmt::format("{}: keep it where the PIN will be needed; any {} shares give the PIN\n",
                  verifier, options.threshold);
  return report;
}

base::Result<Report> combine(const Options& options) {
  TLD_TRY(const std::string verifier, keys::read_input_file(options.verifier, max_share));
  std::vector<std::string> texts;
  for (const std::string& file : options.shares) {
    TLD_TRY(auto text, keys::read_input_file(file, max_share));
    texts.push_back(std::move(text));
  }
  auto pin = keys::combine_pin(texts, verifier);
  for (std::string& text : texts) base::wipe(text);
  if (!pin) return pin.error();
  auto status = keys::append_to_file(options.output, pin.value(), owner_only, /*must_be_new=*/true);
  base::wipe(pin.value());
  if (!status) return status.error();
  Report report;
  report.json["pin_file"] = options.output;
  report.text = options.output + ": the PIN; remove it when the token is not needed any more\n";
  return report;
}

void add_split(CLI::App& pin, Chosen& chosen) {
  CLI::App* command = add_command(
      pin, chosen, "split",
      {"Split a token's PIN among people",
       "Splits the PIN so that any --threshold of --count people together have it, and\n"
       "fewer know nothing of it. Writes PREFIX.1, PREFIX.2 ... (mode 0600) and\n"
       "PREFIX.verifier, with which tldctl pin combine finds out a wrong share before a\n"
       "token sees a wrong PIN.",
       "  tldctl pin split --pin-file ksk.pin --threshold 2 --count 5 --prefix /media/usb/ksk"});
  const auto options = std::make_shared<Options>();
  command->add_option("--pin-file", options->pin_file, "The file with the PIN, mode 0600")
      ->required();
  command->add_option("--threshold", options->threshold, "So many shares give the PIN")
      ->capture_default_str();
  command->add_option("--count", options->count, "So many shares are made")->capture_default_str();
  command->add_option("--prefix", options->prefix, "Path and name that the files begin with")
      ->required();
  on_act(
      command, chosen, "pin-split",
      [options] {
        return fmt::format("{}, {} of {}", options->pin_file, options->threshold, options->count);
      },
      [options] { return split(*options); });
}

}  // namespace

void add_pin(CLI::App& app, Chosen& chosen) {
  CLI::App* pin =
      app.add_subcommand("pin", "Split a token's PIN among people, and put it together");
  pin->require_subcommand(1);
  add_split(*pin, chosen);
  CLI::App* command = add_command(
      *pin, chosen, "combine",
      {"Put a split PIN together",
       "Puts the PIN together from shares, tests it against the verifier, and writes it\n"
       "to a new file of mode 0600, for a token URI's pin-source. A wrong share is found\n"
       "out here: nothing is written, and no token is asked.",
       "  tldctl pin combine ksk.1 ksk.4 --verifier ksk.verifier --output /run/ksk.pin"});
  const auto options = std::make_shared<Options>();
  command->add_option("SHARE", options->shares, "The files with shares")->required();
  command->add_option("--verifier", options->verifier, "The file with the verifier")->required();
  command->add_option("--output", options->output, "The PIN file to write")->required();
  on_act(
      command, chosen, "pin-combine", [options] { return options->output; },
      [options] { return combine(*options); });
}

}  // namespace tld::cli
