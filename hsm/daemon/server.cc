// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/server.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace tld::hsm {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_peers = 64;
constexpr std::size_t most_unsent = std::size_t{64} << 20;
constexpr std::size_t own_descriptors = 3;  // in front of the peers' in a poll
// While the token has more to do, replies go so many at once.
constexpr std::size_t replies_at_once = 64;
constexpr std::chrono::microseconds longest_unsent{2000};

}  // namespace

void Server::Outbox::add(std::uint64_t peer, std::string reply) {
  const std::lock_guard lock(mutex);
  replies.emplace_back(peer, std::move(reply));
  if (replies.size() < replies_at_once) {
    filled.ring_within(longest_unsent);
  } else {
    filled.ring();
  }
}

void Server::Outbox::send_now() {
  const std::lock_guard lock(mutex);
  if (!replies.empty()) filled.ring();
}

Server::Server(Listener listener, Service& service, base::Log& log)
    : listener_(std::move(listener)), service_(service), log_(log) {
  service_.when_idle([outbox = outbox_] { outbox->send_now(); });
}

void Server::run(int stop_fd) {
  while (!stop_) wait(stop_fd);
}

// One round: sleeps until something happens, then does it.
void Server::wait(int stop_fd) {
  std::vector<pollfd> fds{{stop_fd, POLLIN, 0},
                          {outbox_->filled.fd(), POLLIN, 0},
                          {peers_.size() < most_peers ? listener_.fd() : -1, POLLIN, 0}};
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, peer] : peers_) {
    const auto events = static_cast<short>(peer.out.empty() ? POLLIN : POLLIN | POLLOUT);
    fds.push_back({peer.socket.get(), events, 0});
    numbers.push_back(number);
  }
  if (poll(fds.data(), fds.size(), -1) < 0) return;
  stop_ = fds[0].revents != 0;
  if (fds[1].revents != 0) collect_replies();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto found = peers_.find(numbers[i]);
    if (!serve(found->first, found->second, fds[own_descriptors + i].revents)) peers_.erase(found);
  }
  if (fds[2].revents != 0) accept_all();
}

void Server::accept_all() {
  while (peers_.size() < most_peers) {
    auto peer = listener_.accept();
    if (peer.has_error()) {
      log_.write(base::Level::warning, "tld-hsmd: connection refused: " + peer.error().message);
      continue;
    }
    if (!peer.value()) return;
    peers_[++last_peer_].socket = std::move(peer.value());
  }
}

void Server::collect_replies() {
  std::vector<std::pair<std::uint64_t, std::string>> replies;
  {
    const std::lock_guard lock(outbox_->mutex);
    outbox_->filled.silence();
    replies.swap(outbox_->replies);
  }
  for (auto& [number, reply] : replies) {
    const auto found = peers_.find(number);
    if (found != peers_.end()) found->second.out += reply;
  }
}

// False when the peer is done with.
bool Server::serve(std::uint64_t number, Peer& peer, short events) {
  if ((events & POLLIN) != 0 && !receive(number, peer)) return false;
  if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0 && (events & POLLIN) == 0) return false;
  return flush(peer);
}

bool Server::receive(std::uint64_t number, Peer& peer) {
  std::array<char, 1 << 16> buffer;
  const ssize_t size = recv(peer.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  if (size == 0) return false;
  peer.reader.add({buffer.data(), static_cast<std::size_t>(size)});
  return take_requests(number, peer);
}

// All that came at once goes to the token's queue at once: its threads wake up once.
bool Server::take_requests(std::uint64_t number, Peer& peer) {
  std::vector<Job> jobs;
  const bool goes_on = take_requests(number, peer, jobs);
  service_.submit(std::move(jobs));
  return goes_on;
}

bool Server::take_requests(std::uint64_t number, Peer& peer, std::vector<Job>& jobs) {
  for (;;) {
    const auto frame = peer.reader.next();
    if (frame.has_value() && !frame.value()) return true;
    auto request =
        frame.has_value() ? decode_request(*frame.value()) : base::Result<Request>(frame.error());
    if (request.has_error()) {
      log_.write(base::Level::warning,
                 "tld-hsmd: closing a connection: " + request.error().message);
      return false;
    }
    if (request.value().kind == Kind::health || request.value().kind == Kind::list) {
      answer(peer, request.value());
    } else {
      jobs.push_back(job_for(number, std::move(request.value())));
    }
  }
}

void Server::answer(Peer& peer, const Request& request) {
  Reply reply{request.kind, request.id, {}, {}};
  if (request.kind == Kind::health) {
    reply.body = encode(service_.health());
    peer.out += encode(reply);
  } else {
    const auto keys = service_.keys();
    peer.out +=
        encode(Reply::to(reply, keys.has_value() ? base::Result<std::string>(encode(keys.value()))
                                                 : base::Result<std::string>(keys.error())));
  }
}

Job Server::job_for(std::uint64_t number, Request request) {
  const Reply reply{request.kind, request.id, {}, {}};
  const auto deadline = steady_clock::now() + request.remaining;
  return {std::move(request), deadline,
          [outbox = outbox_, number, reply](base::Result<std::string> signature) {
            outbox->add(number, encode(Reply::to(reply, std::move(signature))));
          }};
}

bool Server::flush(Peer& peer) const {
  while (!peer.out.empty()) {
    const ssize_t size =
        send(peer.socket.get(), peer.out.data(), peer.out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (size < 0) return false;
    peer.out.erase(0, static_cast<std::size_t>(size));
  }
  return peer.out.size() <= most_unsent;
}

}  // namespace tld::hsm
