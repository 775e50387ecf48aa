// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl zone import, export, check
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/signed_export.h"
#include "cli/store_option.h"
#include "publish/verifiers.h"
#include "zones/check.h"
#include "zones/store.h"
#include "zones/zone_file.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;
using zones::Store;

struct Options {
  std::string store, zone, zone_file, output;
  bool is_signed = false;
  SignedExport from_server;
};

// --- what a check found, as text and JSON ---

struct Findings {
  std::string file;                                   // empty: content of a store
  const std::vector<std::uint32_t>* lines = nullptr;  // of the file, per RRset
};

std::string place(const zones::Finding& finding, const Findings& from) {
  if (from.lines == nullptr) return "";
  if (finding.rrset >= from.lines->size()) return from.file + ": ";
  return fmt::format("{}:{}: ", from.file, (*from.lines)[finding.rrset]);
}

ordered_json json_of(const zones::Finding& finding, const Findings& from) {
  ordered_json json = {
      {"check", finding.check}, {"owner", finding.owner.text()}, {"text", finding.text}};
  if (from.lines != nullptr && finding.rrset < from.lines->size()) {
    json["line"] = (*from.lines)[finding.rrset];
  }
  return json;
}

ordered_json json_of(const std::vector<zones::Finding>& findings, const Findings& from) {
  ordered_json json = ordered_json::array();
  for (const zones::Finding& finding : findings) json.push_back(json_of(finding, from));
  return json;
}

void add_notes(Report& report, const std::vector<zones::Finding>& findings, std::uint64_t count,
               const char* level, const Findings& from) {
  for (const zones::Finding& finding : findings) {
    report.notes.push_back(place(finding, from) + level + finding.message());
  }
  if (count > findings.size()) {
    report.notes.push_back(fmt::format("{}... and {} more", level, count - findings.size()));
  }
}

void add_findings(Report& report, const zones::CheckReport& checked, const Findings& from) {
  add_notes(report, checked.faults, checked.fault_count, "", from);
  add_notes(report, checked.warnings, checked.warning_count, "warning: ", from);
  report.json["passed"] = checked.passed();
  report.json["fault_count"] = checked.fault_count;
  report.json["faults"] = json_of(checked.faults, from);
  report.json["warning_count"] = checked.warning_count;
  report.json["warnings"] = json_of(checked.warnings, from);
  report.json["orphan_glue"] = checked.orphan_glue;
}

std::string plural(std::uint64_t count, const char* one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

// --- import ---

std::string dropped_text(const zones::ImportedZone& zone) {
  std::string text;
  for (const auto& [type, count] : zone.dropped) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, dns::to_text(type));
  }
  return text.empty() ? "none" : text + " (dropped: they are made anew)";
}

ordered_json dropped_json(const zones::ImportedZone& zone) {
  ordered_json json = ordered_json::object();
  for (const auto& [type, count] : zone.dropped) json[dns::to_text(type)] = count;
  return json;
}

void add_summary(Report& report, const zones::ImportedZone& zone, const Options& options,
                 std::uint64_t orphan_glue) {
  report.json["zone"] = zone.content.apex().text();
  report.json["serial"] = zone.serial;
  report.json["records"] = zone.records;
  report.json["rrsets"] = zone.content.size();
  report.json["duplicates"] = zone.duplicates;
  report.json["dropped"] = dropped_json(zone);
  report.text = fmt::format(
      "{} (serial {}) is in {}\n"
      "  records read      {}\n"
      "  RRsets stored     {}\n"
      "  duplicates        {} (left out)\n"
      "  DNSSEC records    {}\n"
      "  orphan glue       {} (stored, never served)\n",
      zone.content.apex().text(), zone.serial, options.store, zone.records, zone.content.size(),
      zone.duplicates, dropped_text(zone), plural(orphan_glue, "RRset"));
}

base::Result<zones::ImportedZone> read_file(const Options& options, const dns::Name& apex) {
  ProgressBar bar("reading " + options.zone_file, "octets");
  return zones::read_zone_file(options.zone_file, apex, bar.callback());
}

