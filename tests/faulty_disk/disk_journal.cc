// SPDX-License-Identifier: GPL-2.0-only
#include "tests/faulty_disk/disk_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "tests/faulty_disk/disk_paths.h"

namespace tld::faulty_disk {

DiskJournal::DiskJournal() {
  const std::string path = variable("TLD_FAULTY_DISK_JOURNAL");
  if (path.empty()) return;
  fd_ = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(),
                                   O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (fd_ < 0) std::abort();  // a test that believes it is recorded must not go on
}

DiskJournal& DiskJournal::get() {
  static DiskJournal* const journal = new DiskJournal;  // used until the process's very end
  return *journal;
}

DiskJournal::Turn::Turn() {
  DiskJournal& journal = get();
  if (!journal.is_on()) return;
  lock_ = std::unique_lock(journal.mutex_);
  const int before = errno;
  while (::flock(journal.fd_, LOCK_EX) != 0) {
    if (errno != EINTR) std::abort();
  }
  errno = before;
}

DiskJournal::Turn::~Turn() {
  if (!lock_) return;
  const int before = errno;
  ::flock(get().fd_, LOCK_UN);
  errno = before;
}

std::uint64_t DiskJournal::Turn::octets() const {
  struct stat status {};
  if (!lock_ || ::fstat(get().fd_, &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

void DiskJournal::Turn::record(std::string_view what, std::uint64_t inode, std::uint64_t number,
                               std::string_view first, std::string_view second) {
  if (!lock_) return;
  const int before = errno;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string octets(what);
  for (const std::uint64_t value :
       {static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count()), inode, number,
        static_cast<std::uint64_t>(first.size()), static_cast<std::uint64_t>(second.size())}) {
    octets += " " + std::to_string(value);
  }
  octets += "\n";
  octets += first;
  octets += second;
  const long written = ::syscall(SYS_write, get().fd_, octets.data(), octets.size());
  if (written != static_cast<long>(octets.size())) std::abort();
  errno = before;
}

}  // namespace tld::faulty_disk
