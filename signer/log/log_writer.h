// SPDX-License-Identifier: GPL-2.0-only
//
// Writes the segments of one signature log, and replaces all of them by fresh ones (a rewrite)
// while entries go on coming. Knows no threads and no time.
//
// A rewrite gets numbers between those of the segments that are there and those of what is appended
// meanwhile, so that the order of numbers stays the order of time. Its files have other names until
// all of them are on the disk; only then the old ones are removed.
//
// Thread rule: one thread.
// Errors: those of LogFolder. After one, open() must come before anything else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "signer/log/loaded_log.h"
#include "signer/log/log_folder.h"

namespace tld::signer {

class LogWriter {
 public:
  struct Opened {
    std::shared_ptr<const LoadedLog> loaded;
    std::string set_aside;  // why and where a log that was there went; empty: it did not
  };

  // `segment_octets`: a segment is at most so large and one write more.
  LogWriter(LogFolder& folder, dns::Name zone, std::uint64_t segment_octets);

  // `aside`: what a foreign log's folder gets behind its name.
  base::Result<Opened> open(const std::string& aside);
  // After an error: lets go of the files, and gives back the room that a rewrite had taken.
  void abandon();

  // Whole entries, at the log's end.
  base::Status append(std::string_view entries);
  // What was appended so far outlives a power cut. unavailable too when the files were removed.
  base::Status sync();

  base::Status begin_rewrite();
  base::Status rewrite(std::string_view entries);
  base::Status finish_rewrite();
  bool is_rewriting() const { return rewriting_; }

  std::size_t segments() const { return old_.size() + (current_.file ? 1 : 0); }
  std::uint64_t octets() const;

 private:
  struct Target {
    std::unique_ptr<LogFile> file;
    LoadedLog::Segment segment;
  };
  base::Result<Opened> load(const std::string& aside);
  base::Status remove_unfinished();
  base::Status begin(Target& target, std::uint64_t number, const char* suffix);
  base::Status write(Target& target, std::string_view entries);
  base::Status close_current();
  base::Status close_rewritten();

  LogFolder& folder_;
  const dns::Name zone_;
  const std::uint64_t segment_octets_;
  std::vector<LoadedLog::Segment> old_;  // closed ones, by number
  Target current_, rewrite_;
  std::vector<LoadedLog::Segment> rewritten_;
  std::size_t replaced_ = 0;  // so many of old_ the rewrite takes the place of
  std::uint64_t next_number_ = 1, next_rewrite_number_ = 0;
  bool rewriting_ = false;
};

}  // namespace tld::signer
