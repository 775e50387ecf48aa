// SPDX-License-Identifier: GPL-2.0-only
#include "keys/record_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <thread>

namespace tld::keys {
namespace {

namespace fs = std::filesystem;
using base::FileDescriptor;
using std::chrono::steady_clock;

base::Error file_error(const char* what, const fs::path& path, int error) {
  return base::unavailable(fmt::format("cannot {} {}: {}", what, path.string(),
                                       std::error_code(error, std::generic_category()).message()));
}

base::Status write_all(int file, std::string_view octets, const fs::path& path) {
  while (!octets.empty()) {
    const ssize_t written = ::write(file, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path, errno);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return base::ok();
}

base::Status sync_directory_of(const fs::path& path) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const FileDescriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return file_error("sync", directory, errno);
  return base::ok();
}

// The umask must not take what the directory grants.
base::Status set_mode(int file, const fs::path& path, mode_t mode) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return file_error("look at", path, errno);
  if (info.st_uid == ::geteuid() && (info.st_mode & 0777) != mode && ::fchmod(file, mode) != 0) {
    return file_error("set the permissions of", path, errno);
  }
  return base::ok();
}

base::Status lock(int file, int kind, const fs::path& path, std::chrono::milliseconds patience) {
  const auto until = steady_clock::now() + patience;
  while (::flock(file, kind | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return file_error("lock", path, errno);
    if (steady_clock::now() >= until) {
      return base::unavailable(path.string() + " is held by another process");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return base::ok();
}

}  // namespace

base::Result<mode_t> file_mode_in(const fs::path& directory) {
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) return file_error("look at", directory, errno);
  if (!S_ISDIR(info.st_mode)) return base::refused(directory.string() + " is no directory");
  return info.st_mode & 0666;
}

base::Status append_to_file(const fs::path& path, std::string_view octets, mode_t mode,
                            bool must_be_new) {
  std::error_code ignored;  // open() says what is wrong
  const bool is_new = !fs::exists(fs::symlink_status(path, ignored));
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  const FileDescriptor file(::open(path.c_str(), flags | (must_be_new ? O_EXCL : 0), mode));
  if (!file && errno == EEXIST) return base::refused(path.string() + " is there already");
  if (!file) return file_error("write", path, errno);
  TLD_TRY(set_mode(file.get(), path, mode));
  TLD_TRY(write_all(file.get(), octets, path));
  if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  if (is_new) return sync_directory_of(path);
  return base::ok();
}

GrowingFile::GrowingFile(fs::path path, FileDescriptor file)
    : path_(std::move(path)), file_(std::move(file)) {}

base::Result<GrowingFile> GrowingFile::create(const fs::path& path, mode_t mode) {
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  FileDescriptor file(::open(path.c_str(), flags, mode));
  if (!file && errno == EEXIST) return base::refused(path.string() + " is there already");
  if (!file) return file_error("write", path, errno);
  TLD_TRY(set_mode(file.get(), path, mode));
  TLD_TRY(sync_directory_of(path));
  return GrowingFile(path, std::move(file));
}

base::Status GrowingFile::append(std::string_view octets) {
  auto status = write_all(file_.get(), octets, path_);
  if (status && ::fsync(file_.get()) != 0) status = file_error("sync", path_, errno);
  if (status) {
    size_ += octets.size();
    return status;
  }
  const bool is_whole =
      ::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0 && ::fsync(file_.get()) == 0;
  return is_whole ? status : status.error().in("a part of a line may be at its end");
}

base::Status GrowingFile::check_in_place() const {
  struct stat there {};
  struct stat ours {};
  if (::fstat(file_.get(), &ours) != 0) return file_error("look at", path_, errno);
  if (::lstat(path_.c_str(), &there) != 0) return file_error("look at", path_, errno);
  if (there.st_dev != ours.st_dev || there.st_ino != ours.st_ino) {
    return base::refused(path_.string() + " is another file than the one that was made here");
  }
  if (static_cast<std::uint64_t>(ours.st_size) != size_) {
    return base::refused(fmt::format("{} has {} octets, not the {} that were written",
                                     path_.string(), ours.st_size, size_));
  }
  return base::ok();
}

// Where the file system keeps no room (EOPNOTSUPP) it is not known.
base::Status GrowingFile::keep_room(std::size_t octets) {
  int error = 0;
  do {
    error = ::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_),
                        static_cast<off_t>(octets)) == 0
                ? 0
                : errno;
  } while (error == EINTR);
  const bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return is_full ? file_error("keep room in", path_, error) : base::ok();
}

base::Status replace_file(const fs::path& path, std::string_view octets, mode_t mode) {
  std::string temporary = path.string() + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return file_error("write beside", path, errno);
  auto status = set_mode(file.get(), temporary, mode);
  if (status) status = write_all(file.get(), octets, temporary);
  if (status && (::fsync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0)) {
    status = file_error("write", path, errno);
  }
  if (!status) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory_of(path);
}

base::Result<FileDescriptor> lock_file(const fs::path& path, mode_t mode,
                                       std::chrono::milliseconds patience) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) return file_error("open", path, errno);
  TLD_TRY(set_mode(file.get(), path, mode));
  TLD_TRY(lock(file.get(), LOCK_EX, path, patience));
  return file;
}

base::Result<FileDescriptor> lock_directory(const fs::path& directory,
                                            std::chrono::milliseconds patience) {
  FileDescriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file) return file_error("open", directory, errno);
  // What such file systems say differs (EBADF, ENOLCK, EOPNOTSUPP); that it is held is one.
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    TLD_TRY(lock(file.get(), LOCK_EX, directory, patience));
  }
  return file;
}

base::Result<FileDescriptor> lock_to_read(const fs::path& path,
                                          std::chrono::milliseconds patience) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return file;
  TLD_TRY(lock(file.get(), LOCK_SH, path, patience));
  return file;
}

}  // namespace tld::keys
