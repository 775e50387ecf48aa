// SPDX-License-Identifier: GPL-2.0-only
//
// tldctl zone export --signed: the whole signed zone as the running server has it, by AXFR (RFC
// 5936), judged by validators of others before the file takes its name.
//
// Thread rule: used by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "dns/name.h"

namespace tld::cli {

struct SignedExport {
  dns::Name zone;
  std::string server = "127.0.0.1";  // an address
  std::uint16_t port = 53;
  std::optional<std::uint32_t> serial;  // the publication that it must be
  std::string output;
  // Commands; {file} and {zone} are filled in. Exit code 0: accepted.
  std::vector<std::string> verifiers;
};

// A verifier that fails: no file, and the report's verdict says which one and why.
// unavailable: the server cannot be reached, refuses the transfer, or breaks it off.
base::Result<Report> export_signed(const SignedExport& wanted);

}  // namespace tld::cli
