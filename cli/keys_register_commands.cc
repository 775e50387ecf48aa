// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl keys add, record, next
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "keys/dnskey_file.h"
#include "keys/key_register.h"
#include "keys/key_steps.h"
#include "keys/next_steps.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string zone, register_file, policy, dnskey, id, time, backup_token;
  std::vector<std::string> events;
  bool foreign = false;
  std::int64_t ds_ttl = 0;
};

base::Result<keys::Policy> policy_of(const Options& options) {
  if (options.policy.empty()) return keys::Policy{};
  return keys::Policy::read_file(options.policy);
}

base::Time time_of(const Options& options) {
  return options.time.empty() ? base::SystemClock().now() : to_time(options.time);
}

std::string fingerprint_of(const keys::ManagedKey& key) {
  const base::Sha256 fingerprint = key.dnskey.fingerprint();
  return base::to_hex(base::as_octets(fingerprint));
}

// --- add ---

// The first key makes the register.
base::Result<keys::KeyRegister> read_or_begin(const Options& options) {
  const dns::Name apex = to_name(options.zone);
  auto there = keys::KeyRegister::read_file(options.register_file, apex);
  if (!there && there.error().kind == base::ErrorKind::not_found) return keys::KeyRegister(apex);
  return there;
}

base::Result<Report> add(const Options& options) {
  TLD_TRY(auto keys, read_or_begin(options));
  TLD_TRY(const auto dnskey, keys::read_dnskey_file(options.dnskey, keys.apex()));
  TLD_TRY(const auto place,
          keys.add_key(dnskey, options.foreign, options.id.empty() ? "" : to_key_id(options.id),
                       time_of(options)));
  TLD_TRY(keys.replace_file(options.register_file));
  const keys::ManagedKey& key = keys.keys()[place];
  Report report;
  report.json = {{"key", fingerprint_of(key)}, {"key_tag", key.dnskey.key_tag()}};
  report.text = fmt::format("{}: key {}\n", key.describe(), fingerprint_of(key));
  return report;
}

// --- record ---

// KEY=EVENT; KEY is the beginning of one fingerprint, at least 8 digits.
base::Result<keys::KeyStep> to_step(const keys::KeyRegister& keys, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  const auto kind =
      keys::key_event_kind(equals == std::string::npos ? "" : text.substr(equals + 1));
  if (!kind) return base::invalid_input("\"" + text + "\" is not KEY=EVENT with a known event");
  if (key.size() < 8) return base::invalid_input("name a key by 8 or more of its digits: " + key);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < keys.keys().size(); ++i) {
    if (fingerprint_of(keys.keys()[i]).starts_with(key)) found.push_back(i);
  }
  if (found.size() == 1) return keys::KeyStep{found[0], *kind};
  return base::invalid_input(
      fmt::format("{} keys of the register begin with {}", found.size(), key));
}

base::Result<Report> record(const Options& options) {
  TLD_TRY(const auto policy, policy_of(options));
  TLD_TRY(auto keys, keys::KeyRegister::read_file(options.register_file, to_name(options.zone)));
  keys::KeySteps steps;
  for (const std::string& event : options.events) {
    TLD_TRY(auto step, to_step(keys, event));
    if (step.kind == keys::KeyEventKind::ds_seen)
      step.ds_ttl = std::chrono::seconds{options.ds_ttl};
    if (step.kind == keys::KeyEventKind::backup_proved) step.token = options.backup_token;
    steps.push_back(step);
  }
  const base::Time time = time_of(options);
  TLD_TRY(keys::check_steps(policy, keys.keys(), steps, time));
  Report report;
  for (const keys::KeyStep& step : steps) {
    TLD_TRY(keys.add_event(step, time));
    report.text += fmt::format("{}: {} at {}\n", keys.keys()[step.key].describe(),
                               to_string(step.kind), keys::time_text(time));
  }
  TLD_TRY(keys.replace_file(options.register_file));
  report.json = {{"recorded", options.events}, {"time", keys::time_text(time)}};
  return report;
}

// --- next ---

ordered_json json_of(const keys::KeyRegister& keys, const keys::Proposal& proposal) {
  ordered_json json = {{"what", proposal.what}, {"steps", ordered_json::array()}};
  for (const keys::KeyStep& step : proposal.steps) {
    json["steps"].push_back(
        {{"key", fingerprint_of(keys.keys()[step.key])}, {"event", to_string(step.kind)}});
  }
  json["time"] = proposal.time ? ordered_json(keys::time_text(*proposal.time)) : ordered_json();
  json["waits_for"] = proposal.waits_for;
  if (proposal.latest) json["latest"] = keys::time_text(*proposal.latest);
  return json;
}

