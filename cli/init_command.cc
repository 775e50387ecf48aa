// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl init
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "zones/store.h"

namespace tld::cli {
namespace {

base::Result<Report> init(const std::string& path) {
  TLD_TRY(zones::Store::create(path));
  Report report;
  report.json["store"] = path;
  report.text = fmt::format("{}: an empty store; fill it with tldctl zone import\n", path);
  return report;
}

}  // namespace

void add_init(CLI::App& app, Chosen& chosen) {
  CLI::App* command =
      add_command(app, chosen, "init",
                  {"Make an empty registry store",
                   "Makes an empty registry store: the database that the server answers from. A\n"
                   "file that is there already is never touched; it is an error.",
                   "  tldctl init --store /var/lib/tld/registry.sqlite"});
  const auto path = std::make_shared<std::string>();
  command->add_option("--store", *path, "The store's file, to be made")->required();
  on_chosen(command, chosen, [path] { return init(*path); });
}

}  // namespace tld::cli
