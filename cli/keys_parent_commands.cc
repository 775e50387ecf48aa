// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl keys ds, look-at-parent
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/duration.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/key_files.h"
#include "cli/parent_look.h"
#include "dns/rrset.h"
#include "keys/input_file.h"
#include "keys/key_register.h"
#include "keys/key_steps.h"
#include "keys/parent_ds.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string zone, register_file, policy, time;
  std::string parent, trust_anchor, resolver, timeout = "PT15S";
  std::vector<std::string> servers;
  std::uint16_t port = 53;
  bool record = false, ipv4_only = false;
};

std::string fingerprint_of(const keys::ManagedKey& key) {
  const base::Sha256 fingerprint = key.dnskey.fingerprint();
  return base::to_hex(base::as_octets(fingerprint));
}

// --- ds ---

struct Wishes {
  dns::Name apex;
  keys::Policy policy;
  keys::Keys keys;
  std::optional<keys::DsRequest> next;

  bool is_in(const std::vector<std::size_t> keys::DsRequest::*list, std::size_t key) const {
    return next && std::ranges::count((*next).*list, key) > 0;
  }
  bool is_wanted_next(std::size_t key) const {
    if (is_in(&keys::DsRequest::submit, key)) return true;
    return keys::is_wanted_at_parent(keys[key]) && !is_in(&keys::DsRequest::withdraw, key);
  }
};

base::Result<std::vector<dns::Ds>> ds_of(const Wishes& wishes, const keys::ManagedKey& key) {
  auto types = wishes.policy.signed_keys.cds_digest_types;
  if (types.empty()) types.push_back(dns::digest_sha256);
  std::vector<dns::Ds> all;
  for (const std::uint8_t type : types) {
    TLD_TRY(auto ds, dns::make_ds(wishes.apex, key.dnskey, type));
    all.push_back(std::move(ds));
  }
  return all;
}

std::string ds_line(const Wishes& wishes, const dns::Ds& ds) {
  return fmt::format("{} {} IN DS {}", wishes.apex.text(), wishes.policy.parent.ds_ttl.count(),
                     dns::rdata_text(dns::RRType::DS, ds.wire()));
}

// The fields of IANA's form for changes of the root zone.
std::string form_of(const Wishes& wishes, const dns::Ds& ds) {
  return fmt::format(
      "    Key tag      {}\n    Algorithm    {}\n    Digest type  {}\n"
      "    Digest       {}\n    TTL          {}\n    {}\n",
      ds.key_tag, ds.algorithm, ds.digest_type, base::to_hex(ds.digest),
      wishes.policy.parent.ds_ttl.count(), ds_line(wishes, ds));
}

const char* yes_or_no(bool value) {
  return value ? "yes" : "no";
}

base::Status describe(const Wishes& wishes, std::size_t place, Report& report) {
  const keys::ManagedKey& key = wishes.keys[place];
  const bool now = keys::is_wanted_at_parent(key), next = wishes.is_wanted_next(place);
  const auto state = keys::ds_place(key);
  ordered_json json = {{"key", fingerprint_of(key)}, {"key_tag", key.dnskey.key_tag()},
                       {"state", to_string(state)},  {"wanted_now", now},
                       {"wanted_next", next},        {"ds", ordered_json::array()}};
  report.text += fmt::format("{}\n  DS {}; wanted now: {}, next: {}\n", key.describe(),
                             to_string(state), yes_or_no(now), yes_or_no(next));
  TLD_TRY(const auto all, ds_of(wishes, key));
  for (const dns::Ds& ds : all) {
    json["ds"].push_back({{"key_tag", ds.key_tag},
                          {"algorithm", ds.algorithm},
                          {"digest_type", ds.digest_type},
                          {"digest", base::to_hex(ds.digest)},
                          {"ttl", wishes.policy.parent.ds_ttl.count()},
                          {"record", ds_line(wishes, ds)}});
    report.text += form_of(wishes, ds);
  }
  report.json["keys"].push_back(std::move(json));
  return base::ok();
}

void describe_next(const Wishes& wishes, Report& report) {
  if (!wishes.next) {
    report.json["next"] = ordered_json();
    report.text += "nothing is to be asked of the parent\n";
    return;
  }
  const keys::DsRequest& next = *wishes.next;
  ordered_json json = {{"submit", ordered_json::array()}, {"withdraw", ordered_json::array()}};
  for (const std::size_t key : next.submit)
    json["submit"].push_back(fingerprint_of(wishes.keys[key]));
  for (const std::size_t key : next.withdraw) {
    json["withdraw"].push_back(fingerprint_of(wishes.keys[key]));
  }
  json["time"] = next.time ? ordered_json(keys::time_text(*next.time)) : ordered_json();
  json["waits_for"] = next.waits_for;
  report.json["next"] = std::move(json);
  report.text += fmt::format("next request to the parent: {}\n",
                             next.time ? "from " + keys::readable_time(*next.time) : "waits");
  for (const std::size_t key : next.submit) {
    report.text += fmt::format("  submit    {}\n", wishes.keys[key].describe());
  }
  for (const std::size_t key : next.withdraw) {
    report.text += fmt::format("  withdraw  {}\n", wishes.keys[key].describe());
  }
  if (!next.waits_for.empty()) report.text += "  not now: " + next.waits_for + "\n";
}

