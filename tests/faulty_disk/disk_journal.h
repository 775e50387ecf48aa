// SPDX-License-Identifier: GPL-2.0-only
//
// All that is changed on the disk, in the order in which it was, in the file that
// TLD_FAULTY_DISK_JOURNAL names; several processes may share it. From it tests/system/power_cuts.py
// makes what a power cut at any moment could have left. A record is a line
//
//   WHAT NANOSECONDS INODE NUMBER LENGTH LENGTH
//
// (time: since the epoch) and behind it two texts of those lengths:
//
//   write     inode, offset, octets
//   truncate  inode, size
//   sync      inode of a file or folder; number: of the journal's octets, those before the sync
//             began: what they have changed in that file, or of the folder's names, is on the disk
//   create    inode of the folder, inode of the file, name
//   mkdir     the same of a folder
//   rename    inode of the folder, from name, to name
//   remove    inode of the folder, name
//
// Thread rule: safe from any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace tld::faulty_disk {

class DiskJournal {
 public:
  static DiskJournal& get();
  bool is_on() const { return fd_ >= 0; }

  // While one lives, nothing is changed on the disk but by its thread. Without a journal, nothing.
  class Turn {
   public:
    Turn();
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    bool is_recorded() const { return lock_.owns_lock(); }
    std::uint64_t octets() const;
    void record(std::string_view what, std::uint64_t inode, std::uint64_t number,
                std::string_view first = {}, std::string_view second = {});

   private:
    std::unique_lock<std::mutex> lock_;
  };

 private:
  DiskJournal();
  int fd_ = -1;
  std::mutex mutex_;
};

}  // namespace tld::faulty_disk
