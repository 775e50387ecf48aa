// SPDX-License-Identifier: GPL-2.0-only
#include "keys/audit_archive.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "keys/adopted_people.h"
#include "keys/audit_place.h"
#include "keys/input_file.h"
#include "keys/record_file.h"

namespace tld::keys {
namespace {

namespace fs = std::filesystem;

base::Status copy_to_archive(const AuditSegment& segment, const fs::path& archive) {
  const fs::path place = archive / segment.name;
  const auto there = read_input_file(place, max_segment_octets);
  if (there && there.value() == segment.text) return base::ok();  // a crash came after the copy
  if (there || there.error().kind != base::ErrorKind::not_found) {
    return base::refused(
        fmt::format("AUDIT-ARCHIVE: {} is there already, with other octets", place.string()));
  }
  TLD_TRY(const mode_t mode, file_mode_in(archive));
  return replace_file(place, segment.text, mode);
}

base::Status tell(AuditLog& log, const AuditEntry& said_by, const AuditSegment& segment,
                  const ChainLink& last, const std::string& people) {
  AuditEntry entry = said_by;
  entry.type = "audit-archive";
  entry.object = segment.name;
  entry.detail = {{"last-sequence", std::to_string(last.sequence)},
                  {"last-hash", last.hash},
                  {"sha256", sha256_hex(segment.text)},
                  {"people", people}};
  TLD_TRY(log.append(entry));
  return base::ok();
}

}  // namespace

base::Result<std::vector<std::string>> archive_audit_log(AuditLog& log, const AuditEntry& said_by,
                                                         const Retention& retention,
                                                         const fs::path& archive) {
  TLD_TRY(const auto found, verify_audit_log(log.directory(), {}));
  const std::string people = adopted_version(found.reading);
  std::vector<std::string> moved;
  for (std::size_t i = 0; i + 1 < found.segments.size(); ++i) {
    const AuditLine* last = nullptr;
    for (const AuditLine& line : found.reading.lines) {
      if (line.segment == i) last = &line;
    }
    if (last == nullptr || said_by.time - last->entry.time <= retention.online) break;
    const AuditSegment& segment = found.segments[i];
    TLD_TRY(copy_to_archive(segment, archive));
    TLD_TRY(tell(log, said_by, segment, last->link, people));
    std::error_code fault;
    fs::remove(log.directory() / segment.name, fault);
    if (fault) return base::unavailable("cannot remove " + segment.name + ": " + fault.message());
    moved.push_back(segment.name);
  }
  return moved;
}

base::Status discard_archived(const fs::path& segment, const Retention& retention, base::Time now) {
  const fs::path archive = segment.has_parent_path() ? segment.parent_path() : fs::path(".");
  TLD_TRY(const auto all, audit_segments(archive));
  if (all.front().filename() != segment.filename()) {
    return base::invalid_input("AUDIT-ARCHIVE: the oldest segment of the archive is " +
                               all.front().string());
  }
  TLD_TRY(const auto segments, read_audit_segments({segment}));
  TLD_TRY(const auto reading, read_audit_lines(segments));
  if (reading.lines.empty() || reading.torn) {
    return base::invalid_input("AUDIT-ARCHIVE: " + segment.string() + " is no whole segment");
  }
  const base::Time last = reading.lines.back().entry.time;
  if (now - last <= retention.archive) {
    return base::refused(fmt::format("AUDIT-RETENTION: the last line of {} is of {}; it is kept {}",
                                     segment.string(), utc_text(last),
                                     base::to_text(retention.archive)));
  }
  std::error_code fault;
  fs::remove(segment, fault);
  if (fault) return base::unavailable("cannot remove " + segment.string() + ": " + fault.message());
  return base::ok();
}

}  // namespace tld::keys
