// SPDX-License-Identifier: GPL-2.0-only
//
// Appending. (audit_check.cc reads and verifies.)
#include "keys/audit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "keys/audit_head.h"
#include "keys/audit_place.h"
#include "keys/input_file.h"
#include "keys/record_file.h"

namespace tld::keys {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds lock_patience{10};

// The newest segment that has a line, and those behind it.
base::Result<std::vector<AuditSegment>> read_tail(const fs::path& directory) {
  TLD_TRY(const auto paths, audit_segments(directory));
  std::size_t from = paths.size() - 1;
  std::error_code ignored;  // reading it says what is wrong
  while (from > 0 && fs::file_size(paths[from], ignored) == 0) --from;
  return read_audit_segments({paths.begin() + static_cast<std::ptrdiff_t>(from), paths.end()});
}

base::Error beside(const ChainLink& head, const ChainLink& log) {
  if (head.sequence > log.sequence) {
    return base::invalid_input(fmt::format(
        "AUDIT-CUT: the signed head is line {}, the log ends with line {}: lines were cut off",
        head.sequence, log.sequence));
  }
  return base::invalid_input(fmt::format(
      "AUDIT-HEAD: the log's line {} is not the one that the signed head names", head.sequence));
}

// Is the last line not covered by the head?
base::Result<bool> is_last_unsigned(const AuditReading& tail, const ChainLink& head) {
  if (head == tail.head()) return false;
  const ChainLink before_last =
      tail.lines.size() > 1 ? tail.lines[tail.lines.size() - 2].link : tail.before;
  if (tail.lines.empty() || head != before_last) return beside(head, tail.head());
  return true;
}

AuditEntry unsigned_entry(const ChainLink& line) {
  AuditEntry entry;
  entry.type = "audit-unsigned";
  entry.level = AuditLevel::warning;
  entry.object = "the line before, which the signed head did not cover";
  entry.detail = {{"sequence", std::to_string(line.sequence)}, {"hash", line.hash}};
  return entry;
}

// What the log says by itself is said by whoever writes next.
AuditEntry said_by(AuditEntry entry, const AuditEntry& next) {
  entry.time = next.time;
  entry.clock = next.clock;
  entry.identity = next.identity;
  entry.role = next.role;
  return entry;
}

}  // namespace

AuditLog::AuditLog(fs::path directory, MachineKey key, Announce announce, SegmentLimits limits)
    : directory_(std::move(directory)),
      key_(std::move(key)),
      announce_(std::move(announce)),
      limits_(limits) {}

base::Status AuditLog::create(const fs::path& directory, AuditEntry first,
                              const Announce& announce) {
  TLD_TRY(const mode_t mode, file_mode_in(directory));
  TLD_TRY(const auto lock, lock_file(directory / "lock", mode, lock_patience));
  if (audit_segments(directory)) {
    return base::refused(directory.string() + " has an audit log already");
  }
  TLD_TRY(const MachineKey key, MachineKey::generate());
  TLD_TRY(const std::string private_pem, key.private_pem());
  TLD_TRY(const std::string public_pem, key.public_pem());
  first.type = "audit-init";
  first.detail["key"] = sha256_hex(public_pem);
  const std::string line = chained_line({}, to_json(first));
  // The segment comes last: without one there is no log, and all this is made again.
  TLD_TRY(replace_file(directory / "head.key", private_pem, mode & 0660));
  TLD_TRY(replace_file(directory / "head.pub", public_pem, mode));
  AuditLog log(directory, key, announce, {});
  TLD_TRY(log.publish_head({1, sha256_hex(line)}));
  return replace_file(audit_segment_path(directory, 1), line + "\n", mode);
}

base::Result<AuditLog> AuditLog::open(const fs::path& directory, Announce announce,
                                      SegmentLimits limits) {
  TLD_TRY(audit_segments(directory));
  TLD_TRY(const std::string pem, read_input_file(directory / "head.key", max_key_octets));
  auto key = MachineKey::from_private_pem(pem);
  if (!key) return key.error().in((directory / "head.key").string());
  return AuditLog(directory, std::move(key).value(), std::move(announce), limits);
}

