// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/loaded_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace tld::signer {
namespace {

constexpr std::size_t number_digits = 10;
constexpr std::string_view segment_suffix = ".log";
// Of our own making there is none so high: behind it there must be room for those to come.
constexpr std::uint64_t highest_number = 9'000'000'000;

}  // namespace

std::string segment_name(std::uint64_t number) {
  return fmt::format("{:0{}}{}", number, number_digits, segment_suffix);
}

std::optional<std::uint64_t> segment_number(const std::string& name) {
  if (name.size() != number_digits + segment_suffix.size() || !name.ends_with(segment_suffix)) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < number_digits; ++i) {
    if (name[i] < '0' || name[i] > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(name[i] - '0');
  }
  if (number > highest_number) return std::nullopt;
  return number;
}

base::Result<std::unique_ptr<LoadedLog>> LoadedLog::load(LogFolder& folder, dns::NameView zone,
                                                         std::uint64_t max_segment_octets) {
  TLD_TRY(auto names, folder.list());
  std::sort(names.begin(), names.end());
  auto loaded = std::make_unique<LoadedLog>();
  for (const std::string& name : names) {
    const auto number = segment_number(name);
    if (number) loaded->read(folder, zone, {name, *number, 0}, max_segment_octets);
  }
  loaded->keep_newest();
  return loaded;
}

base::Result<std::string> LoadedLog::octets_of(LogFile& file, Segment& segment,
                                               std::uint64_t max_octets) {
  TLD_TRY(segment.octets, file.size());
  if (segment.octets > max_octets) {
    return base::refused(
        fmt::format("its {} octets are more than any segment has", segment.octets));
  }
  return file.read_at(0, segment.octets);
}

void LoadedLog::read(LogFolder& folder, dns::NameView zone, Segment segment,
                     std::uint64_t max_octets) {
  using Header = SegmentScan::Header;
  auto file = folder.open_file(segment.name);
  const auto octets = file ? octets_of(*file.value(), segment, max_octets)
                           : base::Result<std::string>(file.error());
  if (!octets) {
    troubles_.push_back({segment.name + ": " + octets.error().message});
    segments_.push_back(std::move(segment));
    files_.push_back(nullptr);
    return;
  }
  const auto index = static_cast<std::uint32_t>(files_.size());
  const auto scan = scan_segment(octets.value(), zone, [&](std::size_t at, const LogEntry& entry) {
    places_.push_back({print_of(entry.key), index, static_cast<std::uint32_t>(at)});
  });
  if (scan.header == Header::foreign_version) {
    troubles_.push_back(
        {fmt::format("{}: format version {}, not {}", segment.name, scan.version, segment_version),
         true});
  } else if (scan.header == Header::other_zone) {
    troubles_.push_back({segment.name + ": of another zone", true});
  }
  damaged_octets_ += scan.damaged_octets;
  torn_octets_ += scan.torn_octets;
  segments_.push_back(std::move(segment));
  files_.push_back(std::move(file).value());
}

std::uint64_t LoadedLog::print_of(const ContentKey& key) {
  std::uint64_t content = 0, signer = 0;
  std::memcpy(&content, key.content.data(), sizeof content);
  std::memcpy(&signer, key.signer.data(), sizeof signer);
  return content ^ signer;
}

void LoadedLog::keep_newest() {
  const auto newer_first = [](const Place& a, const Place& b) {
    return std::tie(a.print, b.segment, b.offset) < std::tie(b.print, a.segment, a.offset);
  };
  std::sort(places_.begin(), places_.end(), newer_first);
  const auto same = [](const Place& a, const Place& b) { return a.print == b.print; };
  places_.erase(std::unique(places_.begin(), places_.end(), same), places_.end());
  places_.shrink_to_fit();
}

std::optional<LoadedLog::Found> LoadedLog::find(const ContentKey& key) const {
  const std::uint64_t print = print_of(key);
  const auto place =
      std::lower_bound(places_.begin(), places_.end(), print,
                       [](const Place& p, std::uint64_t wanted) { return p.print < wanted; });
  if (place == places_.end() || place->print != print) return std::nullopt;
  const auto octets = files_[place->segment]->read_at(place->offset, max_entry_octets);
  if (!octets) return std::nullopt;
  const auto entry = read_entry(octets.value());
  if (!entry || entry->key != key) return std::nullopt;
  return Found{entry->validity, std::string(entry->signature)};
}

}  // namespace tld::signer
