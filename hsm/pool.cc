// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/pool.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace tld::hsm {
namespace {

using Fitness = PoolMember::Fitness;
using std::chrono::steady_clock;

constexpr std::size_t nobody = static_cast<std::size_t>(-1);
constexpr std::chrono::milliseconds wake_at_most_every{1};

// So that a member that hangs leaves time for those after it.
base::Deadline share_of(base::Deadline deadline, std::size_t members_left) {
  const auto now = steady_clock::now();
  return now + (deadline - now) / static_cast<int>(members_left);
}

// So little time that a token could not have answered in it.
bool was_too_short(const PoolMember& member, base::ErrorKind kind, steady_clock::duration time) {
  return kind == base::ErrorKind::timed_out && time < 2 * member.usual_latency();
}

}  // namespace

bool worth_another(base::ErrorKind kind) {
  // A key that is not there, or a gate that is configured otherwise, may be right elsewhere; a
  // request that breaks a rule breaks it everywhere.
  return kind != base::ErrorKind::invalid_input;
}

bool speaks_against_token(base::ErrorKind kind) {
  return kind == base::ErrorKind::unavailable || kind == base::ErrorKind::timed_out ||
         kind == base::ErrorKind::internal;
}

struct KeyPool::Attempt {
  std::size_t member = 0;
  base::Deadline begun;
  bool outrun = false;
  bool finished = false;
};

struct KeyPool::Request {
  KeyId id;
  std::string message;
  base::Deadline deadline;
  SignDone done;
  std::vector<Attempt> attempts = {};  // each with another member
  std::size_t under_way = 0;
  bool is_answered = false;
  std::optional<base::Error> error = {};  // the last one

  bool has_tried(std::size_t member) const {
    return std::any_of(attempts.begin(), attempts.end(),
                       [member](const Attempt& attempt) { return attempt.member == member; });
  }
};

KeyPool::KeyPool(Members members, Options options)
    : members_(std::move(members)), options_(options) {
  assert(!members_.empty());
  if (members_.size() > 1) thread_ = std::thread([this] { run(); });
}

KeyPool::~KeyPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return attempts_ == 0; });
}

void KeyPool::sign(const KeyId& id, std::string message, base::Deadline deadline, SignDone done) {
  if (deadline <= steady_clock::now()) {
    return done(base::timed_out("the deadline had passed already"));
  }
  auto request = std::make_shared<Request>();
  request->id = id;
  request->message = std::move(message);
  request->deadline = deadline;
  request->done = std::move(done);
  if (launch(request, false)) return;
  std::string why = "no token may be asked";
  for (const auto& member : members_) why += "; " + member->name() + ": " + member->view().why;
  request->done(base::unavailable(std::move(why)));
}

// The member to ask next; nobody when there is none.
std::size_t KeyPool::choose(const Request& request, base::Deadline now, bool only_fit,
                            bool& is_try) const {
  std::size_t to_try = nobody;
  std::size_t fit = nobody;
  std::size_t doubtful = nobody;
  const bool is_first = request.attempts.empty();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (request.has_tried(i)) continue;
    const Fitness fitness = members_[i]->fitness(now);
    const bool tries = fitness == Fitness::wants_try || (is_first && fitness == Fitness::silent);
    if (tries && to_try == nobody) to_try = i;
    if (fitness == Fitness::doubtful && doubtful == nobody) doubtful = i;
    if (fitness != Fitness::fit && (is_first || fitness != Fitness::silent)) continue;
    const bool better = fit != nobody && options_.order == TokenOrder::all_active &&
                        members_[i]->under_way() < members_[fit]->under_way();
    if (fit == nobody || better) fit = i;
  }
  if (only_fit) return fit;
  // A request that has lost time already is no trial.
  is_try = to_try != nobody && (is_first || fit == nobody);
  if (is_try) return to_try;
  return fit != nobody ? fit : doubtful;
}

// Sends the request to one more member; false when there is none for it.
bool KeyPool::launch(const std::shared_ptr<Request>& request, bool only_fit) {
  std::size_t index = 0;
  std::size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto now = steady_clock::now();
    if (request->is_answered) return true;
    bool is_try = false;
    index = choose(*request, now, only_fit, is_try);
    if (index == nobody) return false;
    members_[index]->begin(now, is_try);
    number = request->attempts.size();
    request->attempts.push_back({.member = index, .begun = now});
    ++request->under_way;
    ++attempts_;
    if (request->attempts.size() < members_.size()) schedule(request, *members_[index], now);
  }
  if (number > 0) retried_.fetch_add(1, std::memory_order_relaxed);
  members_[index]->door().sign(request->id, request->message, request->deadline,
                               [this, request, number](base::Result<Signature> result) {
                                 arrived(request, number, std::move(result));
                               });
  return true;
}

