// SPDX-License-Identifier: GPL-2.0-only
#include "cli/audit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/xml_text.h"
#include "base/yaml.h"
#include "cli/act.h"
#include "cli/output_file.h"
#include "keys/audit_log.h"
#include "keys/input_file.h"

namespace tld::cli {
namespace {

constexpr std::size_t max_table = 1 << 20;

struct Options {
  std::vector<std::string> tables;
  std::string archive, html;
};

// What a section's evidence column says.
std::string evidence_text(const PolicySection& section, const keys::AuditReading& log) {
  if (section.evidence.empty()) return "not in the log: kept by the organisation or the server";
  const keys::AuditLine* line = last_event(log, section.evidence);
  if (line != nullptr) return keys::audit_text(line->link.sequence, line->entry);
  std::string types;
  for (const std::string& type : section.evidence) types += (types.empty() ? "" : ", ") + type;
  return "no event yet (" + types + ")";
}

constexpr const char* page_head =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<title>Audit report</title><style>"
    "body{font:15px/1.45 sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #bbb;padding:.4em .6em;text-align:left;vertical-align:top}"
    "th{background:#eee}td.none{color:#a00}td.outside{color:#777}"
    "td{overflow-wrap:anywhere}</style></head><body>\n<h1>Audit report</h1>\n";

const char* evidence_class(const PolicySection& section, const keys::AuditReading& log) {
  if (section.evidence.empty()) return "outside";
  return last_event(log, section.evidence) == nullptr ? "none" : "seen";
}

std::string table_html(const PolicyTable& table, const keys::AuditReading& log) {
  std::string text = fmt::format(
      "<h2>{}</h2>\n<table><tr><th>Section</th><th>Requires</th><th>How it is met</th>"
      "<th>Last event</th></tr>\n",
      base::xml_escaped(table.title));
  for (const PolicySection& section : table.sections) {
    text += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>\n",
                        base::xml_escaped(section.number), base::xml_escaped(section.requires_),
                        base::xml_escaped(section.met_by), evidence_class(section, log),
                        base::xml_escaped(evidence_text(section, log)));
  }
  return text + "</table>\n";
}

nlohmann::ordered_json table_json(const PolicyTable& table, const keys::AuditReading& log) {
  nlohmann::ordered_json json = {{"policy", table.title},
                                 {"sections", nlohmann::ordered_json::array()}};
  for (const PolicySection& section : table.sections) {
    const keys::AuditLine* line = last_event(log, section.evidence);
    auto& one = json["sections"].emplace_back();
    one["section"] = section.number;
    one["evidence"] = section.evidence;
    if (line == nullptr) continue;
    one["last"] = {{"sequence", line->link.sequence},
                   {"time", keys::utc_text(line->entry.time)},
                   {"type", line->entry.type},
                   {"object", line->entry.object}};
  }
  return json;
}

base::Result<Report> make_report(const Chosen& chosen, const Options& options) {
  TLD_TRY(const auto directory, required_audit_directory(chosen));
  keys::AuditClaims claims;
  claims.archive = options.archive;
  TLD_TRY(const auto found, keys::verify_audit_log(directory, claims));
  std::vector<PolicyTable> tables;
  for (const std::string& file : options.tables) {
    TLD_TRY(const std::string yaml, keys::read_input_file(file, max_table));
    TLD_TRY(auto table, PolicyTable::parse(yaml, file));
    tables.push_back(std::move(table));
  }
  Report report;
  report.json["policies"] = nlohmann::ordered_json::array();
  for (const PolicyTable& table : tables) {
    report.json["policies"].push_back(table_json(table, found.reading));
  }
  report.text = report_text(tables, found.reading);
  if (options.html.empty()) return report;
  TLD_TRY(write_output_file(options.html,
                            report_html(tables, found.reading, base::SystemClock().now())));
  report.json["html"] = options.html;
  return report;
}

}  // namespace

base::Result<PolicyTable> PolicyTable::parse(std::string_view yaml, const std::string& file) {
  PolicyTable table;
  base::YamlMap top = base::YamlMap::document(std::string(yaml), file);
  table.title = top.text("policy");
  top.maps("sections", [&table](base::YamlMap& map) {
    PolicySection section;
    section.number = map.text("section");
    section.requires_ = map.text("requires");
    section.met_by = map.text("met-by");
    section.evidence = map.texts("evidence");
    const auto is_same = [&section](const PolicySection& other) {
      return other.number == section.number;
    };
    if (std::ranges::any_of(table.sections, is_same)) {
      map.reject("section", section.number + " is there twice");
    }
    table.sections.push_back(std::move(section));
  });
  TLD_TRY(top.finish());
  return table;
}

const keys::AuditLine* last_event(const keys::AuditReading& log,
                                  const std::vector<std::string>& types) {
  const keys::AuditLine* last = nullptr;
  for (const keys::AuditLine& line : log.lines) {
    const bool is_of_types = std::ranges::find(types, line.entry.type) != types.end();
    if (is_of_types && line.entry.result == keys::AuditResult::done) last = &line;
  }
  return last;
}

std::string report_text(const std::vector<PolicyTable>& tables, const keys::AuditReading& log) {
  std::string text;
  for (const PolicyTable& table : tables) {
    text += fmt::format("{}{}\n", text.empty() ? "" : "\n", table.title);
    for (const PolicySection& section : table.sections) {
      text += fmt::format("\n  {:<8} {}\n           met by: {}\n           last:   {}\n",
                          section.number, section.requires_, section.met_by,
                          evidence_text(section, log));
    }
  }
  return text;
}

std::string report_html(const std::vector<PolicyTable>& tables, const keys::AuditReading& log,
                        base::Time now) {
  std::string text = page_head;
  text += fmt::format(
      "<p>Made {}, from an audit log whose lines {} to {} are in order; its head "
      "is <code>{}:{}</code>.</p>\n",
      keys::utc_text(now), log.before.sequence + 1, log.head().sequence, log.head().sequence,
      log.head().hash);
  for (const PolicyTable& table : tables) text += table_html(table, log);
  return text + "</body></html>\n";
}

void add_audit_report(CLI::App& audit, Chosen& chosen) {
  CLI::App* command = add_command(
      audit, chosen, "report",
      {"Show what the log proves of a practice statement",
       "Verifies the log; then, for each section of the given statements, says what it\n"
       "requires, how that is met, and the last event in the log that shows it. As text,\n"
       "and with --html as one page that needs nothing else.",
       "  tldctl audit report --sections docs/policies/kz.sections.yaml \\\n"
       "    --sections docs/policies/centralnic.sections.yaml --html report.html"});
  const auto options = std::make_shared<Options>();
  add_audit_option(command, chosen);
  command->add_option("--sections", options->tables, "A table of sections (YAML); several times")
      ->required();
  command->add_option("--archive", options->archive, "The directory with archived segments");
  command->add_option("--html", options->html, "Also write a page to this file");
  on_chosen(command, chosen, [options, &chosen] { return make_report(chosen, *options); });
}

}  // namespace tld::cli
