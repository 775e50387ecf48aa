// SPDX-License-Identifier: GPL-2.0-only
#include "keys/adopted_people.h"

#include "keys/audit_log.h"
#include "keys/record_file.h"

namespace tld::keys {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "people.yaml";

std::string detail_of(const AuditEntry& entry, const char* key) {
  const auto found = entry.detail.find(key);
  return found == entry.detail.end() ? "" : found->second;
}

// A crash can fall between `begun` and `done`, on either side of the change of the file.
struct Adoption {
  std::string done, begun;
};

Adoption adoption_in(const AuditReading& log) {
  Adoption adoption;
  for (const AuditLine& line : log.lines) {
    const AuditEntry& entry = line.entry;
    // Lines that were archived are carried over by the entry that says so.
    if (entry.type == "audit-archive" && adoption.done.empty()) {
      adoption.done = detail_of(entry, "people");
    }
    if (entry.type != "people-adopt" || entry.result == AuditResult::refused) continue;
    adoption.begun = entry.result == AuditResult::begun ? detail_of(entry, "sha256") : "";
    if (entry.result == AuditResult::done) adoption.done = detail_of(entry, "sha256");
  }
  return adoption;
}

base::Error not_adopted(const fs::path& file, const std::string& why) {
  return base::refused("PEOPLE-NOT-ADOPTED: " + file.string() + " " + why);
}

}  // namespace

std::string adopted_version(const AuditReading& log) {
  return adoption_in(log).done;
}

base::Result<std::optional<People>> adopted_people(const fs::path& audit_log) {
  TLD_TRY(const auto paths, audit_segments(audit_log));
  TLD_TRY(const auto segments, read_audit_segments(paths));
  TLD_TRY(const auto log, read_audit_lines(segments));
  const Adoption adoption = adoption_in(log);
  const fs::path file = audit_log / file_name;
  auto people = People::read_file(file);
  if (!people && people.error().kind == base::ErrorKind::not_found) {
    if (adoption.done.empty()) return std::optional<People>();
    return not_adopted(
        file, "is gone; the audit log says that version " + adoption.done + " was adopted");
  }
  if (!people) return people.error();
  const std::string& sha256 = people.value().sha256;
  if (sha256 == adoption.done || sha256 == adoption.begun) {
    return std::optional<People>(std::move(people).value());
  }
  return not_adopted(file, "has SHA-256 " + sha256 + "; the audit log says that " +
                               (adoption.done.empty() ? "none" : adoption.done) + " was adopted");
}

base::Result<std::vector<Approver>> check_adoption(const std::optional<People>& now,
                                                   const People& next, base::Time time,
                                                   const std::vector<Approval>& approvals) {
  TLD_TRY(next.check_at(time));
  if (now) {
    TLD_TRY(check_succession(*now, next));
  } else if (next.version != 1) {
    return base::refused("PEOPLE-PREVIOUS: none was adopted yet; the first must be version 1");
  }
  return check_approvals(now ? *now : next, {no_zone, "people-adopt", next.sha256, time},
                         approvals);
}

base::Status install_people(const fs::path& audit_log, std::string_view yaml) {
  TLD_TRY(const mode_t mode, file_mode_in(audit_log));
  return replace_file(audit_log / file_name, yaml, mode);
}

}  // namespace tld::keys
