// SPDX-License-Identifier: GPL-2.0-only
//
// The signatures that an earlier run has left in a folder: where on the disk each one is, 16 octets
// of memory for each. What is found is read from the file and checked again.
//
// Thread rule: immutable; find() is safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "signer/log/log_folder.h"
#include "signer/log/segment.h"

namespace tld::signer {

// Segments are NNNNNNNNNN.log: a later entry with the same key takes an earlier one's place, in a
// file and in the order of their numbers.
std::string segment_name(std::uint64_t number);
std::optional<std::uint64_t> segment_number(const std::string& name);
inline constexpr const char* unfinished_suffix = ".new";  // of a segment that is being rewritten

class LoadedLog {
 public:
  struct Segment {
    std::string name;
    std::uint64_t number = 0;
    std::uint64_t octets = 0;
  };
  struct Trouble {  // with a segment that nobody could or should read
    std::string what;
    bool is_foreign = false;  // of another version or zone
  };
  struct Found {
    Validity validity;
    std::string signature;
  };

  // Reads all segments of an opened folder. A segment larger than `max_segment_octets` is not read.
  // unavailable: the folder cannot be listed.
  static base::Result<std::unique_ptr<LoadedLog>> load(LogFolder& folder, dns::NameView zone,
                                                       std::uint64_t max_segment_octets);

  // nullopt: not there, or not readable any more.
  std::optional<Found> find(const ContentKey& key) const;

  std::size_t entries() const { return places_.size(); }
  const std::vector<Segment>& segments() const { return segments_; }
  std::uint64_t damaged_octets() const { return damaged_octets_; }
  std::uint64_t torn_octets() const { return torn_octets_; }
  const std::vector<Trouble>& troubles() const { return troubles_; }

 private:
  struct Place {
    std::uint64_t print = 0;  // of the content key
    std::uint32_t segment = 0;
    std::uint32_t offset = 0;
  };
  static std::uint64_t print_of(const ContentKey& key);
  void read(LogFolder& folder, dns::NameView zone, Segment segment, std::uint64_t max_octets);
  base::Result<std::string> octets_of(LogFile& file, Segment& segment, std::uint64_t max_octets);
  void keep_newest();

  std::vector<Segment> segments_;  // by number
  std::vector<std::unique_ptr<LogFile>> files_;
  std::vector<Place> places_;  // by print
  std::vector<Trouble> troubles_;
  std::uint64_t damaged_octets_ = 0, torn_octets_ = 0;
};

}  // namespace tld::signer
