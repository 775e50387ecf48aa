// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/audit_trail.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "keys/audit_identity.h"
#include "keys/audit_log.h"

namespace tld::plugin {
namespace {

constexpr std::chrono::seconds retry_after{2};

}  // namespace

AuditTrail::AuditTrail(std::filesystem::path directory, std::shared_ptr<const base::Clock> clock,
                       std::shared_ptr<base::Log> log)
    : directory_(std::move(directory)),
      clock_(std::move(clock)),
      log_(std::move(log)),
      thread_([this] { run(); }) {}

base::Result<std::shared_ptr<AuditTrail>> AuditTrail::open(const std::filesystem::path& directory,
                                                           std::shared_ptr<const base::Clock> clock,
                                                           std::shared_ptr<base::Log> log) {
  const auto there = keys::AuditLog::open(directory, nullptr);
  if (!there) return there.error().in("audit-log (tldctl audit init makes one)");
  return std::shared_ptr<AuditTrail>(new AuditTrail(directory, std::move(clock), std::move(log)));
}

AuditTrail::~AuditTrail() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void AuditTrail::note(Act act) {
  keys::AuditEntry entry;
  entry.time = clock_->now();
  entry.clock = keys::clock_state();
  entry.type = std::move(act.type);
  entry.object = std::move(act.object);
  entry.result = act.result;
  entry.level = act.level;
  entry.detail = std::move(act.detail);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(entry));
    if (waiting_.size() > most_waiting) {
      waiting_.pop_front();
      ++lost_;
    }
  }
  wake_.notify_all();
}

std::size_t AuditTrail::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void AuditTrail::run() {
  for (;;) {
    const bool written = write_waiting();
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    const auto something = [this] { return stopping_ || !waiting_.empty(); };
    if (written) {
      wake_.wait(lock, something);
    } else {
      wake_.wait_for(lock, retry_after, [this] { return stopping_; });
    }
  }
}

// False: the log cannot be written now.
bool AuditTrail::write_waiting() {
  for (;;) {
    keys::AuditEntry next;
    std::size_t lost = 0;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) return true;
      next = waiting_.front();
      lost = lost_;
    }
    if (lost != 0) {
      keys::AuditEntry told = next;
      told.type = "server-acts-lost";
      told.object = fmt::format("{} acts before this one", lost);
      told.level = keys::AuditLevel::error;
      told.detail = {};
      next = std::move(told);
    }
    const base::Status outcome = write(next);
    say(outcome);
    if (!outcome) return false;
    const std::lock_guard lock(mutex_);
    if (lost != 0) {
      lost_ -= lost;
    } else if (lost_ == 0) {
      waiting_.pop_front();
    }
  }
}

base::Status AuditTrail::write(const keys::AuditEntry& entry) const {
  const auto announce = [this](const std::string& head) {
    log_->write(base::Level::notice, "tld: " + head);
  };
  TLD_TRY(auto log, keys::AuditLog::open(directory_, announce));
  keys::AuditEntry whole = keys::entry_by_this_user(entry.type, entry.object, entry.time);
  whole.clock = entry.clock;
  whole.result = entry.result;
  whole.level = entry.level;
  whole.detail.insert(entry.detail.begin(), entry.detail.end());
  TLD_TRY(log.append(whole));
  return base::ok();
}

void AuditTrail::say(const base::Status& outcome) {
  const std::string trouble = outcome ? "" : outcome.error().message;
  if (trouble == std::exchange(said_, trouble)) return;
  if (trouble.empty()) {
    log_->write(base::Level::notice, "tld: the audit log is written again");
    return;
  }
  log_->write(
      base::Level::critical,
      fmt::format("tld: the audit log cannot be written: {}. What happens is kept in memory "
                  "and tried again",
                  trouble));
}

}  // namespace tld::plugin
