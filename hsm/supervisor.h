// SPDX-License-Identifier: GPL-2.0-only
//
// Runs the command that serves a token (tld-hsmd) where systemd does not: starts it, starts it
// again with back-off when it ends, kills it when it no longer answers health(), stops it at
// destruction. It is told TLD_HSMD_PARENT, so that tld-hsmd stops when this process dies.
//
// A wrong PIN cannot be tried again and again by restarts: tld-hsmd stays up then, and remembers on
// disk which PIN file the token refused (hsm/pin.h).
//
// Thread rule: one thread of its own, which is the child's parent thread for all its life; methods
// are safe from any thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file_descriptor.h"
#include "base/log.h"
#include "hsm/key.h"
#include "hsm/unix_socket.h"

namespace tld::hsm {

class Supervisor {
 public:
  struct Options {
    std::string token = {};                   // for messages
    std::vector<std::string> command = {};    // no shell; command[0] is searched in PATH
    std::chrono::milliseconds silence{5000};  // no health answer for this long: SIGKILL
    std::chrono::milliseconds check_every{500};
    std::chrono::milliseconds stop_within{3000};  // after SIGTERM: SIGKILL
  };

  Supervisor(Options options, std::shared_ptr<KeyDoor> door, std::shared_ptr<base::Log> log);
  ~Supervisor();  // stops the process: SIGTERM, then SIGKILL after stop_within
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  pid_t pid() const { return pid_; }                // 0: none runs now
  std::uint64_t starts() const { return starts_; }  // since construction

 private:
  void run();
  bool start();
  void watch();
  bool ended_within(std::chrono::milliseconds time);
  void reap(const char* what);
  void stop_child();
  bool stopped_within(std::chrono::milliseconds time);

  const Options options_;
  const std::shared_ptr<KeyDoor> door_;
  const std::shared_ptr<base::Log> log_;
  EventFlag stop_;
  base::FileDescriptor child_;  // pidfd
  std::atomic<pid_t> pid_{0};
  std::atomic<std::uint64_t> starts_{0};
  std::thread thread_;
};

}  // namespace tld::hsm
