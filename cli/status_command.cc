// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl status
#include <fmt/format.h>

#include <memory>

#include "base/child_process.h"
#include "cli/command.h"

namespace tld::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string pdns_control = "pdns_control", config_dir, socket_dir, config_name;
};

constexpr std::chrono::seconds time_limit{10};

std::vector<std::string> command_line(const Options& options, bool json) {
  std::vector<std::string> argv = {options.pdns_control};
  if (!options.config_dir.empty()) argv.push_back("--config-dir=" + options.config_dir);
  if (!options.socket_dir.empty()) argv.push_back("--socket-dir=" + options.socket_dir);
  if (!options.config_name.empty()) argv.push_back("--config-name=" + options.config_name);
  argv.push_back("TLD-STATUS");
  if (json) argv.push_back("JSON");
  return argv;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

base::Result<std::string> ask(const Options& options, bool json) {
  auto child = base::run_child(command_line(options, json), time_limit);
  if (!child) return resource_error(child.error());
  // pdns_control says on stdout what the server says, even that it does not know the command.
  if (child.value().output.starts_with("Unknown command")) {
    return base::refused("the server answers, but has no tld backend (launch=tld in pdns.conf)");
  }
  if (child.value().exit_code == 0) return child.value().output;
  const std::string& why =
      child.value().errors.empty() ? child.value().output : child.value().errors;
  return base::unavailable(fmt::format(
      "the server does not answer ({}); is it running, and do --socket-dir, --config-dir and "
      "--config-name fit it?",
      why.empty() ? fmt::format("exit code {}", child.value().exit_code) : first_line(why)));
}

base::Result<Report> status(const Options& options, bool json) {
  TLD_TRY(const std::string answer, ask(options, json));
  Report report;
  if (!json) {
    report.text = answer.ends_with('\n') ? answer : answer + "\n";
    return report;
  }
  report.json = ordered_json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (report.json.is_discarded()) {
    return base::refused("the server's answer is not JSON: " + first_line(answer).substr(0, 80));
  }
  return report;
}

}  // namespace

void add_status(CLI::App& app, Chosen& chosen) {
  CLI::App* command =
      add_command(app, chosen, "status",
                  {"Ask the running server how it is",
                   "Asks the running server (pdns_control TLD-STATUS) for its zones, serials,\n"
                   "signatures, tokens and signed-key files. Exit code 3 when it does not answer\n"
                   "within ten seconds.",
                   "  tldctl status\n"
                   "  tldctl status --socket-dir /run/pdns --json"});
  const auto options = std::make_shared<Options>();
  command->add_option("--pdns-control", options->pdns_control, "The pdns_control to run")
      ->capture_default_str();
  command->add_option("--config-dir", options->config_dir, "The directory of pdns.conf");
  command->add_option("--socket-dir", options->socket_dir, "The directory of the control socket");
  command->add_option("--config-name", options->config_name, "The server's config-name, if any");
  on_chosen(command, chosen, [options, &chosen] { return status(*options, chosen.json); });
}

}  // namespace tld::cli
