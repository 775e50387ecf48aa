// SPDX-License-Identifier: GPL-2.0-only
//
// Reading and verifying a whole audit log.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "keys/audit_head.h"
#include "keys/audit_log.h"
#include "keys/audit_place.h"
#include "keys/input_file.h"
#include "keys/record_file.h"

namespace tld::keys {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view name_start = "audit-";
constexpr std::string_view name_end = ".jsonl";
constexpr std::chrono::seconds lock_patience{10};

// A segment that is being moved can be in both places for a moment.
base::Result<std::vector<fs::path>> all_segments(const fs::path& directory,
                                                 const fs::path& archive) {
  TLD_TRY(auto paths, audit_segments(directory));
  if (archive.empty()) return paths;
  TLD_TRY(auto archived, audit_segments(archive));
  std::erase_if(archived, [&paths](const fs::path& path) {
    return std::ranges::any_of(
        paths, [&path](const fs::path& other) { return other.filename() == path.filename(); });
  });
  archived.insert(archived.end(), paths.begin(), paths.end());
  std::ranges::sort(archived, {}, [](const fs::path& path) { return path.filename(); });
  return archived;
}

base::Status check_head(const AuditReading& reading, const ChainLink& head) {
  if (head.sequence > reading.head().sequence) {
    return base::invalid_input(
        fmt::format("AUDIT-CUT: there was a line {}; the log ends with line {}: lines were cut off",
                    head.sequence, reading.head().sequence));
  }
  if (head.sequence < reading.before.sequence) {
    return base::invalid_input(fmt::format(
        "AUDIT-HEAD: line {} is in an archived segment; --archive names where", head.sequence));
  }
  const ChainLink& here = head.sequence == reading.before.sequence
                              ? reading.before
                              : reading.lines[head.sequence - reading.before.sequence - 1].link;
  if (here == head) return base::ok();
  return base::invalid_input(fmt::format("AUDIT-HEAD: line {} has SHA-256 {}; the head says {}",
                                         head.sequence, here.hash, head.hash));
}

// Lines that are not here were archived, or discarded from the archive, and the log says so.
base::Status check_beginning(const AuditReading& reading, bool with_archive) {
  const std::string type = with_archive ? "audit-discard" : "audit-archive";
  if (reading.before == ChainLink{}) return base::ok();
  for (const AuditLine& line : reading.lines) {
    const auto& detail = line.entry.detail;
    const auto sequence = detail.find("last-sequence");
    const auto hash = detail.find("last-hash");
    if (line.entry.type == type && sequence != detail.end() && hash != detail.end() &&
        sequence->second == std::to_string(reading.before.sequence) &&
        hash->second == reading.before.hash) {
      return base::ok();
    }
  }
  return base::invalid_input(
      fmt::format("AUDIT-BEGINNING: the log begins with line {}, and no {} entry tells of line {}",
                  reading.before.sequence + 1, type, reading.before.sequence));
}

base::Status check_signed_head(const fs::path& directory, const AuditReading& reading,
                               const MachineKey& key) {
  const auto text = read_input_file(directory / "head", max_head_octets);
  if (!text) return text.error().in("AUDIT-HEAD");
  TLD_TRY(const ChainLink head,
          read_signed_head(text.value().substr(0, text.value().size() - 1), key));
  if (text.value().find("tld-audit-head") != 0 || !text.value().ends_with('\n')) {
    return base::invalid_input("AUDIT-HEAD-SYNTAX: the file head is not one line");
  }
  TLD_TRY(check_head(reading, head));
  if (head == reading.head()) return base::ok();
  return base::invalid_input(fmt::format(
      "AUDIT-UNSIGNED: the log has {} lines behind the signed head, line {}: a crash between line "
      "and head, or somebody else's lines",
      reading.head().sequence - head.sequence, head.sequence));
}

}  // namespace

fs::path audit_segment_path(const fs::path& directory, unsigned number) {
  return directory / fmt::format("{}{:06}{}", name_start, number, name_end);
}

base::Result<unsigned> audit_segment_number(const fs::path& path) {
  const std::string name = path.filename().string();
  const base::Error wrong = base::invalid_input(path.string() + ": no segment of an audit log");
  if (name.size() != name_start.size() + 6 + name_end.size() || !name.starts_with(name_start) ||
      !name.ends_with(name_end)) {
    return wrong;
  }
  unsigned number = 0;
  const char* from = name.data() + name_start.size();
  const auto [end, error] = std::from_chars(from, from + 6, number);
  if (error != std::errc() || end != from + 6) return wrong;
  return number;
}

base::Result<std::vector<fs::path>> audit_segments(const fs::path& directory) {
  std::vector<fs::path> paths;
  std::error_code fault;
  for (fs::directory_iterator entry(directory, fault), end; !fault && entry != end;
       entry.increment(fault)) {
    if (audit_segment_number(entry->path())) paths.push_back(entry->path());
  }
  if (fault && fault != std::errc::no_such_file_or_directory) {
    return base::unavailable(fmt::format("audit log {}: {}", directory.string(), fault.message()));
  }
  if (paths.empty()) return base::not_found(directory.string() + " has no audit log");
  std::ranges::sort(paths);
  return paths;
}

bool is_audit_directory(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(directory / "head.pub", ignored)) ||
         static_cast<bool>(audit_segments(directory));
}

base::Status check_not_in_audit_directory(const fs::path& file) {
  const fs::path directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (!is_audit_directory(directory)) return base::ok();
  return base::refused(
      fmt::format("AUDIT-PLACE: {} would lie in the directory of an audit log; name another place",
                  file.string()));
}

base::Result<std::vector<AuditSegment>> read_audit_segments(const std::vector<fs::path>& paths) {
  std::vector<AuditSegment> segments;
  for (const fs::path& path : paths) {
    TLD_TRY(auto text, read_input_file(path, max_segment_octets));
    segments.push_back({path.filename().string(), std::move(text)});
  }
  return segments;
}

base::Result<MachineKey> audit_public_key(const fs::path& directory) {
  TLD_TRY(const std::string pem, read_input_file(directory / "head.pub", max_key_octets));
  auto key = MachineKey::from_public_pem(pem);
  if (!key) return key.error().in((directory / "head.pub").string());
  return key;
}

base::Result<AuditVerification> verify_audit_log(const fs::path& directory,
                                                 const AuditClaims& claims) {
  AuditVerification found;
  // A line that is being written has no signed head yet.
  TLD_TRY(const auto lock, lock_to_read(directory / "lock", lock_patience));
  TLD_TRY(const auto paths, all_segments(directory, claims.archive));
  TLD_TRY(found.segments, read_audit_segments(paths));
  TLD_TRY(found.reading, read_audit_lines(found.segments));
  if (found.reading.torn) return found.reading.torn->fault;
  std::optional<MachineKey> key = claims.key;
  if (!key) {
    TLD_TRY(key, audit_public_key(directory));
  }
  TLD_TRY(check_signed_head(directory, found.reading, *key));
  for (const ChainLink& head : claims.heads) {
    TLD_TRY(check_head(found.reading, head));
  }
  TLD_TRY(check_beginning(found.reading, !claims.archive.empty()));
  return found;
}

}  // namespace tld::keys