base::Result<Report> ds(const Options& options) {
  Wishes wishes{to_name(options.zone), {}, {}, {}};
  TLD_TRY(wishes.policy, read_policy(options.policy));
  TLD_TRY(const auto held, keys::KeyRegister::read_file(options.register_file, wishes.apex));
  wishes.keys = held.keys();
  const base::Time now = options.time.empty() ? base::SystemClock().now() : to_time(options.time);
  wishes.next = keys::next_ds_request(wishes.policy, wishes.keys, now);
  Report report;
  report.json = {{"zone", wishes.apex.text()}, {"keys", ordered_json::array()}};
  for (std::size_t i = 0; i < wishes.keys.size(); ++i) {
    if (!wishes.keys[i].is_ksk()) continue;
    TLD_TRY(describe(wishes, i, report));
  }
  describe_next(wishes, report);
  return report;
}

// --- look-at-parent ---

base::Result<ParentLook> look_of(const Options& options) {
  ParentLook look;
  look.zone = to_name(options.zone);
  if (look.zone.is_root()) return base::invalid_input("the root has no parent");
  look.parent =
      options.parent.empty() ? dns::Name(look.zone.view().parent()) : to_name(options.parent);
  if (!look.zone.view().is_below(look.parent)) {
    return base::invalid_input(look.zone.text() + " is not below " + look.parent.text());
  }
  look.trust_anchor = options.trust_anchor;
  look.port = options.port;
  look.ipv4_only = options.ipv4_only;
  TLD_TRY(look.timeout, base::parse_duration(options.timeout));
  for (const std::string& text : options.servers) {
    TLD_TRY(auto server, base::SocketAddress::from_text(text, options.port));
    look.servers.push_back(std::move(server));
  }
  if (!options.resolver.empty()) {
    TLD_TRY(look.resolver, base::SocketAddress::from_text(options.resolver, 53));
  }
  return look;
}

void describe_seen(const std::vector<ServerSeen>& all, Report& report) {
  report.json["servers"] = ordered_json::array();
  for (const ServerSeen& seen : all) {
    const keys::ParentAnswer& answer = seen.answer;
    ordered_json json = {{"server", answer.server}, {"fault", answer.fault}};
    json["serial"] = seen.serial ? ordered_json(*seen.serial) : ordered_json();
    json["ds"] = ordered_json::array();
    json["ds_ttl"] = answer.ds_ttl.count();
    report.text +=
        fmt::format("{}: {}\n", answer.server, answer.fault.empty() ? "validated" : answer.fault);
    if (seen.serial) report.text += fmt::format("  serial {}\n", *seen.serial);
    for (const std::string& rdata : answer.ds) {
      const std::string text = dns::rdata_text(dns::RRType::DS, rdata);
      json["ds"].push_back(text);
      report.text += fmt::format("  {} DS {}\n", answer.ds_ttl.count(), text);
    }
    report.json["servers"].push_back(std::move(json));
  }
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

// The TTLs stand in the register whatever else the look has shown: they make us wait longer only.
base::Status record_seen(const Options& options, const keys::Policy& policy,
                         keys::KeyRegister& keys, const keys::ParentVerdict& verdict,
                         Report& report) {
  const base::Time now = base::SystemClock().now();
  keys::KeySteps steps = verdict.ttls;
  steps.insert(steps.end(), verdict.events.begin(), verdict.events.end());
  TLD_TRY(keys::check_steps(policy, keys.keys(), steps, now));
  report.json["recorded"] = ordered_json::array();
  for (const keys::KeyStep& step : steps) {
    TLD_TRY(keys.add_event(step, now));
    const std::string event = fingerprint_of(keys.keys()[step.key]) + "=" + to_string(step.kind);
    report.json["recorded"].push_back({{"event", event}, {"ds_ttl", step.ds_ttl.count()}});
    std::string& recorded = report.evidence["recorded"];
    recorded += (recorded.empty() ? "" : " ") + event;
    report.text +=
        fmt::format("recorded: {}: {}\n", keys.keys()[step.key].describe(), to_string(step.kind));
  }
  return steps.empty() ? base::ok() : keys.replace_file(options.register_file);
}

base::Result<Report> look_at(const Options& options) {
  TLD_TRY(const ParentLook look, look_of(options));
  TLD_TRY(const auto policy, read_policy(options.policy));
  TLD_TRY(const std::string anchor, keys::read_input_file(options.trust_anchor, 1 << 20));
  TLD_TRY(const auto seen, look_at_parent(look));
  // Only now: the server writes to it too, and a look takes its time.
  TLD_TRY(auto keys, keys::KeyRegister::read_file(options.register_file, look.zone));
  Report report;
  report.json = {{"zone", look.zone.text()}, {"parent", look.parent.text()}};
  report.evidence["trust-anchor-sha256"] = sha256_text(anchor);
  describe_seen(seen, report);
  std::vector<keys::ParentAnswer> answers;
  std::chrono::seconds highest{0};
  for (const ServerSeen& each : seen) {
    answers.push_back(each.answer);
    highest = std::max(highest, each.answer.ds_ttl);
    std::string& servers = report.evidence["servers"];
    servers += (servers.empty() ? "" : ", ") + each.answer.server;
  }
  const auto verdict = keys::judge_parent(look.zone, keys.keys(), answers);
  report.json["faults"] = verdict.faults;
  if (highest > policy.parent.ds_ttl) {
    report.notes.push_back(fmt::format(
        "the DS has the TTL {} at the parent, more than the policy's parent-ds-ttl {}: correct "
        "the policy",
        base::to_text(highest), base::to_text(policy.parent.ds_ttl)));
  }
  if (options.record) {
    TLD_TRY(record_seen(options, policy, keys, verdict, report));
  }
  report.verdict = joined(verdict.faults);
  return report;
}

base::Result<Report> look_and_record(const Chosen& chosen, const Options& options) {
  if (!options.record) return look_at(options);
  TLD_TRY(auto act, Act::begin(chosen, "ds-look", options.zone + " in " + options.register_file));
  return act.end(without_exceptions([&] { return look_at(options); }));
}

// --- declarations ---

void add_common(CLI::App* command, Options& options) {
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--register", options.register_file, "The zone's key register")->required();
  command->add_option("--policy", options.policy, "The policy (YAML); default: built-in values");
}

void add_ds(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "ds",
      {"Show what the parent is to have as DS",
       "Shows, for each KSK of the register, where its DS stands, whether the parent is to\n"
       "have it now and after the next request, the fields of the request's form (IANA's\n"
       "for the root zone) and the record; then when the next request may be made. What\n"
       "was asked is entered with keys record (ds-submitted, ds-withdrawn), what came of\n"
       "it with keys look-at-parent.",
       "  tldctl keys ds --zone kz. --register kz.keys --policy policy.yaml"});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  command->add_option("--time", options->time, "As of then, UTC; default: now")
      ->check(start_time());
  on_chosen(command, chosen, [options] { return ds(*options); });
}

