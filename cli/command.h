// SPDX-License-Identifier: GPL-2.0-only
//
// What every command of tldctl has in common: how it is declared, what it gives back, and what
// becomes the process's exit code. A command parses into its own options, then `run` does the work.
//
// Thread rule: one thread.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace tld::cli {

// Scripts rely on these; docs and --help repeat them.
enum class ExitCode {
  done = 0,
  failed = 1,         // the check or the request failed
  usage = 2,          // the command line is wrong; nothing was done
  not_available = 3,  // a store, token or server is not available; a retry can help
};

// What a command found out. One of json and text goes to stdout, `notes` line by line to stderr.
struct Report {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  std::string text;
  std::vector<std::string> notes;
  // Why the command failed all the same ("" if it did not): the check's verdict, one line.
  std::string verdict;
  ExitCode verdict_code = ExitCode::failed;
  // For the audit log, if the command is an act: digests and names of what came of it.
  std::map<std::string, std::string> evidence;
};

using Run = std::function<base::Result<Report>()>;

// The command that was chosen.
struct Chosen {
  std::string name;
  bool json = false;
  std::string audit_log;  // the option; cli/act.h
  Run run;
};

// A command's help: one line in the list of commands, what it does, and how it is called.
struct Help {
  std::string summary;
  std::string explanation;  // lines of up to 80 columns
  std::string example;      // indented by two
};

// Adds the command `name` under `parent`, with --json and the exit codes in its help.
CLI::App* add_command(CLI::App& parent, Chosen& chosen, const std::string& name, const Help& help);

// What `command` does when it is chosen. `misuse` says what is wrong about its options together, ""
// if nothing.
void on_chosen(CLI::App* command, Chosen& chosen, Run run,
               std::function<std::string()> misuse = {});

// The same error as one of kind unavailable: of a store, token or server that the command needs.
base::Error resource_error(base::Error error);

void add_store(CLI::App& app, Chosen& chosen);
void add_publication(CLI::App& zone, Chosen& chosen);  // of a zone
void add_zone(CLI::App& app, Chosen& chosen);
void add_key(CLI::App& app, Chosen& chosen);
void add_key_backup(CLI::App& key, Chosen& chosen);    // of key
void add_wrapping_key(CLI::App& key, Chosen& chosen);  // of key
void add_keys(CLI::App& app, Chosen& chosen);
void add_keys_register(CLI::App& keys, Chosen& chosen);  // of keys
void add_keys_parent(CLI::App& keys, Chosen& chosen);    // of keys
void add_keys_prove(CLI::App& keys, Chosen& chosen);     // of keys
void add_ksr(CLI::App& app, Chosen& chosen);
void add_ceremony(CLI::App& app, Chosen& chosen);
void add_ceremony_run(CLI::App& ceremony, Chosen& chosen);    // of ceremony
void add_ceremony_check(CLI::App& ceremony, Chosen& chosen);  // of ceremony
void add_ceremony_hold(CLI::App& ceremony, Chosen& chosen);   // of ceremony
void add_skr(CLI::App& app, Chosen& chosen);
void add_status(CLI::App& app, Chosen& chosen);
void add_epp(CLI::App& app, Chosen& chosen);
void add_audit(CLI::App& app, Chosen& chosen);
void add_people(CLI::App& app, Chosen& chosen);
void add_approve(CLI::App& app, Chosen& chosen);
void add_pin(CLI::App& app, Chosen& chosen);

// tldctl as a function: parses, runs, prints.
int run_tldctl(int argc, char** argv);

}  // namespace tld::cli