std::string text_of(const keys::KeyRegister& keys, const keys::Proposal& proposal) {
  std::string text = fmt::format(
      "{}  {}\n", proposal.time ? keys::readable_time(*proposal.time) : "waits           ",
      proposal.what);
  for (const keys::KeyStep& step : proposal.steps) {
    text += fmt::format("    {} {}\n", keys.keys()[step.key].describe(), to_string(step.kind));
  }
  return text + (proposal.waits_for.empty() ? "" : "    not now: " + proposal.waits_for + "\n");
}

base::Result<Report> next(const Options& options) {
  TLD_TRY(const auto policy, policy_of(options));
  TLD_TRY(const auto keys,
          keys::KeyRegister::read_file(options.register_file, to_name(options.zone)));
  Report report;
  report.json["next"] = ordered_json::array();
  for (const auto& proposal : keys::next_steps(policy, keys.keys(), time_of(options))) {
    report.json["next"].push_back(json_of(keys, proposal));
    report.text += text_of(keys, proposal);
  }
  if (report.text.empty()) report.text = "nothing\n";
  return report;
}

// --- declarations ---

void add_common(CLI::App* command, Options& options) {
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--register", options.register_file, "The zone's key register")->required();
  command->add_option("--time", options.time, "When it happened, UTC; default: now")
      ->check(start_time());
}

void add_policy(CLI::App* command, Options& options) {
  command->add_option("--policy", options.policy, "The policy (YAML); default: built-in values");
}

void add_add(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "add",
      {"Enter a key into the register",
       "Enters a key that was made, adopted, or is another operator's into the zone's key\n"
       "register; the first one begins the register. A key whose tag a key of this zone\n"
       "has or ever had is refused: make another one.",
       "  tldctl keys add --zone kz. --register kz.keys --dnskey zsk.dnskey \\\n"
       "    --id 0123456789abcdef0123456789abcdef"});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  command->add_option("--dnskey", options->dnskey, "The file with its DNSKEY record")->required();
  CLI::Option* id =
      command->add_option("--id", options->id, "Its CKA_ID, as tldctl key list shows it");
  id->check(key_id());
  command->add_flag("--foreign", options->foreign, "Another operator has the private key")
      ->excludes(id);
  on_chosen(command, chosen, [options] { return add(*options); });
}

void add_record(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "record",
      {"Record what has happened to keys",
       "Adds events to the zone's key register, several at one moment if they belong\n"
       "together, after checking that they may be: no resolver may find the zone bogus\n"
       "because of them, whatever it remembers. Events: backup-proved, published,\n"
       "activated, signed-all, retired, signatures-gone, removed, ds-submitted, ds-seen,\n"
       "ds-withdrawn, ds-gone, compromised (docs/key-lifecycle.md).",
       "  tldctl keys record --zone kz. --register kz.keys --policy policy.yaml \\\n"
       "    --event 0a1b2c3d4e5f=activated --event 9f8e7d6c5b4a=retired"});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  add_policy(command, *options);
  command
      ->add_option("--event", options->events,
                   "KEY=EVENT, KEY as keys add printed it or its "
                   "first 8 digits and more")
      ->required();
  command
      ->add_option("--backup-token", options->backup_token,
                   "With backup-proved: the serial number of the token that tldctl key "
                   "prove-backup showed, on a machine that has no register")
      ->check(serial_number());
  command->add_option("--ds-ttl", options->ds_ttl, "With ds-seen: the highest TTL at the parent")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{0x7fffffff}));
  on_chosen(command, chosen, [options] { return record(*options); });
}

void add_next(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "next",
      {"Show what the policy wants next",
       "Shows the next steps of the rolls that are under way or due, from when on each is\n"
       "allowed, and what it waits for.",
       "  tldctl keys next --zone kz. --register kz.keys --policy policy.yaml"});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  add_policy(command, *options);
  on_chosen(command, chosen, [options] { return next(*options); });
}

}  // namespace

void add_keys_register(CLI::App& keys, Chosen& chosen) {
  add_add(keys, chosen);
  add_record(keys, chosen);
  add_next(keys, chosen);
}

}  // namespace tld::cli
