// SPDX-License-Identifier: GPL-2.0-only
#include "keys/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace tld::keys {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

base::Error file_error(const std::filesystem::path& path, int error) {
  const std::string reason = std::error_code(error, std::generic_category()).message();
  const std::string message = fmt::format("{}: {}", path.string(), reason);
  return error == ENOENT || error == ENOTDIR ? base::not_found(message)
                                             : base::unavailable(message);
}

}  // namespace

base::Result<std::string> read_input_file(const std::filesystem::path& path,
                                          std::size_t max_octets) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return file_error(path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return file_error(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return base::invalid_input(path.string() + ": not a regular file");
  }
  std::string content;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t got = ::read(file.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(path, errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > max_octets) {
      return base::invalid_input(
          fmt::format("{}: larger than {} octets", path.string(), max_octets));
    }
  }
}

}  // namespace tld::keys
