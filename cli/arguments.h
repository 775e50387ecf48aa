// SPDX-License-Identifier: GPL-2.0-only
//
// Values on the command line: checked while it is parsed, so that a wrong one is wrong usage and
// nothing is done.
//
// Thread rule: pure functions.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/clock.h"
#include "dns/name.h"
#include "hsm/key.h"

namespace tld::cli {

CLI::Validator zone_name();   // absolute or not: "kz" is "kz."
CLI::Validator key_id();      // base16
CLI::Validator start_time();  // YYYYMMDDHHMMSS
CLI::Validator token_uri();   // hsm::TokenUri: has no PIN in it
CLI::Validator algorithm_name();
CLI::Validator serial_number();  // of a token: printable ASCII

// REQUIRES: the value has passed its validator.
dns::Name to_name(const std::string& text);
base::Time to_time(const std::string& text);
hsm::KeyId to_key_id(const std::string& text);
hsm::Algorithm to_algorithm(const std::string& text);

}  // namespace tld::cli
