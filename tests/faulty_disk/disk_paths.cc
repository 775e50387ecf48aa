// SPDX-License-Identifier: GPL-2.0-only
#include "tests/faulty_disk/disk_paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace tld::faulty_disk {
namespace {

const std::string& folder() {
  static const std::string* const named = new std::string(variable("TLD_FAULTY_DISK_FOLDER"));
  return *named;
}

bool is_in(std::string_view path, std::string_view where) {
  return path.starts_with(where) &&
         (path.size() == where.size() || path[where.size()] == '/' || path[where.size()] == ' ');
}

std::string if_on_this_disk(std::string path) {
  return !folder().empty() && is_in(path, folder()) ? path : "";
}

std::string link_of(const std::string& link) {
  std::array<char, 4096> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : "";
}

// By system calls: the library's own functions are those that are watched.
std::string content_of(const std::string& path) {
  const long fd = ::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return "";
  std::array<char, 4096> octets{};
  const ssize_t size = ::read(static_cast<int>(fd), octets.data(), octets.size());
  ::syscall(SYS_close, fd);
  return size > 0 ? std::string(octets.data(), static_cast<std::size_t>(size)) : "";
}

Fault fault_named(std::string_view name) {
  if (name == "full") return Fault::full;
  if (name == "read-only") return Fault::read_only;
  return name == "broken" ? Fault::broken : Fault::none;
}

}  // namespace

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string path_of(int fd) {
  struct stat status {};
  if (folder().empty() || ::fstat(fd, &status) != 0) return "";
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return "";
  return if_on_this_disk(link_of("/proc/self/fd/" + std::to_string(fd)));
}

std::string path_at(int at, const char* name) {
  if (folder().empty() || name == nullptr) return "";
  std::string path = name;
  if (!path.starts_with('/')) {
    const std::string from =
        at == AT_FDCWD ? link_of("/proc/self/cwd") : link_of("/proc/self/fd/" + std::to_string(at));
    path = path == "." ? from : from + "/" + path;
  }
  return if_on_this_disk(path);
}

Fault fault_at(const std::string& path) {
  static const std::string* const control = new std::string(variable("TLD_FAULTY_DISK_CONTROL"));
  if (control->empty() || path.empty()) return Fault::none;
  const std::string text = content_of(*control);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t space = line.find(' ');
    const std::string where =
        space == line.npos ? folder() : folder() + "/" + std::string(line.substr(space + 1));
    if (is_in(path, where)) return fault_named(line.substr(0, space));
  }
  return Fault::none;
}

}  // namespace tld::faulty_disk