void KeyPool::schedule(const std::shared_ptr<Request>& request, const PoolMember& member,
                       base::Deadline now) {
  const auto usual = member.usual_latency();
  const auto wait =
      usual.count() == 0 ? options_.first_wait : std::max(options_.shortest_wait, 4 * usual);
  const base::Deadline due =
      now + std::min<steady_clock::duration>(wait, (request->deadline - now) / 2);
  waits_.emplace(due, request);
  if (due < sleeping_until_) changed_.notify_all();
}

void KeyPool::arrived(const std::shared_ptr<Request>& request, std::size_t number,
                      base::Result<Signature> result) {
  const bool go_on = result.has_error() && worth_another(result.error().kind);
  bool is_final = take(*request, number, result);
  if (!is_final && go_on && !launch(request, false)) {
    const std::lock_guard lock(mutex_);
    is_final = request->under_way == 0 && !std::exchange(request->is_answered, true);
  }
  if (is_final) {
    request->done(result.has_value() ? std::move(result)
                                     : base::Result<Signature>(*request->error));
  }
  const std::lock_guard lock(mutex_);
  --attempts_;
  if (stop_) changed_.notify_all();
}

// Notes what came of an attempt; true when the request has its answer by it.
bool KeyPool::take(Request& request, std::size_t number, base::Result<Signature>& result) {
  const std::lock_guard lock(mutex_);
  const auto now = steady_clock::now();
  Attempt& attempt = request.attempts[number];
  PoolMember& member = *members_[attempt.member];
  attempt.finished = true;
  --request.under_way;
  if (result.has_error()) {
    base::Error error = result.error();
    if (!error.message.starts_with("token ")) error = error.in("token " + member.name());
    if (speaks_against_token(error.kind) &&
        !was_too_short(member, error.kind, now - attempt.begun)) {
      member.failed(now, result.error());
    } else {
      member.refused();
    }
    const bool go_on = worth_another(error.kind);
    request.error = std::move(error);
    return !go_on && request.under_way == 0 && !std::exchange(request.is_answered, true);
  }
  if (attempt.outrun) {
    member.answered_late(attempt.begun, now);
  } else {
    member.answered(attempt.begun, now);
  }
  result.value().member = attempt.member;
  if (std::exchange(request.is_answered, true)) return false;
  for (std::size_t i = 0; i < number; ++i) {
    Attempt& earlier = request.attempts[i];
    if (earlier.finished) continue;
    earlier.outrun = true;
    members_[earlier.member]->outrun(now);
  }
  return true;
}

void KeyPool::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto now = steady_clock::now();
    std::vector<std::shared_ptr<Request>> due;
    while (!waits_.empty() && waits_.begin()->first <= now) {
      auto request = waits_.begin()->second.lock();
      waits_.erase(waits_.begin());
      if (request && !request->is_answered) due.push_back(std::move(request));
    }
    if (!due.empty()) {
      lock.unlock();
      for (const auto& request : due) launch(request, true);
      due.clear();  // the last reference's callback must not go under the lock
      lock.lock();
      continue;
    }
    sleeping_until_ = waits_.empty() ? base::Deadline::max()
                                     : std::max(waits_.begin()->first, now + wake_at_most_every);
    if (waits_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, sleeping_until_);
    }
  }
}

base::Result<std::vector<KeyInfo>> KeyPool::list(base::Deadline deadline) {
  base::Error error;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto keys = members_[i]->door().list(share_of(deadline, members_.size() - i));
    if (keys.has_value()) return keys;
    error = keys.error().in("token " + members_[i]->name());
  }
  return error;
}

base::Result<std::string> KeyPool::prove(const KeyId& id, std::string_view nonce,
                                         base::Deadline deadline) {
  base::Error error;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto proof = members_[i]->door().prove(id, nonce, share_of(deadline, members_.size() - i));
    if (proof.has_value()) return proof;
    error = proof.error().in("token " + members_[i]->name());
  }
  return error;
}

Health KeyPool::health(base::Deadline deadline) {
  Health out;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Health one = members_[i]->door().health(share_of(deadline, members_.size() - i));
    out.reachable = out.reachable || one.reachable;
    out.logged_in = out.logged_in || one.logged_in;
    out.sessions += one.sessions;
    out.queued += one.queued;
    out.signatures += one.signatures;
    if (one.detail.empty()) continue;
    out.detail += (out.detail.empty() ? "" : "; ") + members_[i]->name() + ": " + one.detail;
  }
  return out;
}

void KeyPool::judge(const KeyId&, std::size_t member, bool verifies) {
  members_.at(member)->judged(steady_clock::now(), verifies);
}

}  // namespace tld::hsm
