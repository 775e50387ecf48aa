// SPDX-License-Identifier: GPL-2.0-only
//
// The audit log of one machine: a directory of segments that only grow, a hash chain over all of
// them, and its signed head (docs/audit.md). Whoever may write into the directory may append; its
// files have the directory's permissions.
//
//   audit-000001.jsonl ...  the segments
//   head                    the signed head, one line
//   head.key, head.pub      the machine's key
//   lock                    held while a line is appended
//   people.yaml             the people who were adopted last, if any (keys/people.h)
//
// A line that was not written whole is kept: the next append puts an entry `audit-torn` behind it
// that names its length and SHA-256. A line that the signed head does not cover, because of a crash
// between the two or because somebody else wrote it, is named by an entry `audit-unsigned`.
//
// Thread rule: one AuditLog is used by one thread; any number of them, also in other processes, may
// append to one log.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "keys/audit_entry.h"
#include "keys/audit_reading.h"
#include "keys/machine_key.h"

namespace tld::keys {

// When a segment ends.
struct SegmentLimits {
  std::size_t octets = 1 << 20;
  std::chrono::seconds age = std::chrono::days{31};
};

class AuditLog {
 public:
  // Told each new signed head; syslog, in tldctl.
  using Announce = std::function<void(const std::string& head)>;

  // Makes the directory's files and the first line, of type audit-init. refused: there is a log.
  static base::Status create(const std::filesystem::path& directory, AuditEntry first,
                             const Announce& announce);
  // not_found: there is no audit log.
  static base::Result<AuditLog> open(const std::filesystem::path& directory, Announce announce,
                                     SegmentLimits limits = {});

  // Checks the last segment and the head, writes the line, syncs it, signs the head. Errors:
  // what read_audit_lines() says of the segment, AUDIT-CUT, AUDIT-HEAD...; APPROVAL-REPLAYED: one
  // of the entry's approvals is in the log already and the entry is the beginning of an act;
  // unavailable: another process has held the lock for ten seconds, or the disk is full.
  base::Result<ChainLink> append(const AuditEntry& entry);

  const std::filesystem::path& directory() const { return directory_; }

 private:
  AuditLog(std::filesystem::path directory, MachineKey key, Announce announce,
           SegmentLimits limits);
  base::Result<ChainLink> append_locked(const AuditEntry& entry);
  base::Result<std::filesystem::path> place_for_next(const std::vector<AuditSegment>& segments,
                                                     const AuditReading& tail,
                                                     const AuditEntry& entry) const;
  base::Result<ChainLink> write_line(const std::filesystem::path& segment, const ChainLink& last,
                                     const AuditEntry& entry, const std::string& before);
  base::Status check_not_replayed(const AuditEntry& entry) const;
  base::Status publish_head(const ChainLink& head);

  std::filesystem::path directory_;
  MachineKey key_;
  Announce announce_;
  SegmentLimits limits_;
};

// The segments of a log, oldest first. not_found: there are none.
base::Result<std::vector<std::filesystem::path>> audit_segments(
    const std::filesystem::path& directory);
base::Result<std::vector<AuditSegment>> read_audit_segments(
    const std::vector<std::filesystem::path>& paths);

// What a whole log says, when everything about it is in order.
struct AuditVerification {
  AuditReading reading;
  std::vector<AuditSegment> segments;
};
struct AuditClaims {
  std::vector<ChainLink> heads;   // kept elsewhere; the log must have them
  std::optional<MachineKey> key;  // the public key, kept elsewhere; default: head.pub
  std::filesystem::path archive;  // older segments; empty: none
};
// Errors are those of read_audit_lines(), and:
//   AUDIT-TORN         the last line is not whole
//   AUDIT-HEAD         the log has another line than a head says; or there is no signed head
//   AUDIT-CUT          a head is beyond the log's end: lines were cut off
//   AUDIT-UNSIGNED     lines behind the signed head
//   AUDIT-BEGINNING    the log does not begin with its first line, and no entry audit-archive (with
//                      the archive: audit-discard) tells of the lines before
// Nobody writes meanwhile. unavailable: somebody has been writing for ten seconds.
base::Result<AuditVerification> verify_audit_log(const std::filesystem::path& directory,
                                                 const AuditClaims& claims);

// The public key and the signed head beside the log.
base::Result<MachineKey> audit_public_key(const std::filesystem::path& directory);

}  // namespace tld::keys
