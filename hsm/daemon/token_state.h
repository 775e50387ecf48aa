// SPDX-License-Identifier: GPL-2.0-only
//
// What the threads of tld-hsmd share about the token: whether it is there, its keys, what waits to
// be signed. The keeper opens the token, the workers use it and report when it is gone.
//
// Thread rule: every member function may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hsm/frame.h"
#include "hsm/token.h"

namespace tld::hsm {

// A request that needs the token.
struct Job {
  Request request;
  base::Deadline deadline;
  std::function<void(base::Result<std::string>)> done;
};

class TokenState {
 public:
  // A token that is logged in; a new number each time.
  struct Opened {
    std::shared_ptr<Token> token;  // null: it is away
    std::uint64_t number = 0;
  };

  // For the workers.
  // Answers unavailable itself while the token is away, or when too many wait.
  void add_jobs(std::vector<Job> jobs);
  // Called by a worker that finds no job, without a lock. REQUIRES: set once, before the first job.
  void when_idle(std::function<void()> call);
  // Waits for a job, or for the token with `number` to be gone (nullopt), or for the end (nullopt).
  std::optional<Job> next_job(std::uint64_t number);
  // With a token in it, the caller counts as having a session until session_closed().
  Opened begin_session();
  void session_closed();
  void report_gone(std::uint64_t number, const std::string& reason);
  void key_found(const KeyInfo& key);
  void key_missing(const KeyId& id);
  void signature_made();

  // For the keeper.
  // Until the token is away and all its sessions are closed; false: the end.
  bool wait_until_away();
  bool pause(std::chrono::milliseconds time);  // false: the end
  void set_opened(std::shared_ptr<Token> token);
  void set_away(const std::string& reason);

  // For the socket.
  base::Result<std::vector<KeyInfo>> keys() const;
  Health health() const;

  void stop();  // jobs that wait get unavailable
  // Closes the token. REQUIRES: stopped, and no session is left.
  void close();
  bool stopping() const;

 private:
  base::Error away_locked() const;
  std::optional<base::Error> refusal_locked(const Job& job) const;
  void insert_locked(Job job);

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable job_added_;
  std::condition_variable token_changed_;
  std::function<void()> idle_;
  std::deque<Job> jobs_;         // the earliest deadline first
  std::size_t jobs_octets_ = 0;  // of their messages
  Opened opened_;
  std::string why_away_ = "the token is being opened";
  std::set<KeyId> missing_;
  std::map<KeyId, KeyInfo> found_;
  std::uint32_t sessions_ = 0;
  std::uint64_t signatures_ = 0;
  bool stop_ = false;
};

}  // namespace tld::hsm
