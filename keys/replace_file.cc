// SPDX-License-Identifier: GPL-2.0-only
#include "keys/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/file_descriptor.h"

namespace tld::keys {
namespace {

base::Error failed(const std::filesystem::path& path, int error) {
  return base::unavailable(fmt::format("cannot write {}: {}", path.string(),
                                       std::error_code(error, std::generic_category()).message()));
}

bool write_all(int file, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(file, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_directory(const std::filesystem::path& path) {
  const base::FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0;
}

}  // namespace

base::Status replace_file(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::string temporary = (directory / ("." + path.filename().string() + ".XXXXXX")).string();
  const base::FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return failed(path, errno);
  if (!write_all(file.get(), content) || ::fchmod(file.get(), 0644) != 0 ||
      ::fsync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return failed(path, error);
  }
  return sync_directory(directory) ? base::ok() : failed(path, errno);
}

}  // namespace tld::keys
