// SPDX-License-Identifier: GPL-2.0-only
//
// An act of tldctl that changes keys, people or publications: it stands in the machine's audit log
// (docs/audit.md), one line before it and one behind it. When the first cannot be written, nothing
// is done.
//
// The log is --audit-log, else $TLD_AUDIT_LOG, else /var/lib/tld/audit if there is one there; else
// acts are not logged.
//
// Thread rule: one thread.
#pragma once

#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "keys/approval.h"
#include "keys/audit_log.h"

namespace tld::cli {

void add_audit_option(CLI::App* command, Chosen& chosen);

// nullopt: this machine has none. unavailable: the one that is named is not there.
base::Result<std::optional<std::filesystem::path>> audit_directory(const Chosen& chosen);
// The same, where there must be one: not_found, with how to make one.
base::Result<std::filesystem::path> required_audit_directory(const Chosen& chosen);

// Who is acting, when, by which clock.
keys::AuditEntry entry_by_this_user(const std::string& type, const std::string& object);
// To syslog (LOG_AUTHPRIV).
void announce_head(const std::string& head);

// What `work` returns; what it throws (no memory, a library's fault) is an error, so that what was
// begun has its end.
template <typename Work>
auto without_exceptions(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& fault) {
    return base::internal(std::string("broken off: ") + fault.what());
  }
}

class Act {
 public:
  using Detail = std::map<std::string, std::string>;

  // Writes the line `begun`; from now on its approvals are used up.
  static base::Result<Act> begin(const Chosen& chosen, const std::string& type,
                                 const std::string& object,
                                 const std::vector<keys::Approver>& approvers = {},
                                 const Detail& detail = {});
  // Writes how it ended and returns `outcome`. When the log cannot take it, that is said in the
  // report's verdict or the error, unavailable; what else the report has stays.
  base::Result<Report> end(base::Result<Report> outcome);
  // The same for an act within another one: a verdict is an error.
  base::Status end_step(base::Result<Report> outcome);

  // begin(); APPROVAL-REPLAYED and what else is refused stands in the log too.
  static base::Result<Act> begin_or_refuse(const Chosen& chosen, const std::string& type,
                                           const std::string& object,
                                           const std::vector<keys::Approver>& approvers,
                                           const Detail& detail);
  // Writes one line: it was asked for and refused, with nothing done. Returns `why`.
  static base::Error refuse(const Chosen& chosen, const std::string& type,
                            const std::string& object, const base::Error& why);

 private:
  Act(std::optional<keys::AuditLog> log, keys::AuditEntry entry);
  std::optional<keys::AuditLog> log_;
  keys::AuditEntry entry_;
};

// An act that people approve, where this machine has adopted people.
struct ApprovedAct {
  Act act;
  std::vector<keys::Approver> approvers;  // empty where nobody was adopted
};
// Checks the approvals in `files` against the adopted people's rule for wanted.act, then begins it.
// A refusal (APPROVAL-..., keys/approval.h) stands in the log, and nothing is done. Where nobody
// was adopted, `files` must be empty: they would prove nothing. `object` is for the log. `also`:
// acts whose rules must be met too, each with approvals of its own over the same octets.
base::Result<ApprovedAct> begin_approved(const Chosen& chosen, const keys::ApprovalRequest& wanted,
                                         const std::string& object,
                                         const std::vector<std::string>& files,
                                         const Act::Detail& detail = {},
                                         const std::vector<std::string>& also = {});
base::Result<std::vector<keys::Approval>> read_approvals(const std::vector<std::string>& files);
// nullopt: nobody was adopted, or there is no audit log.
base::Result<std::optional<keys::People>> people_of_this_machine(const Chosen& chosen);

// on_chosen(), with `run` between two lines of the audit log and --audit-log added.
void on_act(CLI::App* command, Chosen& chosen, const std::string& type,
            std::function<std::string()> object, Run run, std::function<std::string()> misuse = {});

}  // namespace tld::cli
