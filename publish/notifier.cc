// SPDX-License-Identifier: GPL-2.0-only
#include "publish/notifier.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "publish/notify_message.h"

namespace tld::publish {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

base::Result<std::uint16_t> random_id() {
  std::uint16_t id = 0;
  if (getrandom(&id, sizeof id, 0) != sizeof id) {
    return base::unavailable(std::string("getrandom: ") + std::strerror(errno));
  }
  return id;
}

// Connected: the kernel then passes on only what comes from that very address and port, and the
// port on our side is its random choice.
base::Result<base::FileDescriptor> open_socket(const base::SocketAddress& address) {
  base::FileDescriptor out(socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out || connect(out.get(), address.get(), address.size()) != 0) {
    return base::unavailable(std::strerror(errno));
  }
  return out;
}

}  // namespace

Notifier::Notifier(dns::Name apex, const std::vector<base::SocketAddress>& secondaries,
                   Options options, std::shared_ptr<const base::Clock> clock,
                   std::shared_ptr<base::Log> log)
    : apex_(std::move(apex)),
      options_(options),
      clock_(std::move(clock)),
      log_(std::move(log)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const auto state = state_.lock();
  for (const base::SocketAddress& address : secondaries) {
    targets_.emplace_back(address);
    state->emplace_back().address = address.text();
  }
  thread_ = std::thread([this] { run(); });
}

Notifier::~Notifier() {
  stopping_ = true;
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Notifier::notify(std::uint32_t serial) {
  {
    const auto state = state_.lock();
    for (Secondary& secondary : *state) {
      if (!secondary.behind_since) secondary.behind_since = clock_->now();
    }
    // Under the lock of the state, so that an answer to the last serial cannot come in between.
    *wanted_.lock() = serial;
  }
  eventfd_write(wake_.get(), 1);
}

void Notifier::run() {
  while (!stopping_) {
    std::optional<std::uint32_t> serial;
    std::swap(serial, *wanted_.lock());
    if (serial) begin(*serial);
    for (std::size_t i = 0; i < targets_.size(); ++i) serve(i);
    wait();
  }
}

void Notifier::wait() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  std::optional<base::Deadline> next;
  for (const Target& target : targets_) {
    if (target.transmissions == 0) continue;
    next = next ? std::min(*next, target.next) : target.next;
    if (target.socket) polled.push_back({target.socket.get(), POLLIN, 0});
  }
  int timeout = -1;
  if (next) {
    // Rounded up: else it would spin through the last millisecond.
    const auto left = std::chrono::ceil<milliseconds>(*next - steady_clock::now());
    timeout = static_cast<int>(std::max<milliseconds::rep>(0, left.count()));
  }
  poll(polled.data(), polled.size(), timeout);
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
}

void Notifier::begin(std::uint32_t serial) {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    targets_[i].serial = serial;
    targets_[i].transmissions = 0;
    targets_[i].socket.reset();
    targets_[i].logged.clear();
    {
      const auto state = state_.lock();
      (*state)[i].notified = serial;
      (*state)[i].given_up = false;
    }
    send(i);
  }
}

void Notifier::serve(std::size_t index) {
  const Target& target = targets_[index];
  if (target.transmissions == 0) return;
  if (target.socket) receive(index);
  if (target.transmissions == 0 || steady_clock::now() < target.next) return;
  if (target.transmissions >= options_.transmissions) {
    give_up(index);
  } else {
    send(index);
  }
}

void Notifier::send(std::size_t index) {
  Target& target = targets_[index];
  const unsigned doublings = std::min(target.transmissions, 20u);
  ++target.transmissions;
  target.next = steady_clock::now() +
                std::min(options_.first_retry * (1u << doublings), options_.longest_retry);
  if (!target.socket) {
    const auto id = random_id();
    auto opened = open_socket(target.address);
    if (!id || !opened) return note(index, id ? opened.error().message : id.error().message);
    target.id = id.value();
    target.socket = std::move(opened).value();
  }
  const std::string request = notify_request(target.id, apex_);
  if (::send(target.socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return note(index, std::strerror(errno));
  }
  counters_.sent.fetch_add(1, std::memory_order_relaxed);
  const auto state = state_.lock();
  if ((*state)[index].trouble.empty()) (*state)[index].trouble = "no answer yet";
}

void Notifier::receive(std::size_t index) {
  Target& target = targets_[index];
  char octets[4096];
  for (;;) {
    const ssize_t size = recv(target.socket.get(), octets, sizeof octets, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    // An ICMP error, "connection refused": nobody listens there now. The next transmission tries.
    if (size < 0) return note(index, std::strerror(errno));
    const auto rcode = notify_response({octets, static_cast<std::size_t>(size)}, target.id, apex_);
    if (!rcode) continue;
    // RFC 1996 §3.12: NOTIMP ends it too; such a secondary goes by the SOA's refresh.
    if (*rcode == rcode_noerror || *rcode == rcode_notimp) return answered(index);
    note(index, "it answers " + rcode_text(*rcode));
  }
}

void Notifier::answered(std::size_t index) {
  Target& target = targets_[index];
  target.transmissions = 0;
  target.socket.reset();
  counters_.answered.fetch_add(1, std::memory_order_relaxed);
  const auto state = state_.lock();
  Secondary& secondary = (*state)[index];
  secondary.answered = target.serial;
  secondary.trouble.clear();
  if (!*wanted_.read()) secondary.behind_since.reset();
}

void Notifier::give_up(std::size_t index) {
  Target& target = targets_[index];
  target.transmissions = 0;
  target.socket.reset();
  counters_.given_up.fetch_add(1, std::memory_order_relaxed);
  std::string trouble;
  {
    const auto state = state_.lock();
    (*state)[index].given_up = true;
    trouble = (*state)[index].trouble;
  }
  log_->write(base::Level::error,
              fmt::format("{}: given up after {} transmissions ({}); it is told again of the next "
                          "serial",
                          about(target), options_.transmissions, trouble));
}

void Notifier::note(std::size_t index, const std::string& trouble) {
  Target& target = targets_[index];
  (*state_.lock())[index].trouble = trouble;
  if (target.logged == trouble) return;
  target.logged = trouble;
  log_->write(base::Level::warning, fmt::format("{}: {}; sent again", about(target), trouble));
}

std::string Notifier::about(const Target& target) const {
  return fmt::format("tld: zone {}: NOTIFY of serial {} to {}", apex_.text(), target.serial,
                     target.address.text());
}

}  // namespace tld::publish
