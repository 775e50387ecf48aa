// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl ceremony check
#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "base/terminal_text.h"
#include "cli/act.h"
#include "cli/command.h"
#include "cli/script_steps.h"
#include "keys/ceremony_script.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

// Each approval in a file of its own: of one person there may be several.
std::string approve_command(const std::string& act, const std::string& file,
                            const keys::CeremonyScript& script) {
  return fmt::format(
      "tldctl approve {0} {1} --zone {2} --output {1}.{0}.NAME --person NAME --key KEY", act, file,
      script.zone);
}

void describe(Report& report, const std::string& file, const keys::CeremonyScript& script) {
  report.json = {{"zone", script.zone},
                 {"title", script.title},
                 {"sha256", script.sha256},
                 {"not-before", keys::utc_text(script.not_before)},
                 {"not-after", keys::utc_text(script.not_after)},
                 {"steps", ordered_json::array()},
                 {"acts", script.acts()}};
  report.text = fmt::format("{}: {}\n  zone     {}\n  SHA-256  {}\n  held     from {}, before {}\n",
                            file, base::terminal_text(script.title), script.zone, script.sha256,
                            keys::utc_text(script.not_before), keys::utc_text(script.not_after));
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    const keys::ScriptStep& step = script.steps[i];
    report.json["steps"].push_back(step_json(step));
    report.text += fmt::format("  {:>2}. {}\n", i + 1, to_string(step.kind));
    for (const std::string& line : step_lines(step)) {
      report.text += "        " + base::terminal_text(line) + "\n";
    }
  }
  report.text += "to be approved by its people:\n";
  for (const std::string& act : script.acts()) {
    report.text += "  " + approve_command(act, file, script) + "\n";
  }
}

base::Result<Report> check(const Chosen& chosen, const std::string& file) {
  TLD_TRY(const auto script, keys::CeremonyScript::read_file(file));
  TLD_TRY(const auto people, people_of_this_machine(chosen));
  const base::Time now = base::SystemClock().now();
  Report report;
  describe(report, file, script);
  report.json["people_adopted_here"] = people.has_value();
  base::Status status = base::ok();
  if (now >= script.not_after) status = script.check_at(now);
  if (status && people) status = check_people(script, *people, std::max(now, script.not_before));
  if (!status) {
    report.verdict = status.error().message;
  } else if (people) {
    report.text += "the people adopted here can hold it\n";
  } else {
    report.notes.emplace_back(
        "this machine has adopted nobody: whether its people can hold it was "
        "not checked");
  }
  return report;
}

}  // namespace

void add_ceremony_check(CLI::App& ceremony, Chosen& chosen) {
  CLI::App* command = add_command(
      ceremony, chosen, "check",
      {"Check a ceremony's script, and show what it does",
       "Reads a ceremony's script (docs/people.md) and shows its SHA-256, its dates and\n"
       "its steps, with each of their fields, and which acts its people must approve.\n"
       "Where people were adopted, checks that those it names are among\n"
       "them and that they can meet the rule for each act when it is held.",
       "  tldctl ceremony check ceremony.yaml"});
  const auto file = std::make_shared<std::string>();
  command->add_option("SCRIPT", *file, "The script (YAML)")->required();
  add_audit_option(command, chosen);
  on_chosen(command, chosen, [file, &chosen] { return check(chosen, *file); });
}

}  // namespace tld::cli
