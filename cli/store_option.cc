// SPDX-License-Identifier: GPL-2.0-only
#include "cli/store_option.h"

#include "cli/command.h"

namespace tld::cli {

CLI::Option* add_store_option(CLI::App& command, std::string& into) {
  return command
      .add_option("--store", into,
                  "The registry store: a file (SQLite), or postgresql: and libpq's words, as in "
                  "\"postgresql:host=/run/postgresql dbname=registry\"")
      ->required();
}

base::Result<zones::StoreAddress> store_address(const std::string& text) {
  return zones::StoreAddress::parse(text);
}

base::Result<std::unique_ptr<zones::Store>> open_store(const std::string& address,
                                                       zones::Store::Mode mode) {
  TLD_TRY(const auto parsed, store_address(address));
  auto store = zones::Store::open(parsed, mode);
  if (store) return store;
  return resource_error(store.error());
}

}  // namespace tld::cli
