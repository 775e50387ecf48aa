// SPDX-License-Identifier: GPL-2.0-only
//
// A disk with faults under a program that knows nothing of it: LD_PRELOAD this. What it is about
// and which faults there are: disk_paths.h; what it records: disk_journal.h. Watched are the calls
// by which the server, SQLite and Python's sqlite3 change files; a test sees one that is missing,
// because the journal then does not give what is on the disk (tests/system/power_cuts.py).
//
// Thread rule: as the calls themselves.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <string>

#include "tests/faulty_disk/disk_journal.h"
#include "tests/faulty_disk/disk_paths.h"

namespace tld::faulty_disk {
namespace {

constexpr off_t block = 4096;  // a file that is there has all of its last one

template <class Call>
Call* real(Call*, const char* name) {
  static_assert(sizeof(Call*) == sizeof(void*));
  return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name));
}
#define TLD_REAL(name) static auto* const next = real(&::name, #name)

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) status.st_ino = 0;
  return status;
}

struct stat status_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) status.st_ino = 0;
  return status;
}

struct Place {
  std::uint64_t folder = 0;  // its inode
  std::string name;
};

Place place_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return {status_of(path.substr(0, slash)).st_ino, path.substr(slash + 1)};
}

int refuse(int error) {
  errno = error;
  return -1;
}

// 0: nothing is wrong with changing what is at `path`; `takes_room`: by making it larger.
int error_at(const std::string& path, bool takes_room) {
  switch (fault_at(path)) {
    case Fault::full:
      return takes_room ? ENOSPC : 0;
    case Fault::read_only:
      return EROFS;
    case Fault::broken:
      return EIO;
    case Fault::none:
      break;
  }
  return 0;
}

bool writes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

template <class Open>
int watched_open(const std::string& path, int flags, const Open& open) {
  if (path.empty() || !writes(flags)) return open();
  DiskJournal::Turn turn;
  const bool is_new = status_of(path).st_ino == 0;
  if (const int error = error_at(path, is_new); error != 0 && (!is_new || (flags & O_CREAT))) {
    return refuse(error);
  }
  const int fd = open();
  if (fd < 0) return fd;
  if (is_new) {
    const Place place = place_of(path);
    turn.record("create", place.folder, status_of(fd).st_ino, place.name);
  } else if ((flags & O_TRUNC) != 0) {
    turn.record("truncate", status_of(fd).st_ino, 0);
  }
  return fd;
}

// So much of what is to be written there fits; of a full disk, what the file's last block has left.
std::size_t room(const std::string& path, off_t size, off_t offset, std::size_t count) {
  if (fault_at(path) != Fault::full) return count;
  const off_t end = (size + block - 1) / block * block;
  return std::min(count, static_cast<std::size_t>(std::max<off_t>(end - offset, 0)));
}

// `offset` < 0: where the file stands, or its end.
template <class Write>
ssize_t watched_write(int fd, const void* octets, std::size_t count, off_t offset,
                      const Write& write) {
  const std::string path = path_of(fd);
  if (path.empty()) return write(count);
  DiskJournal::Turn turn;
  if (const int error = error_at(path, false); error != 0) return refuse(error);
  const struct stat before = status_of(fd);
  if (offset < 0) {
    const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
    offset = appends ? before.st_size : ::lseek(fd, 0, SEEK_CUR);
  }
  const std::size_t fits = room(path, before.st_size, offset, count);
  if (fits == 0 && count > 0) return refuse(ENOSPC);
  const ssize_t written = write(fits);
  if (written > 0) {
    turn.record("write", before.st_ino, static_cast<std::uint64_t>(offset),
                {static_cast<const char*>(octets), static_cast<std::size_t>(written)});
  }
  return written;
}

// Others may change the disk while it is synced: what they do is not part of it.
template <class Sync>
int watched_sync(int fd, const Sync& sync) {
  const std::string path = path_of(fd);
  if (path.empty()) return sync();
  if (const int error = error_at(path, false); error != 0) return refuse(error);
  std::uint64_t covers = 0;
  {
    const DiskJournal::Turn turn;
    covers = turn.octets();
  }
  const int outcome = sync();
  if (outcome == 0) DiskJournal::Turn().record("sync", status_of(fd).st_ino, covers);
  return outcome;
}

template <class Truncate>
int watched_truncate(int fd, off_t size, const Truncate& truncate) {
  const std::string path = path_of(fd);
  if (path.empty()) return truncate();
  DiskJournal::Turn turn;
  const struct stat before = status_of(fd);
  if (const int error = error_at(path, size > before.st_size); error != 0) return refuse(error);
  const int outcome = truncate();
  if (outcome == 0) turn.record("truncate", before.st_ino, static_cast<std::uint64_t>(size));
  return outcome;
}

template <class Make>
int watched_mkdir(const std::string& path, const Make& make) {
  if (path.empty()) return make();
  DiskJournal::Turn turn;
  const bool is_new = status_of(path).st_ino == 0;
  if (const int error = error_at(path, true); error != 0 && is_new) return refuse(error);
  const int outcome = make();
  const Place place = place_of(path);
  if (outcome == 0) turn.record("mkdir", place.folder, status_of(path).st_ino, place.name);
  return outcome;
}

template <class Remove>
int watched_remove(const std::string& path, const Remove& remove) {
  if (path.empty()) return remove();
  DiskJournal::Turn turn;
  if (const int error = error_at(path, false); error != 0) return refuse(error);
  const Place place = place_of(path);
  const int outcome = remove();
  if (outcome == 0) turn.record("remove", place.folder, 0, place.name);
  return outcome;
}

