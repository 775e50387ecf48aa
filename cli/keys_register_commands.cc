// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl keys add, record, next
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/output_file.h"
#include "keys/dnskey_file.h"
#include "keys/key_register.h"
#include "keys/key_steps.h"
#include "keys/next_steps.h"
#include "keys/parent_ds.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* record_act = "keys-record";

struct Options {
  std::string zone, register_file, policy, dnskey, id, time, backup_token, statement_file;
  std::vector<std::string> events, approvals;
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

// Of what is entered: an event acts from the moment on that it stands in the register.
base::Result<base::Time> past_time_of(const Options& options) {
  const base::Time time = time_of(options);
  if (time <= base::SystemClock().now() + keys::clock_tolerance) return time;
  return base::refused(fmt::format("--time {}: it has not happened yet", options.time));
}

std::string object_of(const Options& options) {
  return options.zone + " in " + options.register_file;
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
  TLD_TRY(const base::Time time, past_time_of(options));
  TLD_TRY(auto keys, read_or_begin(options));
  TLD_TRY(const auto dnskey, keys::read_dnskey_file(options.dnskey, keys.apex()));
  TLD_TRY(const auto place, keys.add_key(dnskey, options.foreign,
                                         options.id.empty() ? "" : to_key_id(options.id), time));
  TLD_TRY(keys.replace_file(options.register_file));
  const keys::ManagedKey& key = keys.keys()[place];
  Report report;
  report.evidence = {{"key", fingerprint_of(key)}, {"time", keys::time_text(time)}};
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

base::Result<keys::KeySteps> steps_of(const keys::KeyRegister& keys, const Options& options) {
  keys::KeySteps steps;
  for (const std::string& event : options.events) {
    TLD_TRY(auto step, to_step(keys, event));
    if (keys::tells_ds_ttl(step.kind)) step.ds_ttl = std::chrono::seconds{options.ds_ttl};
    if (step.kind == keys::KeyEventKind::backup_proved) step.token = options.backup_token;
    steps.push_back(step);
  }
  return steps;
}

base::Result<Report> enter(keys::KeyRegister& keys, const keys::KeySteps& steps, base::Time time,
                           const Options& options) {
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

base::Result<Report> write_statement(const Options& options, const std::string& statement) {
  if (statement.empty()) {
    return base::invalid_input("--statement-file is for ds-seen and ds-gone: nothing is attested");
  }
  if (options.ds_ttl == 0 && statement.find("ds-seen: ") != std::string::npos) {
    return base::invalid_input("ds-seen is attested with --ds-ttl, the highest TTL that was seen");
  }
  TLD_TRY(write_output_file(options.statement_file, statement));
  const std::string sha256 = sha256_text(statement);
  Report report;
  report.json = {{"statement_file", options.statement_file}, {"sha256", sha256}};
  report.text = fmt::format(
      "{}: nothing is recorded yet; to be approved (ds-attestation)\n{}"
      "  SHA-256  {}\n",
      options.statement_file, statement, sha256);
  return report;
}

// In one line, for the audit log.
std::string one_line(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) {
    text.replace(at, 1, at + 1 == text.size() ? "" : "; ");
  }
  return text;
}

// What nobody can look up from here is entered on the word of two people, where people were
// adopted.
base::Result<Report> attest(const Chosen& chosen, const Options& options, keys::KeyRegister& keys,
                            const keys::KeySteps& steps, base::Time time,
                            const std::string& statement) {
  const keys::ApprovalRequest wanted{keys.apex().text(), "ds-attestation", sha256_text(statement),
                                     base::SystemClock().now()};
  TLD_TRY(auto begun, begin_approved(chosen, wanted, object_of(options), options.approvals,
                                     {{"statement", one_line(statement)}}));
  return begun.act.end(without_exceptions([&] { return enter(keys, steps, time, options); }));
}

struct Record {
  keys::KeyRegister keys;
  keys::KeySteps steps;
  base::Time time;
};

// What is to be entered, if it may be.
base::Result<Record> prepare_record(const Options& options) {
  TLD_TRY(const base::Time time, past_time_of(options));
  TLD_TRY(const auto policy, policy_of(options));
  TLD_TRY(auto keys, keys::KeyRegister::read_file(options.register_file, to_name(options.zone)));
  TLD_TRY(auto steps, steps_of(keys, options));
  TLD_TRY(keys::check_steps(policy, keys.keys(), steps, time));
  return Record{std::move(keys), std::move(steps), time};
}

base::Result<Report> record(const Chosen& chosen, const Options& options) {
  auto prepared = prepare_record(options);
  if (!prepared && !options.statement_file.empty()) return prepared.error();
  if (!prepared) return Act::refuse(chosen, record_act, object_of(options), prepared.error());
  auto& [keys, steps, time] = prepared.value();
  const std::string statement = keys::ds_attestation(keys.apex(), keys.keys(), steps, time);
  if (!options.statement_file.empty()) return write_statement(options, statement);
  if (!statement.empty()) return attest(chosen, options, keys, steps, time, statement);
  if (!options.approvals.empty()) {
    return Act::refuse(
        chosen, record_act, object_of(options),
        base::refused("--approval is for ds-seen and ds-gone: nothing here needs it"));
  }
  TLD_TRY(auto act, Act::begin(chosen, record_act, object_of(options), {},
                               {{"events", fmt::format("{}", fmt::join(options.events, " "))},
                                {"time", keys::time_text(time)}}));
  return act.end(without_exceptions([&] { return enter(keys, steps, time, options); }));
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
  on_act(
      command, chosen, "keys-add", [options] { return object_of(*options); },
      [options] { return add(*options); });
}

void add_record(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "record",
      {"Record what has happened to keys",
       "Adds events to the zone's key register, several at one moment if they belong\n"
       "together, after checking that they may be: no resolver may find the zone bogus\n"
       "because of them, whatever it remembers. Events: backup-proved, published,\n"
       "activated, signed-all, retired, signatures-gone, removed, ds-submitted,\n"
       "ds-ttl-seen, ds-seen, ds-withdrawn, ds-gone, compromised (docs/key-lifecycle.md).\n"
       "keys look-at-parent records ds-seen and ds-gone itself. Where people were adopted\n"
       "(docs/people.md) these two need the approvals of two who have looked: write the\n"
       "statement with --statement-file, have it approved (tldctl approve ds-attestation),\n"
       "and give the same command --approval and the same --time.",
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
  command
      ->add_option("--ds-ttl", options->ds_ttl,
                   "With ds-seen and ds-ttl-seen: the highest TTL at the parent")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{0x7fffffff}));
  CLI::Option* statement = command->add_option(
      "--statement-file", options->statement_file,
      "Record nothing; write what is to be approved of ds-seen and ds-gone to this file");
  command
      ->add_option("--approval", options->approvals,
                   "Approvals of that statement (tldctl approve ds-attestation)")
      ->excludes(statement);
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [options, &chosen] { return record(chosen, *options); });
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
