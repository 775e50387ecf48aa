// SPDX-License-Identifier: GPL-2.0-only
//
// A file that appears whole or not at all: written beside its place, synced, then renamed.
//
// Thread rule: one thread.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::cli {

// What is at the file's place: it is replaced, or it is an error.
enum class Place { replaced, must_be_free };

class OutputFile {
 public:
  // Opens a temporary file in the directory of `path`, so that a wrong place is known before the
  // work is done. refused when `path` is there and is no regular file, or lies in an audit
  // log's directory (AUDIT-PLACE); a symbolic link is followed.
  static base::Result<OutputFile> create(const std::filesystem::path& path);

  // The same for a file that must be a new one: refused, SCRIPT-FILE, here and by commit(), when
  // anything is at `path`, also a symbolic link: none is followed and nothing is replaced.
  static base::Result<OutputFile> create_new(const std::filesystem::path& path);

  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // without commit(): the temporary file goes, what was at `path` stays

  // Lifetime: that of this OutputFile. Its state tells whether writing worked; commit() asks it.
  std::ostream& stream();

  // The temporary file with all that was written so far, for others to look at.
  base::Result<std::filesystem::path> flushed_path();

  // Mode 0644, fsync, rename, fsync of the directory. Call once.
  base::Status commit();

 private:
  struct State;
  static base::Result<OutputFile> create_at(const std::filesystem::path& path,
                                            const std::filesystem::path& real, Place place);
  base::Status take_place();
  explicit OutputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

base::Result<OutputFile> open_output_file(const std::filesystem::path& path, Place place);

// create() or create_new(), write, commit().
base::Status write_output_file(const std::filesystem::path& path, std::string_view content,
                               Place place = Place::replaced);

}  // namespace tld::cli
