// SPDX-License-Identifier: GPL-2.0-only
//
// What the operator sees: `pdns_control TLD-STATUS [JSON]` and PowerDNS's own statistics.
//
// Thread rule: safe from any thread. Registered in the static initialiser only: PowerDNS's tables
// have no lock. Nothing here throws: a command that throws hangs pdns_control.
#pragma once

#include <string>

namespace tld::plugin {

std::string status_text();
std::string status_json();

void register_status_command();
void register_statistics();

}  // namespace tld::plugin
