// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl store init, migrate, check
#include <fmt/format.h>

#include <memory>

#include "cli/act.h"
#include "cli/command.h"
#include "cli/store_option.h"
#include "zones/store.h"

namespace tld::cli {
namespace {

base::Result<Report> init(const std::string& text) {
  TLD_TRY(const auto address, store_address(text));
  TLD_TRY(zones::Store::create(address));
  Report report;
  report.json["store"] = text;
  report.text = fmt::format("{}: an empty store; fill it with tldctl zone import\n", text);
  return report;
}

base::Result<Report> migrate(const std::string& text) {
  TLD_TRY(const auto address, store_address(text));
  auto before = zones::Store::migrate(address);
  if (!before) return resource_error(before.error());
  Report report;
  report.json["store"] = text;
  report.json["version_before"] = before.value();
  report.text = fmt::format("{}: schema version {} is now this release's\n", text, before.value());
  return report;
}

base::Result<Report> check(const std::string& text) {
  TLD_TRY(const auto store, open_store(text, zones::Store::Mode::read_only));
  TLD_TRY(const auto summaries, store->zones());
  Report report;
  report.json["store"] = text;
  report.json["zones"] = nlohmann::ordered_json::array();
  report.text = fmt::format("{}: tables and triggers are as this release wants them\n", text);
  for (const zones::ZoneSummary& zone : summaries) {
    auto& json = report.json["zones"].emplace_back();
    json["zone"] = zone.name.text();
    json["delegations"] = zone.delegations;
    report.text += fmt::format("  {}  {} delegations", zone.name.text(), zone.delegations);
    if (zone.last_publication) {
      json["serial"] = zone.last_publication->serial;
      report.text += fmt::format(", published with serial {}", zone.last_publication->serial);
    }
    report.text += "\n";
  }
  return report;
}

void add(CLI::App& store, Chosen& chosen, const char* name, const Help& help,
         base::Result<Report> (*run)(const std::string&), bool is_act) {
  CLI::App* command = add_command(store, chosen, name, help);
  const auto address = std::make_shared<std::string>();
  add_store_option(*command, *address);
  const auto do_it = [address, run] { return run(*address); };
  if (!is_act) return on_chosen(command, chosen, do_it);
  on_act(
      command, chosen, std::string("store-") + name, [address] { return *address; }, do_it);
}

}  // namespace

void add_store(CLI::App& app, Chosen& chosen) {
  CLI::App* store = app.add_subcommand("store", "Make, migrate and check registry stores");
  store->require_subcommand(1);
  add(*store, chosen, "init",
      {"Make an empty registry store",
       "Makes an empty registry store: the database that the server answers from. A\n"
       "SQLite file that is there already is never touched; it is an error. A\n"
       "PostgreSQL database must be there, without a store in it.",
       "  tldctl store init --store /var/lib/tld/registry.sqlite\n"
       "  tldctl store init --store 'postgresql:host=/run/postgresql dbname=registry'"},
      init, /*is_act=*/true);
  add(*store, chosen, "migrate",
      {"Bring a store of an older release up to this one's schema",
       "Changes the tables of a store that an older release has made: one transaction,\n"
       "all or nothing. Stop the servers that use it first, and back it up.",
       "  tldctl store migrate --store /var/lib/tld/registry.sqlite"},
      migrate, /*is_act=*/true);
  add(*store, chosen, "check",
      {"Check a store's schema",
       "Checks that a store's tables, constraints and triggers are those of this release,\n"
       "and lists its zones.",
       "  tldctl store check --store /var/lib/tld/registry.sqlite"},
      check, /*is_act=*/false);
}

}  // namespace tld::cli
