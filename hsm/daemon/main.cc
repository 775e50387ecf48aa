// SPDX-License-Identifier: GPL-2.0-only
//
// tld-hsmd: serves one token's keys on a Unix socket.
#include <signal.h>
#include <sys/signalfd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/daemon/config.h"
#include "hsm/daemon/hardening.h"
#include "hsm/daemon/listener.h"
#include "hsm/daemon/server.h"
#include "hsm/daemon/service.h"

namespace tld::hsm {
namespace {

constexpr int wrong_usage = 2;    // configuration or command line
constexpr int not_available = 3;  // socket or directory

constexpr const char* help =
    "tld-hsmd --config FILE [--check]\n"
    "Signs RRSIG input with the keys of one PKCS #11 token, for the zones that FILE names and\n"
    "nothing else. Runs in the foreground; stops on SIGTERM. --check only reads FILE.\n"
    "Exit status: 0 stopped as told, 2 wrong usage or configuration, 3 the socket cannot be had,\n"
    "75 a call into the token took longer than operation-deadline (start it again).\n"
    "A refused PIN does not end the process: it stays up, says so in its health, and does not try\n"
    "that PIN again, after a restart neither (FILE's socket + .pin-refused remembers it).\n";

// Blocks SIGTERM and SIGINT in all threads; the descriptor is readable when one comes.
base::FileDescriptor stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return base::FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int fail(base::Log& log, int status, const base::Error& error) {
  log.write(base::Level::critical, "tld-hsmd: " + error.message);
  return status;
}

int serve(const DaemonConfig& config, base::Log& log) {
  const base::FileDescriptor stop = stop_signals();
  if (!follow_parent()) return 0;
  auto listener = Listener::open(config.socket, config.allowed_users);
  if (listener.has_error()) return fail(log, not_available, listener.error());
  harden_process(log);
  const base::SystemClock clock;
  Service service(config, clock, log);
  Server server(std::move(listener.value()), service, log);
  log.write(base::Level::notice, "tld-hsmd: serving " + config.socket);
  server.run(stop.get());
  log.write(base::Level::notice, "tld-hsmd: stopping");
  return 0;
}

int run(const std::string& file, bool check_only) {
  base::StderrLog log;
  const auto config = read_daemon_config(file);
  if (config.has_error()) return fail(log, wrong_usage, config.error());
  return check_only ? 0 : serve(config.value(), log);
}

}  // namespace
}  // namespace tld::hsm

int main(int argc, char** argv) {
  std::string file;
  bool check_only = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) {
      std::fputs(tld::hsm::help, stdout);
      return 0;
    }
    if (std::strcmp(argv[i], "--check") == 0) {
      check_only = true;
    } else if (std::strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
      file = argv[++i];
    } else {
      file.clear();
      break;
    }
  }
  if (file.empty()) {
    std::fputs(tld::hsm::help, stderr);
    return tld::hsm::wrong_usage;
  }
  return tld::hsm::run(file, check_only);
}
