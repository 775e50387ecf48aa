// SPDX-License-Identifier: GPL-2.0-only
//
// For tests: SoftHSM tokens in a folder of the test program's own, and a tld-hsmd that serves one.
//
// Thread rule: used by one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/client.h"
#include "hsm/key.h"
#include "hsm/supervisor.h"
#include "tests/contract/folder.h"
#include "tests/contract/rrsig_input.h"

namespace tld::hsm::test {

using std::chrono::milliseconds;

inline base::Deadline in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

// Waits until `holds` says so; false after `time`.
template <class Holds>
bool eventually(Holds holds, milliseconds time = milliseconds(15'000)) {
  for (const auto end = in(time); std::chrono::steady_clock::now() < end;) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return holds();
}

class NullLog final : public base::Log {
 public:
  void write(base::Level, std::string_view) override {}
};

// A token with a P-256 and an RSA key.
class TestToken {
 public:
  static constexpr const char* softhsm = "/usr/lib/softhsm/libsofthsm2.so";

  TestToken();  // reached through faulty_pkcs11.so
  explicit TestToken(std::string module_path);
  const KeyInfo& key(Algorithm algorithm) const {
    return algorithm == Algorithm::rsasha256 ? rsa_ : ecdsa_;
  }
  std::string uri(const std::string& pin_file = {}) const;
  const Folder& folder() const { return folder_; }
  const std::string& module_path() const { return module_path_; }
  static std::string pin() { return "271828182845"; }
  // Faults of C_Sign from now on, as faulty_pkcs11.cc reads them.
  void faults(const std::string& lines) const;
  // How often the module was called ("C_Login", "C_Sign") since the token was made.
  std::size_t calls(const std::string& function) const;

 private:
  Folder folder_;
  std::string module_path_;
  std::string label_;
  KeyInfo ecdsa_;
  KeyInfo rsa_;
};

struct DaemonSettings {
  std::string pin_file = {};
  std::vector<KeyId> keys = {};  // for zone kz.; none: both of the token
  std::string more = {};         // lines of the configuration
  std::string operation_deadline = "PT5S";
  unsigned sessions = 2;
};

// Writes the configuration file; returns its path.
std::string write_config(const TestToken& token, const DaemonSettings& settings = {});
std::string socket_path(const TestToken& token);
std::vector<std::string> daemon_command(const std::string& config);

// A process that the test starts and ends itself.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command, const std::string& output = {});
  ~Process();  // SIGKILL
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // The exit status, -N for signal N; nullopt: it still runs after `time`.
  std::optional<int> status_within(milliseconds time);

 private:
  pid_t pid_ = 0;
  std::optional<int> status_;
};

}  // namespace tld::hsm::test