base::Status store_zone(Store& store, const zones::ImportedZone& zone) {
  ProgressBar bar("storing " + zone.content.apex().text(), "RRsets");
  return store.replace_zone(zone.content, zone.serial, base::SystemClock().now(), bar.callback());
}

base::Result<Report> import_zone(const Options& options) {
  // The store first: a wrong path is known before a million lines are read.
  TLD_TRY(const auto store, open_store(options.store, Store::Mode::read_write));
  TLD_TRY(const auto zone, read_file(options, to_name(options.zone)));
  const zones::CheckReport checked = zones::check(zone.content);
  Report report;
  add_summary(report, zone, options, checked.orphan_glue);
  add_findings(report, checked, {options.zone_file, &zone.lines});
  if (!checked.passed()) {
    report.text.clear();
    report.verdict = fmt::format("{} in {}; nothing was imported",
                                 plural(checked.fault_count, "fault"), options.zone_file);
    return report;
  }
  TLD_TRY(store_zone(*store, zone));
  return report;
}

// --- export ---

base::Result<zones::ZoneContent> load(const Options& options) {
  TLD_TRY(const auto store, open_store(options.store, Store::Mode::read_only));
  ProgressBar bar("loading " + options.zone, "delegations");
  return store->load_registry(to_name(options.zone), bar.callback());
}

base::Result<Report> export_to_output(const Options& options) {
  if (options.is_signed) {
    SignedExport wanted = options.from_server;
    wanted.zone = to_name(options.zone);
    wanted.output = options.output;
    return export_signed(wanted);
  }
  TLD_TRY(const auto zone, load(options));
  if (options.output.empty()) {
    zones::write_zone_file(zone, std::cout);
    return Report{};
  }
  TLD_TRY(auto file, OutputFile::create(options.output));
  zones::write_zone_file(zone, file.stream());
  TLD_TRY(file.commit());
  Report report;
  report.json["zone"] = zone.apex().text();
  report.json["records"] = zone.record_count();
  report.json["output"] = options.output;
  report.text = fmt::format("{}: {}\n", options.output, plural(zone.record_count(), "record"));
  return report;
}

// --- check ---

Report check_report(const zones::ZoneContent& content, const std::string& what,
                    const Findings& from) {
  const zones::CheckReport checked = zones::check(content);
  Report report;
  report.json["zone"] = content.apex().text();
  report.json["source"] = what;
  add_findings(report, checked, from);
  if (checked.passed()) {
    report.text = fmt::format("{} in {} passes every check ({})\n", content.apex().text(), what,
                              plural(checked.warning_count, "warning"));
  } else {
    report.verdict = fmt::format("{} in {} cannot be published: {}", content.apex().text(), what,
                                 plural(checked.fault_count, "fault"));
  }
  return report;
}

base::Result<Report> check_zone(const Options& options) {
  if (options.zone_file.empty()) {
    TLD_TRY(const auto zone, load(options));
    return check_report(zone, options.store, {});
  }
  TLD_TRY(const auto zone, read_file(options, to_name(options.zone)));
  return check_report(zone.content, options.zone_file, {options.zone_file, &zone.lines});
}

// --- declarations ---

void add_zone_option(CLI::App* command, Options& options) {
  command->add_option("--zone", options.zone, "The zone's name, e.g. kz.")
      ->required()
      ->check(zone_name());
}

void add_import(CLI::App& zone, Chosen& chosen) {
  CLI::App* command = add_command(
      zone, chosen, "import",
      {"Read a zone file into the store",
       "Reads an RFC 1035 zone file into the store, in place of all that the zone had\n"
       "there: one transaction, all or nothing. Every fault is shown with its line.\n"
       "What fails a named check (docs/checks.md) is not imported. DNSSEC records of a\n"
       "signed zone are dropped and counted: signatures are made when they are asked\n"
       "for. A running server publishes the change by itself.",
       "  tldctl zone import --store /var/lib/tld/registry.sqlite --zone kz. kz.zone"});
  const auto options = std::make_shared<Options>();
  add_store_option(*command, options->store);
  add_zone_option(command, *options);
  command->add_option("ZONEFILE", options->zone_file, "The zone file to read")->required();
  on_act(
      command, chosen, "zone-import",
      [options] { return options->zone + " from " + options->zone_file; },
      [options] { return import_zone(*options); });
}

