// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/worker.h"

#include <utility>

#include "base/bytes.h"
#include "hsm/proof.h"
#include "hsm/token_keys.h"

namespace tld::hsm {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds search_interval{1};

}  // namespace

Worker::Worker(const DaemonConfig& config, TokenState& state, Watchdog::Line& line,
               const base::Clock& clock, base::Log& log)
    : config_(config), state_(state), line_(line), clock_(clock), log_(log) {}

void Worker::run() {
  while (!state_.stopping()) {
    TokenState::Opened opened = state_.begin_session();
    if (opened.token) {
      serve(std::move(opened));
    } else {
      state_.next_job(opened.number);  // while the token is away none comes: waits for a change
    }
  }
}

// With a session of its own, until the token is gone or all ends.
void Worker::serve(TokenState::Opened opened) {
  {
    const Watched watched(line_);
    auto session = Session::open(opened.token);
    if (session.has_value())
      session_ = std::move(session.value());
    else
      state_.report_gone(opened.number, session.error().message);
    opened.token.reset();
  }
  if (session_) serve_jobs(opened.number);
  {
    const Watched watched(line_);
    session_.reset();
  }
  keys_.clear();
  next_search_.clear();
  state_.session_closed();
}

void Worker::serve_jobs(std::uint64_t number) {
  while (std::optional<Job> job = state_.next_job(number)) {
    if (steady_clock::now() >= job->deadline) {
      job->done(base::timed_out("the deadline passed before the token was free"));
      continue;
    }
    gone_.clear();
    job->done(perform(*job));
    if (gone_.empty()) continue;
    log_.write(base::Level::error, "tld-hsmd: the token is gone: " + gone_);
    const Watched watched(line_);
    return state_.report_gone(number, gone_);
  }
}

base::Result<std::string> Worker::perform(const Job& job) {
  const Watched watched(line_);
  session_->forget_repair();
  TLD_TRY(const TokenKey* found, key(job.request.key));
  auto signature = sign(*found, job.request);
  if (session_->repair() != Repair::find_key) return signature;
  keys_.erase(job.request.key);  // its handle is stale: look for it once more
  TLD_TRY(found, key(job.request.key));
  return sign(*found, job.request);
}

base::Result<std::string> Worker::sign(const TokenKey& key, const Request& request) {
  TLD_TRY(const std::string message, message_to_sign(key, request));
  auto signature = session_->sign(key, message);
  if (signature.has_value()) state_.signature_made();
  if (session_->repair() == Repair::open_again) gone_ = signature.error().message;
  return signature;
}

base::Result<const TokenKey*> Worker::key(const KeyId& id) {
  const auto known = keys_.find(id);
  if (known != keys_.end()) return &known->second;
  base::Deadline& next = next_search_[id];
  const auto now = steady_clock::now();
  if (now < next) return base::not_found("the token has no usable key " + base::to_hex(id));
  auto found = find_key(*session_, id);
  if (found.has_error()) {
    next = now + search_interval;
    base::Error error = std::move(found).error();
    if (const base::Status login = session_->check_login(); !login) error = login.error();
    if (error.kind == base::ErrorKind::unavailable) {
      gone_ = error.message;
    } else {
      state_.key_missing(id);
    }
    return error;
  }
  state_.key_found(found.value().info);
  return &keys_.emplace(id, std::move(found.value())).first->second;
}

base::Result<std::string> Worker::message_to_sign(const TokenKey& key,
                                                  const Request& request) const {
  if (request.kind == Kind::prove) {
    if (request.message.size() < smallest_nonce || request.message.size() > largest_nonce) {
      return base::invalid_input("a proof needs a nonce of 16 to 64 octets");
    }
    return proof_message(request.message);
  }
  TLD_TRY(check_rrsig_input(request.message, key.info.public_key.algorithm,
                            config_.zones.at(request.key), clock_.now()));
  return request.message;
}

}  // namespace tld::hsm
