// SPDX-License-Identifier: GPL-2.0-only
//
// The registry store that a command works on.
//
// Thread rule: used by one thread.
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "base/result.h"
#include "zones/store.h"

namespace tld::cli {

CLI::Option* add_store_option(CLI::App& command, std::string& into);  // required

base::Result<std::unique_ptr<zones::Store>> open_store(const std::string& address,
                                                       zones::Store::Mode mode);
base::Result<zones::StoreAddress> store_address(const std::string& text);

}  // namespace tld::cli
