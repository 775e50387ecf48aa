// SPDX-License-Identifier: GPL-2.0-only
#include "base/secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file_descriptor.h"

namespace tld::base {
namespace {

// `file`: its kind and path.
Status check_file(const struct stat& info, const std::string& file) {
  if (!S_ISREG(info.st_mode)) return refused(file + " is no regular file");
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return refused(file + " belongs to user " + std::to_string(info.st_uid) +
                   ", must belong to user " + std::to_string(geteuid()) + " or root");
  }
  if ((info.st_mode & 077) != 0) {
    return refused(file + " has permissions for group or others; chmod 0600 it");
  }
  return ok();
}

std::string describe(const struct stat& info) {
  std::string out = "dev " + std::to_string(info.st_dev) + " inode " + std::to_string(info.st_ino);
  for (const timespec& time : {info.st_mtim, info.st_ctim}) {
    out += ' ' + std::to_string(time.tv_sec) + '.' + std::to_string(time.tv_nsec);
  }
  return out;
}

}  // namespace

Result<Secret> Secret::read(const std::string& kind, const std::string& path) {
  const std::string name = kind + ' ' + path;
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && errno == ELOOP) return refused(name + " is a symbolic link");
  if (!file) return unavailable(name + ": " + std::strerror(errno));
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return unavailable(name + ": " + std::strerror(errno));
  TLD_TRY(check_file(info, name));
  Secret secret;
  const ssize_t size = ::read(file.get(), secret.octets_, largest);
  if (size < 0) return unavailable(name + ": " + std::strerror(errno));
  if (size == static_cast<ssize_t>(largest)) {
    return refused(name + " is too long: 255 octets at most");
  }
  secret.size_ = static_cast<std::size_t>(size);
  if (secret.text().ends_with('\n')) --secret.size_;
  if (secret.text().ends_with('\r')) --secret.size_;
  if (secret.size_ == 0) return refused(name + " is empty");
  secret.file_state_ = describe(info);
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : size_(std::exchange(other.size_, 0)), file_state_(std::move(other.file_state_)) {
  std::memcpy(octets_, other.octets_, largest);
  OPENSSL_cleanse(other.octets_, largest);
}

Secret::~Secret() {
  OPENSSL_cleanse(octets_, largest);
}

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace tld::base
