// SPDX-License-Identifier: GPL-2.0-only
//
// Small files that must survive a crash: appended to, or replaced whole. Used for records of acts.
//
// Thread rule: pure functions but for the file system.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace tld::keys {

// The permissions that a file in `directory` gets: the directory's own, without execution.
base::Result<mode_t> file_mode_in(const std::filesystem::path& directory);

// Appends and syncs; a new file's name is synced too. `must_be_new`: refused if it is there.
base::Status append_to_file(const std::filesystem::path& path, std::string_view octets, mode_t mode,
                            bool must_be_new = false);

// A new file that one process makes, holds open and appends to.
class GrowingFile {
 public:
  // refused: there is a file of that name.
  static base::Result<GrowingFile> create(const std::filesystem::path& path, mode_t mode);

  // Synced. After an error the file is as it was before, or the error says that it is not.
  base::Status append(std::string_view octets);
  // refused, unavailable: at its path is another file or none, or somebody else has written to it.
  base::Status check_in_place() const;
  // unavailable: the disk has no room for that much more. What was kept stays kept.
  base::Status keep_room(std::size_t octets);

 private:
  GrowingFile(std::filesystem::path path, base::FileDescriptor file);
  std::filesystem::path path_;
  base::FileDescriptor file_;
  std::uint64_t size_ = 0;
};

// The file has the new content or the old one, whatever happens.
base::Status replace_file(const std::filesystem::path& path, std::string_view octets, mode_t mode);

// An exclusive lock on the file, which is made if it is not there; until the descriptor is closed.
// unavailable: another has held it for `patience`.
base::Result<base::FileDescriptor> lock_file(const std::filesystem::path& path, mode_t mode,
                                             std::chrono::milliseconds patience);
// The same against writers only, by whoever may read the file. Where that cannot be opened, as in a
// copy, nothing is locked. unavailable: a writer has held it for `patience`.
base::Result<base::FileDescriptor> lock_to_read(const std::filesystem::path& path,
                                                std::chrono::milliseconds patience);

// Keeps all others who call this for the same directory waiting until the descriptor is closed;
// needs the right to read it only, and makes no file. Where the file system has no such locks (NFS)
// nothing is locked. unavailable: another has held it for `patience`, or it cannot be opened.
base::Result<base::FileDescriptor> lock_directory(const std::filesystem::path& directory,
                                                  std::chrono::milliseconds patience);

}  // namespace tld::keys
