// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl approve
#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "base/duration.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "keys/approval.h"
#include "keys/chained_lines.h"
#include "keys/input_file.h"

namespace tld::cli {
namespace {

constexpr std::size_t max_object = 64 << 20;

struct Options {
  std::string act, object, zone, person, key, valid = "P7D", output;
};

CLI::Validator duration() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const auto parsed = base::parse_duration(text);
        if (!parsed) return parsed.error().message;
        if (parsed.value().count() > 0 && parsed.value() <= keys::max_approval_lifetime) return "";
        return "an approval is valid for more than PT0S and at most " +
               base::to_text(keys::max_approval_lifetime);
      },
      "DURATION");
}

base::Result<Report> approve(const Options& options) {
  TLD_TRY(const std::string octets, keys::read_input_file(options.object, max_object));
  keys::ApprovalStatement statement;
  statement.zone = options.zone.empty() ? keys::no_zone : to_name(options.zone).text();
  statement.act = options.act;
  statement.object = keys::sha256_hex(octets);
  statement.person = options.person;
  statement.serial = keys::random_serial();
  statement.from = base::SystemClock().now();
  statement.until = statement.from + base::parse_duration(options.valid).value();
  TLD_TRY(const std::string text, keys::make_approval(statement, options.key));
  const std::string output =
      options.output.empty() ? options.object + "." + options.person + ".approval" : options.output;
  TLD_TRY(write_output_file(output, text));
  Report report;
  report.json = {{"approval", output},         {"act", statement.act},
                 {"zone", statement.zone},     {"object", statement.object},
                 {"person", statement.person}, {"until", keys::utc_text(statement.until)}};
  report.text = fmt::format("{}: {} approves {} of {}\n  SHA-256  {}\n  until    {}\n", output,
                            statement.person, statement.act, options.object, statement.object,
                            keys::utc_text(statement.until));
  return report;
}

}  // namespace

void add_approve(CLI::App& app, Chosen& chosen) {
  CLI::App* command = add_command(
      app, chosen, "approve",
      {"Sign that something may be done",
       "Signs, with your OpenSSH key, that an act may be done to the file as it is:\n"
       "a hold (tldctl zone waiting --hold-file), a ceremony's script, a new file of\n"
       "people (docs/people.md). Read the file first: the signature covers its SHA-256.\n"
       "Give --key a private key, or the public key of one in your agent or security\n"
       "key. The approval serves once, for that act on that file, until it expires.",
       "  tldctl approve zone-approve hold.txt --zone kz. --person ann \\\n"
       "    --key ~/.ssh/id_ed25519"});
  const auto options = std::make_shared<Options>();
  command->add_option("ACT", options->act, "What may be done")
      ->required()
      ->check(CLI::IsMember(keys::approved_acts()));
  command->add_option("FILE", options->object, "What it may be done to")->required();
  command->add_option("--zone", options->zone, "The zone, if the act is a zone's")
      ->check(zone_name());
  command->add_option("--person", options->person, "Your name in the file of people")->required();
  command->add_option("--key", options->key, "Your OpenSSH key")->required();
  command->add_option("--valid", options->valid, "For how long (ISO 8601, at most P30D)")
      ->check(duration())
      ->capture_default_str();
  command->add_option("--output", options->output,
                      "The file to write; default: FILE.PERSON.approval");
  on_chosen(command, chosen, [options] { return approve(*options); });
}

}  // namespace tld::cli