// What is wrong about the options together.
std::string export_misuse(const Options& options, bool json) {
  if (options.is_signed && !options.store.empty()) {
    return "--signed asks the server, not the store: leave --store out";
  }
  if (!options.is_signed && options.store.empty()) return "--store is needed, or --signed";
  if (options.is_signed && options.output.empty()) return "--signed needs --output";
  if (json && options.output.empty()) return "--json needs --output";
  return "";
}

void add_signed_options(CLI::App* command, SignedExport& into) {
  into.verifiers = publish::default_verifiers();
  command->add_option("--server", into.server, "With --signed: the server's address (127.0.0.1)");
  command->add_option("--port", into.port, "With --signed: its port (53)");
  command->add_option("--serial", into.serial,
                      "With --signed: the serial that it must have; default: any");
  command->add_option(
      "--verifier", into.verifiers,
      "With --signed: in place of the three verifiers; {file} and {zone} are filled "
      "in. May be given several times");
}

void add_export(CLI::App& zone, Chosen& chosen) {
  CLI::App* command = add_command(
      zone, chosen, "export",
      {"Write a zone as a zone file",
       "Writes a zone from the store: unsigned, one record per line, absolute names,\n"
       "canonical order, with the serial that it was imported with. Or, with --signed,\n"
       "the whole signed zone as the running server has it, by AXFR; then validators\n"
       "that others wrote must accept it (ldns-verify-zone, dnssec-verify, kzonecheck),\n"
       "or there is no file and the exit code is 1. A file is written whole or not at\n"
       "all. --json needs --output, since stdout cannot hold both.",
       "  tldctl zone export --store /var/lib/tld/registry.sqlite --zone kz. --output kz.zone\n"
       "  tldctl zone export --signed --zone kz. --output kz.signed"});
  const auto options = std::make_shared<Options>();
  add_store_option(*command, options->store)->required(false);
  add_zone_option(command, *options);
  command->add_option("--output", options->output, "The file to write; default: stdout");
  command->add_flag("--signed", options->is_signed, "The signed zone, from the server");
  add_signed_options(command, options->from_server);
  on_chosen(
      command, chosen, [options] { return export_to_output(*options); },
      [options, &chosen] { return export_misuse(*options, chosen.json); });
}

void add_check(CLI::App& zone, Chosen& chosen) {
  CLI::App* command =
      add_command(zone, chosen, "check",
                  {"Run the named checks on a zone",
                   "Runs the named checks (docs/checks.md) that stand between a zone and its\n"
                   "publication, on the store or on a zone file. Faults go to stderr, one line\n"
                   "each; exit code 1 when there is one. Warnings are shown and do no harm.",
                   "  tldctl zone check --store /var/lib/tld/registry.sqlite --zone kz.\n"
                   "  tldctl zone check --file kz.zone --zone kz."});
  const auto options = std::make_shared<Options>();
  CLI::Option_group* source = command->add_option_group("source", "What to check");
  add_store_option(*source, options->store)->required(false);
  source->add_option("--file", options->zone_file, "A zone file");
  source->require_option(1);
  add_zone_option(command, *options);
  on_chosen(command, chosen, [options] { return check_zone(*options); });
}

}  // namespace

void add_zone(CLI::App& app, Chosen& chosen) {
  CLI::App* zone = app.add_subcommand("zone", "Import, export, check and publish zones");
  zone->require_subcommand(1);
  add_import(*zone, chosen);
  add_export(*zone, chosen);
  add_check(*zone, chosen);
  add_publication(*zone, chosen);
}

}  // namespace tld::cli
