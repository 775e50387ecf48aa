// SPDX-License-Identifier: GPL-2.0-only
//
// The file system as a signature log sees it: one folder, files that are only ever appended to.
// An interface, so that tests can play full disks and power cuts. Files are read and written, never
// mapped: a mapped file that is cut short ends the process (SIGBUS).
//
// Thread rule: a LogFolder and a LogFile are one thread's, but for LogFile::read_at(), which is
// safe from any thread. Errors: unavailable, with path and reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"

namespace tld::signer {

class LogFile {
 public:
  virtual ~LogFile() = default;
  // All of it, or an error; then any part of it may be at the file's end.
  virtual base::Status append(std::string_view octets) = 0;
  // When it returns, what was appended outlives a power cut (fdatasync).
  virtual base::Status sync() = 0;
  // Less than `octets` only at the file's end.
  virtual base::Result<std::string> read_at(std::uint64_t offset, std::size_t octets) const = 0;
  virtual base::Result<std::uint64_t> size() const = 0;
  virtual bool is_linked() const = 0;  // false: somebody has removed it
};

class LogFolder {
 public:
  virtual ~LogFolder() = default;
  // Makes it where it is missing and locks it for this process. refused: another process has it.
  // May be called again, also after an error.
  virtual base::Status open() = 0;
  virtual base::Result<std::vector<std::string>> list() = 0;  // names of regular files
  virtual base::Result<std::unique_ptr<LogFile>> create(const std::string& name) = 0;
  virtual base::Result<std::unique_ptr<LogFile>> open_file(const std::string& name) = 0;
  virtual base::Status rename(const std::string& from, const std::string& to) = 0;
  virtual base::Status remove(const std::string& name) = 0;
  virtual base::Status sync() = 0;  // names made, changed and removed outlive a power cut
  // Gives the folder another name, and begins a new one. -> the other name.
  virtual base::Result<std::string> set_aside(const std::string& suffix) = 0;
  virtual std::string path() const = 0;
};

// Of a zone's log in `directory`: its name in lower case, `%2E` for the root; what is no letter,
// digit, dot, hyphen or underscore as %XX. A name that gets too long so is told by its SHA-256.
std::filesystem::path zone_folder(const std::filesystem::path& directory, dns::NameView zone);

std::unique_ptr<LogFolder> make_log_folder(std::filesystem::path path);

}  // namespace tld::signer
