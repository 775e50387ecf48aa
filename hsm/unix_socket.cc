// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/unix_socket.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tld::hsm {
namespace {

base::Result<sockaddr_un> address(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof out.sun_path) {
    return base::invalid_input("socket path '" + path + "' is empty or longer than 107 octets");
  }
  path.copy(out.sun_path, path.size());
  return out;
}

base::Error system_error(const std::string& path) {
  return base::unavailable("socket " + path + ": " + std::strerror(errno));
}

base::FileDescriptor make_socket() {
  return base::FileDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

}  // namespace

base::Result<base::FileDescriptor> connect_unix(const std::string& path) {
  TLD_TRY(const sockaddr_un to, address(path));
  base::FileDescriptor out = make_socket();
  if (!out || connect(out.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return system_error(path);
  }
  return out;
}

base::Result<base::FileDescriptor> bind_unix(const std::string& path, unsigned mode) {
  TLD_TRY(const sockaddr_un at, address(path));
  base::FileDescriptor out = make_socket();
  if (!out) return system_error(path);
  const mode_t before = umask(0177);  // nobody else can connect before the mode is set
  const int bound = bind(out.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at);
  const int bind_errno = errno;
  umask(before);
  errno = bind_errno;
  if (bound != 0 || chmod(path.c_str(), mode) != 0) return system_error(path);
  return out;
}

bool is_served(const std::string& path) {
  const auto to = address(path);
  if (to.has_error()) return false;
  const base::FileDescriptor out = make_socket();
  if (connect(out.get(), reinterpret_cast<const sockaddr*>(&to.value()), sizeof to.value()) == 0) {
    return true;
  }
  return errno != ECONNREFUSED && errno != ENOENT;
}

EventFlag::EventFlag() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!fd_) std::abort();  // no descriptors left at start: nothing can work
}

void EventFlag::raise() {
  const std::uint64_t one = 1;
  if (write(fd_.get(), &one, sizeof one) < 0) return;  // full: it is raised already
}

void EventFlag::lower() {
  std::uint64_t count = 0;
  if (read(fd_.get(), &count, sizeof count) < 0) return;  // was not raised
}

Doorbell::Doorbell() : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (!fd_) std::abort();  // no descriptors left at start: nothing can work
}

void Doorbell::ring() {
  if (state_ == State::rings) return;
  state_ = State::rings;
  set(std::chrono::nanoseconds(1));  // 0 would stop it
}

void Doorbell::ring_within(std::chrono::microseconds time) {
  if (state_ != State::silent) return;
  state_ = State::set;
  set(time);
}

void Doorbell::silence() {
  if (state_ == State::silent) return;
  state_ = State::silent;
  set(std::chrono::nanoseconds(0));  // takes back a ring that nobody has read, too
}

void Doorbell::set(std::chrono::nanoseconds time) {
  itimerspec spec{};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (time - seconds).count();
  timerfd_settime(fd_.get(), 0, &spec, nullptr);
}

}  // namespace tld::hsm
