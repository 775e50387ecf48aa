// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/clock_command.h"

#include "plugin/pdns.h"
#include "plugin/server.h"

namespace tld::plugin {
namespace {

// PowerDNS's control socket hangs when this throws.
std::string run_command(const std::vector<std::string>& words, Utility::pid_t /*parent*/) {
  if (words.size() != 1) return "usage: TLD-CLOCK-ACCEPT\n";
  Server* const server = running_server();
  if (server == nullptr) return "the tld backend has not started yet\n";
  try {
    return server->accept_clock() + "\n";
  } catch (const std::exception& error) {
    return std::string("not accepted: ") + error.what() + "\n";
  }
}

}  // namespace

void register_clock_command() {
  DynListener::registerFunc("TLD-CLOCK-ACCEPT", run_command,
                            "the system's clock is right: signatures are made by it again", "");
}

}  // namespace tld::plugin
