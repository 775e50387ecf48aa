// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/client_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>

namespace tld::hsm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_back_off{20};
constexpr milliseconds longest_back_off{1000};
constexpr std::size_t most_pending = 100'000;
constexpr std::size_t most_unsent = std::size_t{64} << 20;
// While the token has this much to do already, requests are sent so many at once.
constexpr std::size_t busy = 8;
constexpr std::size_t requests_at_once = 64;
constexpr std::chrono::microseconds longest_unsent{250};

milliseconds time_left(base::Deadline deadline, base::Deadline now) {
  return std::chrono::ceil<milliseconds>(deadline - now);
}

}  // namespace

HsmClient::Connection::Connection(Options options, std::shared_ptr<base::Log> log)
    : options_(std::move(options)), log_(std::move(log)), back_off_(first_back_off) {
  thread_ = std::thread([this] { run(); });
}

HsmClient::Connection::~Connection() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    connected_changed_.notify_all();
  }
  wake_.raise();
  thread_.join();
}

base::Error HsmClient::Connection::away() const {
  return base::unavailable("token " + options_.token + ": " + why_not_connected_);
}

void HsmClient::Connection::submit(Request request, base::Deadline deadline, Done done) {
  std::unique_lock lock(mutex_);
  const auto now = steady_clock::now();
  base::Result<std::string> failure = std::string();
  if (deadline <= now) {
    failure = base::timed_out("the deadline had passed already");
  } else if (!socket_ || broken_) {
    failure = away();
  } else if (pending_.size() >= most_pending || out_.size() >= most_unsent) {
    failure = base::unavailable("token " + options_.token + ": too many requests are waiting");
  }
  if (failure.has_error()) {
    lock.unlock();
    return done(std::move(failure));
  }
  request.id = ++last_id_;
  request.remaining = time_left(deadline, now);
  pending_.emplace(request.id, Pending{request.kind, deadline, std::move(done)});
  deadlines_.emplace(deadline, request.id);
  ++statistics_.requests;
  out_ += encode(request);
  if (++unsent_ < requests_at_once && pending_.size() > busy) {
    flush_soon_.ring_within(longest_unsent);
    if (deadline < sleeping_until_) wake_.raise();
    return;
  }
  flush();
  if (!out_.empty() || broken_ || deadline < sleeping_until_) wake_.raise();
}

base::Result<std::string> HsmClient::Connection::ask(Request request, base::Deadline deadline,
                                                     bool connect_first) {
  if (connect_first) {
    std::unique_lock lock(mutex_);
    if (!connected_changed_.wait_until(lock, deadline,
                                       [&] { return (socket_ && !broken_) || stop_; })) {
      return away();
    }
  }
  auto promise = std::make_shared<std::promise<base::Result<std::string>>>();
  auto future = promise->get_future();
  submit(std::move(request), deadline,
         [promise](base::Result<std::string> body) { promise->set_value(std::move(body)); });
  return future.get();
}

HsmClient::Statistics HsmClient::Connection::statistics() const {
  const std::lock_guard lock(mutex_);
  Statistics out = statistics_;
  out.connected = static_cast<bool>(socket_) && !broken_;
  return out;
}

void HsmClient::Connection::say(Said state, const std::string& details) {
  if (said_ == state) return;
  said_ = state;
  const std::string text = "hsm: token " + options_.token + ": " + details;
  if (state == Said::answering) log_->write(base::Level::notice, text);
  if (state == Said::away) log_->write(base::Level::warning, text + "; connecting again");
}

// The thread: each round does what is due under the lock, makes the callbacks without it, and
// sleeps until a reply, a deadline or a caller wakes it.
void HsmClient::Connection::run() {
  for (;;) {
    Calls calls;
    base::Deadline until;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      stopping = stop_;
      until = step(steady_clock::now(), calls);
    }
    for (Call& call : calls) call.done(std::move(call.result));
    if (stopping) return;
    if (calls.empty()) wait(until);
  }
}

// Returns when to look again.
base::Deadline HsmClient::Connection::step(base::Deadline now, Calls& calls) {
  if (stop_) {
    why_not_connected_ = "the client is closing";
    drop(why_not_connected_, calls);
    return now;
  }
  if (!socket_ && now >= try_again_at_) connect_again(now);
  if (socket_) receive(calls);
  if (socket_ && !out_.empty() && (unsent_ == 0 || flush_is_due_)) flush();
  if (broken_) drop("the connection broke", calls);
  expire(now, calls);
  base::Deadline next = deadlines_.empty() ? base::Deadline::max() : deadlines_.begin()->first;
  if (!socket_) next = std::min(next, try_again_at_);
  return sleeping_until_ = next;
}

