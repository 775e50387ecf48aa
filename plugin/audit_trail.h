// SPDX-License-Identifier: GPL-2.0-only
//
// What the server does by itself, for an audit log (keys/audit_log.h; ADR 7): keys that come, sign
// and go, rolls and slots that are held, signed-key files, a zone that is frozen. It never waits
// for the disk: a log that cannot be written is tried again every two seconds, with all that has
// happened meanwhile, in order and with its time.
//
// Thread rule: safe from any thread; one thread of its own writes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "keys/audit_entry.h"

namespace tld::plugin {

class AuditTrail {
 public:
  struct Act {
    std::string type, object;
    keys::AuditResult result = keys::AuditResult::done;
    keys::AuditLevel level = keys::AuditLevel::notice;
    std::map<std::string, std::string> detail = {};
  };
  // So many wait at most; then the oldest is lost, which the log is told.
  static constexpr std::size_t most_waiting = 10000;

  // Errors: there is no audit log in `directory`, or it cannot be used.
  static base::Result<std::shared_ptr<AuditTrail>> open(const std::filesystem::path& directory,
                                                        std::shared_ptr<const base::Clock> clock,
                                                        std::shared_ptr<base::Log> log);
  // What still waits is tried once more.
  ~AuditTrail();

  void note(Act act);
  std::size_t waiting() const;

 private:
  AuditTrail(std::filesystem::path directory, std::shared_ptr<const base::Clock> clock,
             std::shared_ptr<base::Log> log);
  void run();
  bool write_waiting();
  base::Status write(const keys::AuditEntry& entry) const;
  void say(const base::Status& outcome);

  const std::filesystem::path directory_;
  const std::shared_ptr<const base::Clock> clock_;
  const std::shared_ptr<base::Log> log_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::deque<keys::AuditEntry> waiting_;
  std::size_t lost_ = 0;
  bool stopping_ = false;
  std::string said_;  // the thread's own
  std::thread thread_;
};

}  // namespace tld::plugin