template <class Rename>
int watched_rename(const std::string& from, const std::string& to, const Rename& rename) {
  if (from.empty() && to.empty()) return rename();
  DiskJournal::Turn turn;
  for (const std::string& path : {from, to}) {
    if (const int error = error_at(path, false); error != 0) return refuse(error);
  }
  const Place old = place_of(from), fresh = place_of(to);
  if (turn.is_recorded() && old.folder != fresh.folder) std::abort();  // nobody here does that
  const int outcome = rename();
  if (outcome == 0) turn.record("rename", old.folder, 0, old.name, fresh.name);
  return outcome;
}

template <class Make>
int watched_temporary(char* name, const Make& make) {
  const std::string path = path_at(AT_FDCWD, name);
  if (path.empty()) return make();
  DiskJournal::Turn turn;
  if (const int error = error_at(path, true); error != 0) return refuse(error);
  const int fd = make();
  if (fd < 0) return fd;
  const Place place = place_of(path_at(AT_FDCWD, name));
  turn.record("create", place.folder, status_of(fd).st_ino, place.name);
  return fd;
}

mode_t mode_behind(int flags, va_list& rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace
}  // namespace tld::faulty_disk

// --- the calls

using namespace tld::faulty_disk;
#define TLD_WATCHED extern "C" __attribute__((visibility("default")))
#define TLD_MODE(last)                          \
  va_list rest;                                 \
  va_start(rest, last);                         \
  const mode_t mode = mode_behind(flags, rest); \
  va_end(rest)

TLD_WATCHED int open(const char* name, int flags, ...) {
  TLD_REAL(open);
  TLD_MODE(flags);
  return watched_open(path_at(AT_FDCWD, name), flags, [&] { return next(name, flags, mode); });
}
TLD_WATCHED int open64(const char* name, int flags, ...) {
  TLD_REAL(open64);
  TLD_MODE(flags);
  return watched_open(path_at(AT_FDCWD, name), flags, [&] { return next(name, flags, mode); });
}
TLD_WATCHED int openat(int at, const char* name, int flags, ...) {
  TLD_REAL(openat);
  TLD_MODE(flags);
  return watched_open(path_at(at, name), flags, [&] { return next(at, name, flags, mode); });
}
TLD_WATCHED int openat64(int at, const char* name, int flags, ...) {
  TLD_REAL(openat64);
  TLD_MODE(flags);
  return watched_open(path_at(at, name), flags, [&] { return next(at, name, flags, mode); });
}
TLD_WATCHED int mkstemp64(char* name) {
  TLD_REAL(mkstemp64);
  return watched_temporary(name, [&] { return next(name); });
}
TLD_WATCHED int mkostemp(char* name, int flags) {
  TLD_REAL(mkostemp);
  return watched_temporary(name, [&] { return next(name, flags); });
}
TLD_WATCHED int mkostemp64(char* name, int flags) {
  TLD_REAL(mkostemp64);
  return watched_temporary(name, [&] { return next(name, flags); });
}
TLD_WATCHED ssize_t write(int fd, const void* octets, size_t count) {
  TLD_REAL(write);
  return watched_write(fd, octets, count, -1, [&](size_t fits) { return next(fd, octets, fits); });
}
TLD_WATCHED ssize_t pwrite(int fd, const void* octets, size_t count, off_t offset) {
  TLD_REAL(pwrite);
  return watched_write(fd, octets, count, offset,
                       [&](size_t fits) { return next(fd, octets, fits, offset); });
}
TLD_WATCHED ssize_t pwrite64(int fd, const void* octets, size_t count, off64_t offset) {
  TLD_REAL(pwrite64);
  return watched_write(fd, octets, count, offset,
                       [&](size_t fits) { return next(fd, octets, fits, offset); });
}
TLD_WATCHED int fsync(int fd) {
  TLD_REAL(fsync);
  return watched_sync(fd, [&] { return next(fd); });
}
TLD_WATCHED int fdatasync(int fd) {
  TLD_REAL(fdatasync);
  return watched_sync(fd, [&] { return next(fd); });
}
TLD_WATCHED int ftruncate(int fd, off_t size) noexcept {
  TLD_REAL(ftruncate);
  return watched_truncate(fd, size, [&] { return next(fd, size); });
}
TLD_WATCHED int ftruncate64(int fd, off64_t size) noexcept {
  TLD_REAL(ftruncate64);
  return watched_truncate(fd, size, [&] { return next(fd, size); });
}
TLD_WATCHED int mkdir(const char* name, mode_t mode) noexcept {
  TLD_REAL(mkdir);
  return watched_mkdir(path_at(AT_FDCWD, name), [&] { return next(name, mode); });
}
TLD_WATCHED int unlink(const char* name) noexcept {
  TLD_REAL(unlink);
  return watched_remove(path_at(AT_FDCWD, name), [&] { return next(name); });
}
TLD_WATCHED int unlinkat(int at, const char* name, int flags) noexcept {
  TLD_REAL(unlinkat);
  return watched_remove(path_at(at, name), [&] { return next(at, name, flags); });
}
TLD_WATCHED int rename(const char* from, const char* to) noexcept {
  TLD_REAL(rename);
  return watched_rename(path_at(AT_FDCWD, from), path_at(AT_FDCWD, to),
                        [&] { return next(from, to); });
}
TLD_WATCHED int renameat(int from_at, const char* from, int to_at, const char* to) noexcept {
  TLD_REAL(renameat);
  return watched_rename(path_at(from_at, from), path_at(to_at, to),
                        [&] { return next(from_at, from, to_at, to); });
}
