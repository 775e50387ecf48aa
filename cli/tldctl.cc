// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl from argv to exit code.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "base/terminal_text.h"
#include "cli/command.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* json_help = "Print the result as one JSON object";
constexpr const char* exit_codes =
    "Exit codes:\n"
    "  0  done\n"
    "  1  the check or the request failed\n"
    "  2  wrong usage; nothing was done\n"
    "  3  a store, token or server is not available\n";

int as_int(ExitCode code) {
  return static_cast<int>(code);
}

// Octets that are no UTF-8 (file names may hold any) are replaced.
std::string text_of(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

void complain(const std::string& message) {
  std::cerr << "tldctl: " << base::terminal_text(one_line(message)) << std::endl;
}

// A message of several lines is a list of faults: it goes in front of the one line that sums it up.
void complain_about(const std::string& command, const base::Error& error) {
  const bool list = error.message.find('\n') != std::string::npos;
  if (list) std::cerr << base::terminal_lines(error.message) << '\n';
  complain(command + ": " + (list ? "refused for the reasons above" : error.message));
}

int fail(const Chosen& chosen, const base::Error& error) {
  if (chosen.json) {
    ordered_json json;
    json["error"] = {{"kind", base::to_string(error.kind)}, {"message", error.message}};
    std::cout << text_of(json);
  }
  complain_about(chosen.name, error);
  return as_int(error.retry_can_help() ? ExitCode::not_available : ExitCode::failed);
}

int succeed(const Chosen& chosen, const Report& report) {
  for (const std::string& note : report.notes) std::cerr << base::terminal_lines(note) << '\n';
  std::cout << (chosen.json ? text_of(report.json) : report.text) << std::flush;
  if (!std::cout) {
    complain(chosen.name + ": cannot write to standard output");
    return as_int(ExitCode::failed);
  }
  if (report.verdict.empty()) return as_int(ExitCode::done);
  complain(chosen.name + ": " + report.verdict);
  return as_int(report.verdict_code);
}

int run(const Chosen& chosen) {
  auto report = chosen.run();
  return report ? succeed(chosen, report.value()) : fail(chosen, report.error());
}

// CLI11 says "A subcommand is required" about one that it does not know.
std::string usage_message(const CLI::App& app, const CLI::ParseError& fault) {
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  const bool missing = dynamic_cast<const CLI::RequiredError*>(&fault) != nullptr;
  if (!missing || unknown.empty() || unknown[0].starts_with("-")) return fault.what();
  return "there is no command " + unknown[0];
}

void add_commands(CLI::App& app, Chosen& chosen) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "tldctl (pdns-tld) " TLD_VERSION);
  app.add_flag("--json", chosen.json, json_help);
  app.footer(std::string("tldctl COMMAND --help explains a command and shows an example.\n\n") +
             exit_codes);
  add_store(app, chosen);
  add_zone(app, chosen);
  add_key(app, chosen);
  add_keys(app, chosen);
  add_ksr(app, chosen);
  add_ceremony(app, chosen);
  add_skr(app, chosen);
  add_status(app, chosen);
  add_epp(app, chosen);
  add_audit(app, chosen);
  add_people(app, chosen);
  add_approve(app, chosen);
  add_pin(app, chosen);
}

}  // namespace

CLI::App* add_command(CLI::App& parent, Chosen& chosen, const std::string& name, const Help& help) {
  CLI::App* command = parent.add_subcommand(name, help.summary);
  command->add_flag("--json", chosen.json, json_help);
  command->footer(help.explanation + "\n\nExample:\n" + help.example + "\n\n" + exit_codes);
  return command;
}

void on_chosen(CLI::App* command, Chosen& chosen, Run run, std::function<std::string()> misuse) {
  const std::string name = command->get_parent()->get_parent() == nullptr
                               ? command->get_name()
                               : command->get_parent()->get_name() + " " + command->get_name();
  command->callback([&chosen, name, run = std::move(run), misuse = std::move(misuse)] {
    const std::string wrong = misuse ? misuse() : "";
    if (!wrong.empty()) throw CLI::ValidationError(name, wrong);  // caught in run_tldctl
    chosen.name = name;
    chosen.run = run;
  });
}

base::Error resource_error(base::Error error) {
  if (!error.retry_can_help()) error.kind = base::ErrorKind::unavailable;
  return error;
}

int run_tldctl(int argc, char** argv) {
  Chosen chosen;
  CLI::App app("Runs the registry store, keys and ceremonies of pdns-tld.", "tldctl");
  add_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    if (fault.get_exit_code() == 0) return app.exit(fault);  // --help, --version
    complain(usage_message(app, fault) + "; see tldctl --help");
    return as_int(ExitCode::usage);
  }
  return run(chosen);
}

}  // namespace tld::cli