CLI::Validator timeout() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const auto parsed = base::parse_duration(text);
        if (!parsed) return parsed.error().message;
        const bool fits = parsed.value().count() > 0 && parsed.value() <= std::chrono::minutes{5};
        return fits ? "" : "must be more than PT0S and at most PT5M";
      },
      "DURATION");
}

void add_look_options(CLI::App* command, Options& options) {
  command
      ->add_option("--trust-anchor", options.trust_anchor,
                   "DS or DNSKEY records from which the parent validates; for the root, IANA's "
                   "(Debian: /usr/share/dns/root.key)")
      ->required();
  command->add_flag("--record", options.record, "Enter what was seen into the register");
  command->add_option("--parent", options.parent, "The parent zone; default: one label less")
      ->check(zone_name());
  command->add_option("--parent-server", options.servers,
                      "ADDRESS[:PORT], [IPV6]:PORT: ask these instead of the servers in the "
                      "parent's NS RRset; give all of them");
  command->add_option("--resolver", options.resolver,
                      "ADDRESS[:PORT] of a resolver to look the parent's servers up with; "
                      "default: from the root's servers on");
  command->add_option("--port", options.port, "The parent's servers' port")->capture_default_str();
  command->add_flag("--ipv4-only", options.ipv4_only, "This machine has no IPv6");
  command
      ->add_option("--timeout", options.timeout,
                   "How long to wait for names, for addresses, for answers (ISO 8601)")
      ->check(timeout())
      ->capture_default_str();
}

void add_look(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "look-at-parent",
      {"Look at the DS at all servers of the parent",
       "Asks each address of each server of the parent for the zone's DS, validates each\n"
       "answer from the trust anchor, and compares with what the register wants. --record\n"
       "enters ds-seen and ds-gone if all servers answered, validated, with the same DS;\n"
       "and ds-ttl-seen whenever a TTL was higher than all before. Exit code 1, and which\n"
       "server it is (PARENT-... in docs/key-lifecycle.md), when one does not answer,\n"
       "lags behind, or has a DS that nobody submitted.",
       "  tldctl keys look-at-parent --zone kz. --register kz.keys --policy policy.yaml \\\n"
       "    --trust-anchor /usr/share/dns/root.key --record"});
  const auto options = std::make_shared<Options>();
  add_common(command, *options);
  add_look_options(command, *options);
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [options, &chosen] { return look_and_record(chosen, *options); });
}

}  // namespace

void add_keys_parent(CLI::App& keys, Chosen& chosen) {
  add_ds(keys, chosen);
  add_look(keys, chosen);
}

}  // namespace tld::cli
