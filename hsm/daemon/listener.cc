// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "hsm/unix_socket.h"

namespace tld::hsm {
namespace {

base::Status check_directory(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path();
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0) {
    return base::unavailable("directory " + directory + ": " + std::strerror(errno));
  }
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return base::refused("directory " + directory + " belongs to somebody else");
  }
  if ((info.st_mode & 022) != 0) {
    return base::refused("directory " + directory +
                         " is writable for group or others, who could replace the socket");
  }
  return base::ok();
}

base::Result<base::FileDescriptor> take_lock(const std::string& path) {
  base::FileDescriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock) return base::unavailable(path + ": " + std::strerror(errno));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return base::unavailable("another tld-hsmd holds " + path);
  }
  return lock;
}

base::Status remove_stale(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return base::ok();
  if (!S_ISSOCK(info.st_mode)) return base::refused(path + " is there and is no socket");
  if (is_served(path)) return base::unavailable("another process listens on " + path);
  if (unlink(path.c_str()) != 0) return base::unavailable(path + ": " + std::strerror(errno));
  return base::ok();
}

// Connecting needs write permission; SO_PEERCRED then decides.
unsigned socket_mode(const std::vector<uid_t>& users) {
  const bool only_us =
      std::all_of(users.begin(), users.end(), [](uid_t user) { return user == geteuid(); });
  return only_us ? 0600 : 0666;
}

}  // namespace

Listener::Listener(std::string path, std::vector<uid_t> allowed_users)
    : path_(std::move(path)), allowed_users_(std::move(allowed_users)) {}

Listener::~Listener() {
  if (socket_) unlink(path_.c_str());
}

base::Result<Listener> Listener::open(const std::string& path,
                                      const std::vector<uid_t>& allowed_users) {
  Listener out(path, allowed_users);
  TLD_TRY(check_directory(path));
  TLD_TRY(out.lock_, take_lock(path + ".lock"));
  TLD_TRY(remove_stale(path));
  TLD_TRY(out.socket_, bind_unix(path, socket_mode(allowed_users)));
  if (listen(out.socket_.get(), 64) != 0) {
    return base::unavailable("socket " + path + ": " + std::strerror(errno));
  }
  return out;
}

base::Result<base::FileDescriptor> Listener::accept() const {
  base::FileDescriptor peer(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!peer) return peer;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return base::refused("a connection without credentials");
  }
  if (std::find(allowed_users_.begin(), allowed_users_.end(), credentials.uid) ==
      allowed_users_.end()) {
    return base::refused("user " + std::to_string(credentials.uid) + " (process " +
                         std::to_string(credentials.pid) + ") is not in allow-users");
  }
  return peer;
}

}  // namespace tld::hsm
