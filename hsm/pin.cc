// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/pin.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "hsm/file_descriptor.h"

namespace tld::hsm {
namespace {

base::Status check_file(const struct stat& info, const std::string& path) {
  if (!S_ISREG(info.st_mode)) return base::refused("PIN file " + path + " is no regular file");
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return base::refused("PIN file " + path + " belongs to user " + std::to_string(info.st_uid) +
                         ", must belong to user " + std::to_string(geteuid()) + " or root");
  }
  if ((info.st_mode & 077) != 0) {
    return base::refused("PIN file " + path +
                         " has permissions for group or others; chmod 0600 it");
  }
  return base::ok();
}

std::string describe(const struct stat& info) {
  std::string out = "dev " + std::to_string(info.st_dev) + " inode " + std::to_string(info.st_ino);
  for (const timespec& time : {info.st_mtim, info.st_ctim}) {
    out += ' ' + std::to_string(time.tv_sec) + '.' + std::to_string(time.tv_nsec);
  }
  return out;
}

}  // namespace

base::Result<Pin> Pin::read(const std::string& path) {
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && errno == ELOOP) return base::refused("PIN file " + path + " is a symbolic link");
  if (!file) return base::unavailable("PIN file " + path + ": " + std::strerror(errno));
  struct stat info {};
  if (fstat(file.get(), &info) != 0) {
    return base::unavailable("PIN file " + path + ": " + std::strerror(errno));
  }
  TLD_TRY(check_file(info, path));
  Pin pin;
  const ssize_t size = ::read(file.get(), pin.octets_, largest);
  if (size < 0) return base::unavailable("PIN file " + path + ": " + std::strerror(errno));
  if (size == static_cast<ssize_t>(largest)) {
    return base::refused("PIN file " + path + " is too long for a PIN");
  }
  pin.size_ = static_cast<std::size_t>(size);
  if (pin.text().ends_with('\n')) --pin.size_;
  if (pin.text().ends_with('\r')) --pin.size_;
  if (pin.size_ == 0) return base::refused("PIN file " + path + " is empty");
  pin.file_state_ = describe(info);
  return pin;
}

Pin::Pin(Pin&& other) noexcept
    : size_(std::exchange(other.size_, 0)), file_state_(std::move(other.file_state_)) {
  std::memcpy(octets_, other.octets_, largest);
  OPENSSL_cleanse(other.octets_, largest);
}

Pin::~Pin() {
  OPENSSL_cleanse(octets_, largest);
}

bool RefusedPin::is_refused(const Pin& pin) const {
  std::ifstream file(path_);
  std::string line;
  return std::getline(file, line) && line == pin.file_state();
}

base::Status RefusedPin::remember(const Pin& pin) const {
  const FileDescriptor file(
      open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  const std::string text = pin.file_state() +
                           "\nThe token refused the PIN of this state of the PIN file. Write the "
                           "right PIN into it, or touch(1) it, and restart tld-hsmd.\n";
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(file.get()) != 0) {
    return base::unavailable(path_ + ": " + std::strerror(errno));
  }
  return base::ok();
}

}  // namespace tld::hsm