void HsmClient::Connection::connect_again(base::Deadline now) {
  auto connected = connect_unix(options_.socket);
  if (connected.has_error()) {
    why_not_connected_ = connected.error().message;
    try_again_at_ = now + back_off_;
    back_off_ = std::min(back_off_ * 2, longest_back_off);
    return say(Said::away, why_not_connected_);
  }
  socket_ = std::move(connected.value());
  reader_ = FrameReader();
  out_.clear();
  ++statistics_.connections;
  connected_changed_.notify_all();
}

void HsmClient::Connection::receive(Calls& calls) {
  std::array<char, 1 << 16> buffer;
  for (int round = 0; round < 16; ++round) {  // deadlines wait behind this
    const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size == 0) return drop("the process closed the connection", calls);
    if (size < 0) return drop(std::strerror(errno), calls);
    reader_.add({buffer.data(), static_cast<std::size_t>(size)});
    if (!take_replies(calls)) {
      ++statistics_.malformed_frames;
      return drop("what answers on " + options_.socket + " is no tld-hsmd", calls);
    }
    if (static_cast<std::size_t>(size) < buffer.size()) return;
  }
}

bool HsmClient::Connection::take_replies(Calls& calls) {
  for (;;) {
    const auto frame = reader_.next();
    if (frame.has_error()) return false;
    if (!frame.value()) return true;
    if (!take_reply(*frame.value(), calls)) return false;
  }
}

bool HsmClient::Connection::take_reply(std::string_view frame, Calls& calls) {
  auto reply = decode_reply(frame);
  if (reply.has_error() || reply.value().id == 0 || reply.value().id > last_id_) return false;
  const auto found = pending_.find(reply.value().id);
  if (found == pending_.end()) {
    ++statistics_.late_replies;
    return true;
  }
  if (found->second.kind != reply.value().kind) return false;
  say(Said::answering, "tld-hsmd answers on " + options_.socket);
  back_off_ = first_back_off;  // a real tld-hsmd, not merely something that accepts
  deadlines_.erase({found->second.deadline, found->first});
  calls.push_back({std::move(found->second.done), std::move(reply.value()).result()});
  pending_.erase(found);
  return true;
}

// Gives the kernel what it takes now.
void HsmClient::Connection::flush() {
  unsent_ = 0;
  flush_soon_.silence();
  while (!out_.empty() && !broken_) {
    const ssize_t size = send(socket_.get(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size < 0) {
      broken_ = true;
      return;
    }
    out_.erase(0, static_cast<std::size_t>(size));
  }
}

void HsmClient::Connection::expire(base::Deadline now, Calls& calls) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = pending_.find(deadlines_.begin()->second);
    calls.push_back({std::move(found->second.done),
                     base::timed_out("token " + options_.token + " did not answer in time")});
    pending_.erase(found);
    deadlines_.erase(deadlines_.begin());
    ++statistics_.timed_out;
  }
}

void HsmClient::Connection::drop(const std::string& reason, Calls& calls) {
  if (socket_ && !stop_) {
    say(Said::away, reason + "; " + std::to_string(pending_.size()) + " requests fail");
  }
  why_not_connected_ = reason;
  socket_.reset();
  broken_ = false;
  try_again_at_ = steady_clock::now() + back_off_;
  back_off_ = std::min(back_off_ * 2, longest_back_off);
  for (auto& [id, pending] : pending_) calls.push_back({std::move(pending.done), away()});
  pending_.clear();
  deadlines_.clear();
  out_.clear();
  unsent_ = 0;
  flush_soon_.silence();
}

void HsmClient::Connection::wait(base::Deadline until) {
  std::array<pollfd, 3> fds{};
  fds[0] = {wake_.fd(), POLLIN, 0};
  fds[1] = {-1, POLLIN, 0};
  fds[2] = {flush_soon_.fd(), POLLIN, 0};
  {
    const std::lock_guard lock(mutex_);
    // Only this thread opens and closes socket_, so it stays what it is while polled.
    if (socket_) fds[1].fd = socket_.get();
    if (!out_.empty() && unsent_ == 0) fds[1].events |= POLLOUT;
    until = std::min(until, deadlines_.empty() ? until : deadlines_.begin()->first);
  }
  const auto now = steady_clock::now();
  int timeout = -1;
  if (until != base::Deadline::max()) {
    timeout = static_cast<int>(std::clamp<std::int64_t>(time_left(until, now).count(), 0, 60'000));
  }
  poll(fds.data(), fds.size(), timeout);
  if (fds[0].revents != 0) wake_.lower();
  flush_is_due_ = fds[2].revents != 0;
}

}  // namespace tld::hsm
