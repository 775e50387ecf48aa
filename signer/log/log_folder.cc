// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/log_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/bytes.h"
#include "base/file_descriptor.h"

namespace tld::signer {
namespace {

base::Error failed(const char* what, const std::string& path) {
  return base::unavailable(fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

// Its name outlives a power cut, and those of what it stands in, as far as they are made here.
base::Status make_folder(const std::filesystem::path& path, mode_t mode) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return base::ok();
    if (errno != ENOENT || parent == path) return failed("cannot make", path.string());
    TLD_TRY(make_folder(parent, 0777));
    if (::mkdir(path.c_str(), mode) != 0) return failed("cannot make", path.string());
  }
  const base::FileDescriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above || ::fsync(above.get()) != 0) return failed("cannot sync", parent.string());
  return base::ok();
}

class PosixFile final : public LogFile {
 public:
  PosixFile(base::FileDescriptor fd, std::string path)
      : fd_(std::move(fd)), path_(std::move(path)) {}

  base::Status append(std::string_view octets) override {
    while (!octets.empty()) {
      const ssize_t written = ::write(fd_.get(), octets.data(), octets.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("cannot write", path_);
      octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return base::ok();
  }

  base::Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return failed("cannot sync", path_);
    return base::ok();
  }

  base::Result<std::string> read_at(std::uint64_t offset, std::size_t octets) const override {
    std::string out(octets, '\0');
    std::size_t have = 0;
    while (have < octets) {
      const ssize_t got =
          ::pread(fd_.get(), out.data() + have, octets - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("cannot read", path_);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
  }

  base::Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return failed("cannot look at", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  bool is_linked() const override {
    struct stat status {};
    return ::fstat(fd_.get(), &status) == 0 && status.st_nlink > 0;
  }

 private:
  const base::FileDescriptor fd_;
  const std::string path_;
};

class PosixFolder final : public LogFolder {
 public:
  explicit PosixFolder(std::filesystem::path path) : path_(std::move(path)) {}

  base::Status open() override {
    lock_.reset();
    folder_.reset();
    TLD_TRY(make_folder(path_, 0700));
    folder_ = base::FileDescriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder_) return failed("cannot open", path());
    base::FileDescriptor lock(
        ::openat(folder_.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) return open_to_read();
    return take(std::move(lock));
  }

  base::Result<std::vector<std::string>> list() override {
    const int fd = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* const folder = fd < 0 ? nullptr : ::fdopendir(fd);
    if (folder == nullptr) return failed("cannot list", path());
    std::vector<std::string> names;
    while (const dirent* const found = ::readdir(folder)) {
      if (is_regular(found->d_name)) names.emplace_back(found->d_name);
    }
    ::closedir(folder);
    return names;
  }

  base::Result<std::unique_ptr<LogFile>> create(const std::string& name) override {
    return open_with(name, O_RDWR | O_APPEND | O_CREAT | O_EXCL, "cannot make");
  }
  base::Result<std::unique_ptr<LogFile>> open_file(const std::string& name) override {
    return open_with(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, "cannot open");
  }
  base::Status rename(const std::string& from, const std::string& to) override {
    if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) != 0) {
      return failed("cannot rename", in_folder(from));
    }
    return base::ok();
  }
  base::Status remove(const std::string& name) override {
    if (::unlinkat(folder_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return failed("cannot remove", in_folder(name));
    }
    return base::ok();
  }
  base::Status sync() override {
    if (::fsync(folder_.get()) != 0) return failed("cannot sync", path());
    return base::ok();
  }

  base::Result<std::string> set_aside(const std::string& suffix) override {
    std::string aside = path() + suffix;
    // Where one of that name is there already, a number behind it tells them apart.
    for (int i = 2; std::filesystem::exists(aside) && i < 1000; ++i) {
      aside = path() + suffix + "-" + std::to_string(i);
    }
    if (::rename(path_.c_str(), aside.c_str()) != 0) return failed("cannot rename", path());
    TLD_TRY(open());
    return aside;
  }

  std::string path() const override { return path_.string(); }

 private:
  // Where nothing can be written now, what is there can still be read.
  base::Status open_to_read() {
    const base::Error error = failed("cannot open", in_folder("lock"));
    base::FileDescriptor lock(
        ::openat(folder_.get(), "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!lock) return error;
    return take(std::move(lock));
  }

  base::Status take(base::FileDescriptor lock) {
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return base::refused("another process uses " + path());
      return failed("cannot lock", in_folder("lock"));
    }
    lock_ = std::move(lock);
    return base::ok();
  }

  std::string in_folder(const std::string& name) const { return (path_ / name).string(); }
  bool is_regular(const char* name) const {
    struct stat status {};
    return ::fstatat(folder_.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode);
  }
  base::Result<std::unique_ptr<LogFile>> open_with(const std::string& name, int flags,
                                                   const char* what) {
    base::FileDescriptor fd(::openat(folder_.get(), name.c_str(), flags | O_CLOEXEC, 0600));
    if (!fd) return failed(what, in_folder(name));
    return std::unique_ptr<LogFile>(std::make_unique<PosixFile>(std::move(fd), in_folder(name)));
  }

  const std::filesystem::path path_;
  base::FileDescriptor folder_, lock_;
};

}  // namespace

std::filesystem::path zone_folder(const std::filesystem::path& directory, dns::NameView zone) {
  constexpr std::size_t longest = 200;
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
  std::string name;
  for (const char c : zone.text()) {
    if (plain.find(c) != std::string_view::npos) {
      name += c;
    } else {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (zone.is_root()) name = "%2E";
  if (name.size() > longest) {
    name = "sha256-" + base::to_hex(base::as_octets(base::sha256(zone.wire())));
  }
  return directory / name;
}

std::unique_ptr<LogFolder> make_log_folder(std::filesystem::path path) {
  return std::make_unique<PosixFolder>(std::move(path));
}

}  // namespace tld::signer