base::Result<ChainLink> AuditLog::append(const AuditEntry& entry) {
  TLD_TRY(const mode_t mode, file_mode_in(directory_));
  TLD_TRY(const auto lock, lock_file(directory_ / "lock", mode, lock_patience));
  auto link = append_locked(entry);
  if (link || link.error().message.starts_with("APPROVAL-")) return link;
  return link.error().in("audit log " + directory_.string());
}

base::Result<ChainLink> AuditLog::append_locked(const AuditEntry& entry) {
  TLD_TRY(check_not_replayed(entry));
  TLD_TRY(const std::string head_text, read_input_file(directory_ / "head", max_head_octets));
  TLD_TRY(const ChainLink head, find_signed_head(head_text, key_));
  TLD_TRY(const auto segments, read_tail(directory_));
  TLD_TRY(const auto tail, read_audit_lines(segments));
  TLD_TRY(const bool is_unsigned, is_last_unsigned(tail, head));
  const fs::path last = directory_ / segments.back().name;
  ChainLink link = tail.head();
  if (tail.torn && tail.torn->is_whole) {
    TLD_TRY(const mode_t mode, file_mode_in(directory_));
    TLD_TRY(append_to_file(last, "\n", mode));
    return append_locked(entry);
  }
  if (tail.torn) {
    const std::string before = tail.torn->has_newline ? "" : "\n";
    TLD_TRY(link, write_line(last, link, said_by(torn_entry(tail.torn->octets), entry), before));
  } else if (is_unsigned) {
    TLD_TRY(link, write_line(last, link, said_by(unsigned_entry(link), entry), ""));
  }
  TLD_TRY(const fs::path place, place_for_next(segments, tail, entry));
  return write_line(place, link, entry, "");
}

// The last segment, or a new one when that is full or old.
base::Result<fs::path> AuditLog::place_for_next(const std::vector<AuditSegment>& segments,
                                                const AuditReading& tail,
                                                const AuditEntry& entry) const {
  const fs::path last = directory_ / segments.back().name;
  const bool is_full = segments.back().text.size() >= limits_.octets;
  const bool is_old = !tail.lines.empty() && !segments.back().text.empty() &&
                      entry.time - tail.lines.front().entry.time >= limits_.age;
  if (!is_full && !is_old) return last;
  TLD_TRY(const unsigned number, audit_segment_number(last));
  return audit_segment_path(directory_, number + 1);
}

base::Result<ChainLink> AuditLog::write_line(const fs::path& segment, const ChainLink& last,
                                             const AuditEntry& entry, const std::string& before) {
  const std::string line = chained_line(last, to_json(entry));
  if (line.size() > max_chained_line) {
    return base::invalid_input(fmt::format(
        "AUDIT-SIZE: the line would have {} octets, more than {}", line.size(), max_chained_line));
  }
  TLD_TRY(const mode_t mode, file_mode_in(directory_));
  TLD_TRY(append_to_file(segment, before + line + "\n", mode));
  const ChainLink link{last.sequence + 1, sha256_hex(line)};
  TLD_TRY(publish_head(link));
  return link;
}

base::Status AuditLog::check_not_replayed(const AuditEntry& entry) const {
  if (entry.approvals.empty() || entry.result != AuditResult::begun) return base::ok();
  TLD_TRY(const auto paths, audit_segments(directory_));
  TLD_TRY(const auto segments, read_audit_segments(paths));
  TLD_TRY(const auto reading, read_audit_lines(segments));
  const std::set<std::string> wanted(entry.approvals.begin(), entry.approvals.end());
  for (const AuditLine& line : reading.lines) {
    for (const std::string& used : line.entry.approvals) {
      if (!wanted.contains(used)) continue;
      return base::refused(fmt::format(
          "APPROVAL-REPLAYED: approval {} was used for {} {} (line {} of the audit log)", used,
          line.entry.type, line.entry.object, line.link.sequence));
    }
  }
  return base::ok();
}

base::Status AuditLog::publish_head(const ChainLink& head) {
  TLD_TRY(const std::string text, signed_head(head, key_));
  TLD_TRY(const mode_t mode, file_mode_in(directory_));
  TLD_TRY(replace_file(directory_ / "head", text + "\n", mode));
  if (announce_) announce_(text);
  return base::ok();
}

}  // namespace tld::keys
