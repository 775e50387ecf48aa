// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl keys plan
#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "keys/key_register.h"
#include "keys/plan.h"
#include "keys/signed_keys.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string zone, policy, register_file, signed_keys, page, from;
  int days = 730;
};

base::Status read_signed_keys(const Options& options, keys::PlanInput& input) {
  if (options.signed_keys.empty()) return base::ok();
  TLD_TRY(const auto signed_keys, keys::SignedKeys::read_file(options.signed_keys, input.apex));
  input.covered_until = signed_keys.covered_until();
  input.signed_dnskey_ttl =
      std::chrono::seconds{signed_keys.slots().front().rrsets.front().rrset.ttl};
  return base::ok();
}

// The plan goes on from the register's last event.
base::Status check_from(const keys::PlanInput& input) {
  for (const keys::ManagedKey& key : input.keys) {
    for (const keys::KeyEvent& event : key.events) {
      if (event.time <= input.now) continue;
      return base::refused(fmt::format("{}: {} at {} lies behind the plan's start {}",
                                       key.describe(), to_string(event.kind),
                                       keys::time_text(event.time), keys::time_text(input.now)));
    }
  }
  return base::ok();
}

base::Result<keys::PlanInput> read_input(const Options& options) {
  keys::PlanInput input;
  input.apex = to_name(options.zone);
  if (!options.policy.empty()) {
    TLD_TRY(input.policy, keys::Policy::read_file(options.policy));
  }
  TLD_TRY(const auto keys, keys::KeyRegister::read_file(options.register_file, input.apex));
  input.keys = keys.keys();
  input.now = options.from.empty() ? base::SystemClock().now() : to_time(options.from);
  input.until = input.now + std::chrono::days{options.days};
  if (input.until > keys::last_time) return base::refused("the plan would reach beyond 2106");
  TLD_TRY(check_from(input));
  TLD_TRY(read_signed_keys(options, input));
  return input;
}

ordered_json json_of(const std::vector<keys::PlanEvent>& events) {
  ordered_json json = ordered_json::array();
  for (const keys::PlanEvent& event : events) {
    json.push_back({{"time", keys::time_text(event.time)}, {"what", event.what}});
  }
  return json;
}

ordered_json json_of(const keys::PlannedKey& key) {
  ordered_json json = {{"name", key.name}, {"role", key.ksk ? "ksk" : "zsk"}};
  json["states"] = ordered_json::array();
  for (const keys::StateSpan& span : key.states) {
    json["states"].push_back({{"from", keys::time_text(span.from)},
                              {"dnskey", to_string(span.state.dnskey)},
                              {"zrrsig", to_string(span.state.zrrsig)},
                              {"krrsig", to_string(span.state.krrsig)},
                              {"ds", to_string(span.state.ds)}});
  }
  return json;
}

base::Result<Report> plan(const Options& options) {
  TLD_TRY(const auto input, read_input(options));
  const keys::Plan plan = keys::make_plan(input);
  if (!options.page.empty()) {
    TLD_TRY(write_output_file(options.page, keys::plan_page(plan)));
  }
  Report report;
  report.text = keys::plan_text(plan);
  report.json = {{"zone", input.apex.text()},
                 {"from", keys::time_text(input.now)},
                 {"until", keys::time_text(input.until)},
                 {"warnings", json_of(plan.warnings)},
                 {"events", json_of(plan.events)},
                 {"keys", ordered_json::array()}};
  for (const keys::PlannedKey& key : plan.keys) report.json["keys"].push_back(json_of(key));
  return report;
}

void add_plan(CLI::App& keys, Chosen& chosen) {
  CLI::App* command = add_command(
      keys, chosen, "plan",
      {"Show what will happen to a zone's keys",
       "Simulates the rolls of the next two years from the zone's key register and policy:\n"
       "what happens when, which keys have to be made, where signed keys end, where the\n"
       "token has too much to sign. Draws it as text; --page writes a page for a browser.",
       "  tldctl keys plan --zone kz. --register kz.keys --policy policy.yaml \\\n"
       "    --signed-keys kz.skr --days 730 --page plan.html"});
  const auto options = std::make_shared<Options>();
  command->add_option("--zone", options->zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
  command->add_option("--register", options->register_file, "The zone's key register")->required();
  command->add_option("--policy", options->policy, "The policy (YAML); default: built-in values");
  command->add_option("--signed-keys", options->signed_keys,
                      "The signed-key file in use: until when it reaches");
  command->add_option("--days", options->days, "How far the plan reaches")
      ->check(CLI::Range(1, 3660))
      ->capture_default_str();
  command->add_option("--from", options->from, "When it begins, UTC; default: now")
      ->check(start_time());
  command->add_option("--page", options->page, "Also write the plan as an HTML page");
  on_chosen(command, chosen, [options] { return plan(*options); });
}

}  // namespace

void add_keys(CLI::App& app, Chosen& chosen) {
  CLI::App* keys = app.add_subcommand("keys", "Register and plan a zone's keys");
  keys->require_subcommand(1);
  add_keys_register(*keys, chosen);
  add_keys_parent(*keys, chosen);
  add_plan(*keys, chosen);
  add_keys_prove(*keys, chosen);
}

}  // namespace tld::cli
