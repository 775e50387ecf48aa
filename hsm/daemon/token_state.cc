// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/token_state.h"

#include <iterator>
#include <utility>

#include "base/bytes.h"

namespace tld::hsm {
namespace {

constexpr std::size_t most_jobs = 200'000;
// A job is some hundred octets: so much holds all of them, and a client that sends the longest
// frames gets no more.
constexpr std::size_t most_octets = std::size_t{64} << 20;

}  // namespace

std::optional<base::Error> TokenState::refusal_locked(const Job& job) const {
  if (stop_) return base::unavailable("tld-hsmd is stopping");
  if (!opened_.token) return away_locked();
  if (jobs_.size() < most_jobs && job.request.message.size() <= most_octets - jobs_octets_) {
    return std::nullopt;
  }
  return base::unavailable("too many requests are waiting for the token");
}

void TokenState::add_jobs(std::vector<Job> jobs) {
  std::vector<std::pair<Job, base::Error>> refused;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t before = jobs_.size();
    for (Job& job : jobs) {
      if (auto refusal = refusal_locked(job)) {
        refused.emplace_back(std::move(job), std::move(*refusal));
        continue;
      }
      jobs_octets_ += job.request.message.size();
      insert_locked(std::move(job));
    }
    if (jobs_.size() == before + 1) {
      job_added_.notify_one();
    } else if (jobs_.size() > before) {
      job_added_.notify_all();
    }
  }
  for (auto& [job, refusal] : refused) job.done(std::move(refusal));
}

// By deadline. Nearly all go to the end.
void TokenState::insert_locked(Job job) {
  auto at = jobs_.end();
  while (at != jobs_.begin() && std::prev(at)->deadline > job.deadline) --at;
  jobs_.insert(at, std::move(job));
}

void TokenState::when_idle(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  idle_ = std::move(call);
}

std::optional<Job> TokenState::next_job(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  if (jobs_.empty() && idle_) {
    lock.unlock();
    idle_();
    lock.lock();
  }
  job_added_.wait(lock, [&] { return stop_ || opened_.number != number || !jobs_.empty(); });
  if (stop_ || opened_.number != number) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  jobs_octets_ -= job.request.message.size();
  return job;
}

TokenState::Opened TokenState::begin_session() {
  const std::lock_guard lock(mutex_);
  if (opened_.token) ++sessions_;
  return opened_;
}

void TokenState::report_gone(std::uint64_t number, const std::string& reason) {
  std::deque<Job> failed;
  std::shared_ptr<Token> last_reference;  // closed without the lock: it calls the module
  {
    const std::lock_guard lock(mutex_);
    if (opened_.number != number || !opened_.token) return;  // somebody reported it already
    last_reference = std::move(opened_.token);
    ++opened_.number;
    why_away_ = reason;
    failed.swap(jobs_);
    jobs_octets_ = 0;
    job_added_.notify_all();
    token_changed_.notify_all();
  }
  for (Job& job : failed) job.done(base::unavailable(reason));
}

void TokenState::session_closed() {
  const std::lock_guard lock(mutex_);
  --sessions_;
  token_changed_.notify_all();
}

void TokenState::key_found(const KeyInfo& key) {
  const std::lock_guard lock(mutex_);
  missing_.erase(key.id);
  found_[key.id] = key;
}

void TokenState::key_missing(const KeyId& id) {
  const std::lock_guard lock(mutex_);
  missing_.insert(id);
  found_.erase(id);
}

void TokenState::signature_made() {
  const std::lock_guard lock(mutex_);
  ++signatures_;
}

bool TokenState::wait_until_away() {
  std::unique_lock lock(mutex_);
  token_changed_.wait(lock, [&] { return stop_ || (!opened_.token && sessions_ == 0); });
  return !stop_;
}

bool TokenState::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !token_changed_.wait_for(lock, time, [&] { return stop_; });
}

void TokenState::set_opened(std::shared_ptr<Token> token) {
  const std::lock_guard lock(mutex_);
  opened_.token = std::move(token);
  ++opened_.number;
  job_added_.notify_all();
}

void TokenState::set_away(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  why_away_ = reason;
}

base::Result<std::vector<KeyInfo>> TokenState::keys() const {
  const std::lock_guard lock(mutex_);
  if (!opened_.token) return away_locked();
  std::vector<KeyInfo> out;
  for (const auto& [id, key] : found_) out.push_back(key);
  return out;
}

Health TokenState::health() const {
  const std::lock_guard lock(mutex_);
  Health out{.reachable = true,
             .logged_in = opened_.token != nullptr,
             .detail = opened_.token ? "" : why_away_,
             .sessions = sessions_,
             .queued = static_cast<std::uint32_t>(jobs_.size()),
             .signatures = signatures_};
  if (!opened_.token) return out;
  for (const KeyId& id : missing_) {
    out.detail += (out.detail.empty() ? "not in the token: key " : ", ") + base::to_hex(id);
  }
  return out;
}

base::Error TokenState::away_locked() const {
  return base::unavailable(why_away_);
}

void TokenState::stop() {
  std::deque<Job> failed;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    failed.swap(jobs_);
    jobs_octets_ = 0;
    job_added_.notify_all();
    token_changed_.notify_all();
  }
  for (Job& job : failed) job.done(base::unavailable("tld-hsmd is stopping"));
}

void TokenState::close() {
  const std::shared_ptr<Token> last_reference = std::exchange(opened_.token, nullptr);
}

bool TokenState::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

}  // namespace tld::hsm
