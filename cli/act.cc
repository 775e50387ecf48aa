// SPDX-License-Identifier: GPL-2.0-only
#include "cli/act.h"

#include <fmt/format.h>
#include <syslog.h>

#include <cstdlib>

#include "base/clock.h"
#include "keys/adopted_people.h"
#include "keys/audit_identity.h"

namespace tld::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* default_directory = "/var/lib/tld/audit";

// "" for all that is not there: an act is not refused for want of a role.
std::string role_of(const std::string& identity, const fs::path& directory) {
  const auto people = keys::adopted_people(directory);
  if (!people || !people.value()) return "";
  const keys::Person* person = people.value()->find(identity);
  if (person == nullptr || !person->is_valid_at(base::SystemClock().now())) return "";
  return keys::to_string(person->role);
}

base::Result<std::optional<keys::AuditLog>> open_log(const Chosen& chosen) {
  TLD_TRY(const auto directory, audit_directory(chosen));
  if (!directory) return std::optional<keys::AuditLog>();
  auto log = keys::AuditLog::open(*directory, announce_head);
  if (!log) return resource_error(log.error());
  return std::optional<keys::AuditLog>(std::move(log).value());
}

// An end that is too long for a line is logged all the same, with less: the line `begun` has the
// approvals.
keys::AuditEntry that_fits(keys::AuditEntry entry) {
  constexpr std::size_t max_number = 20;  // digits of a sequence number
  constexpr std::size_t max_text = 1000;  // octets
  const std::size_t octets = keys::chained_line({}, to_json(entry)).size() + max_number;
  if (octets <= keys::max_chained_line) return entry;
  std::map<std::string, std::string> kept;
  for (const char* key : {"reason", "transcript-head"}) {
    const auto found = entry.detail.find(key);
    if (found != entry.detail.end()) kept[key] = keys::first_octets(found->second, max_text);
  }
  kept["left-out"] =
      fmt::format("{} details and {} approvals: the line would have had {} octets",
                  entry.detail.size() - kept.size(), entry.approvals.size(), octets - max_number);
  entry.detail = std::move(kept);
  entry.approvals.clear();
  entry.object = keys::first_octets(entry.object, max_text);
  return entry;
}

base::Result<Report> not_logged(base::Result<Report> outcome, const base::Error& why) {
  const std::string where = "not in the audit log: " + why.message;
  if (!outcome) return base::unavailable(outcome.error().message + "; and this is " + where);
  Report& report = outcome.value();
  report.verdict =
      (report.verdict.empty() ? "it was done, and is " : report.verdict + "; and this is ") + where;
  report.verdict_code = ExitCode::not_available;
  return outcome;
}

}  // namespace

void add_audit_option(CLI::App* command, Chosen& chosen) {
  command->add_option("--audit-log", chosen.audit_log,
                      "The audit log's directory; default: $TLD_AUDIT_LOG, then "
                      "/var/lib/tld/audit if it is there");
}

base::Result<std::optional<fs::path>> audit_directory(const Chosen& chosen) {
  const char* variable = std::getenv("TLD_AUDIT_LOG");
  std::string named = chosen.audit_log;
  if (named.empty() && variable != nullptr) named = variable;
  const fs::path directory = named.empty() ? default_directory : named;
  const auto segments = keys::audit_segments(directory);
  if (segments) return std::optional<fs::path>(directory);
  if (named.empty() && segments.error().kind == base::ErrorKind::not_found) {
    return std::optional<fs::path>();
  }
  return base::unavailable(segments.error().message + "; tldctl audit init makes one");
}

base::Result<fs::path> required_audit_directory(const Chosen& chosen) {
  TLD_TRY(const auto directory, audit_directory(chosen));
  if (directory) return *directory;
  return base::unavailable(std::string(default_directory) +
                           " has no audit log; tldctl audit init makes one, --audit-log names "
                           "another");
}

keys::AuditEntry entry_by_this_user(const std::string& type, const std::string& object) {
  return keys::entry_by_this_user(type, object, base::SystemClock().now());
}

void announce_head(const std::string& head) {
  ::openlog("tldctl", LOG_PID, LOG_AUTHPRIV);
  ::syslog(LOG_NOTICE, "%s", head.c_str());
  ::closelog();
}

Act::Act(std::optional<keys::AuditLog> log, keys::AuditEntry entry)
    : log_(std::move(log)), entry_(std::move(entry)) {}

base::Result<Act> Act::begin(const Chosen& chosen, const std::string& type,
                             const std::string& object,
                             const std::vector<keys::Approver>& approvers, const Detail& detail) {
  TLD_TRY(auto log, open_log(chosen));
  keys::AuditEntry entry = entry_by_this_user(type, object);
  entry.result = keys::AuditResult::begun;
  for (const auto& [key, value] : detail) entry.detail[key] = value;
  for (const keys::Approver& approver : approvers) {
    entry.approvals.push_back(approver.statement);
    std::string& by = entry.detail["approved-by"];
    by += (by.empty() ? "" : ", ") + approver.person + " " + keys::to_string(approver.role);
  }
  if (log) {
    entry.role = role_of(entry.identity, log->directory());
    TLD_TRY(log->append(entry));
  }
  return Act(std::move(log), std::move(entry));
}

base::Result<Report> Act::end(base::Result<Report> outcome) {
  if (!log_) return outcome;
  const std::string reason = outcome ? outcome.value().verdict : outcome.error().message;
  const bool is_done = outcome && reason.empty();
  entry_.time = base::SystemClock().now();
  entry_.clock = keys::clock_state();
  entry_.result = is_done ? keys::AuditResult::done : keys::AuditResult::failed;
  if (outcome) {
    for (const auto& [key, value] : outcome.value().evidence) entry_.detail[key] = value;
  }
  if (!is_done) {
    entry_.level = keys::AuditLevel::warning;
    entry_.detail["reason"] = reason;
  }
  const auto link = without_exceptions([this] { return log_->append(that_fits(entry_)); });
  return link ? outcome : not_logged(std::move(outcome), link.error());
}

base::Status Act::end_step(base::Result<Report> outcome) {
  TLD_TRY(const Report ended, end(std::move(outcome)));
  if (ended.verdict.empty()) return base::ok();
  const bool can_help = ended.verdict_code == ExitCode::not_available;
  return can_help ? base::unavailable(ended.verdict) : base::refused(ended.verdict);
}

base::Result<Act> Act::begin_or_refuse(const Chosen& chosen, const std::string& type,
                                       const std::string& object,
                                       const std::vector<keys::Approver>& approvers,
                                       const Detail& detail) {
  auto act = begin(chosen, type, object, approvers, detail);
  if (act || act.error().kind != base::ErrorKind::refused) return act;
  return refuse(chosen, type, object, act.error());
}

base::Error Act::refuse(const Chosen& chosen, const std::string& type, const std::string& object,
                        const base::Error& why) {
  auto log = open_log(chosen);
  if (!log) return log.error();
  if (!log.value()) return why;
  keys::AuditEntry entry = entry_by_this_user(type, object);
  entry.result = keys::AuditResult::refused;
  entry.level = keys::AuditLevel::warning;
  entry.role = role_of(entry.identity, log.value()->directory());
  entry.detail["reason"] = why.message;
  const auto link = log.value()->append(that_fits(std::move(entry)));
  return link ? why : link.error();
}

base::Result<std::vector<keys::Approval>> read_approvals(const std::vector<std::string>& files) {
  std::vector<keys::Approval> approvals;
  for (const std::string& file : files) {
    TLD_TRY(auto approval, keys::Approval::read_file(file));
    approvals.push_back(std::move(approval));
  }
  return approvals;
}

base::Result<std::optional<keys::People>> people_of_this_machine(const Chosen& chosen) {
  TLD_TRY(const auto directory, audit_directory(chosen));
  if (!directory) return std::optional<keys::People>();
  return keys::adopted_people(*directory);
}

base::Result<ApprovedAct> begin_approved(const Chosen& chosen, const keys::ApprovalRequest& wanted,
                                         const std::string& object,
                                         const std::vector<std::string>& files,
                                         const Act::Detail& detail,
                                         const std::vector<std::string>& also) {
  TLD_TRY(const auto people, people_of_this_machine(chosen));
  if (!people && !files.empty()) {
    return base::refused(
        "this machine has adopted nobody (tldctl people adopt): --approval proves nothing here");
  }
  std::vector<keys::Approver> approvers;
  if (people) {
    const auto check = [&]() -> base::Result<std::vector<keys::Approver>> {
      TLD_TRY(const auto approvals, read_approvals(files));
      std::vector<std::string> acts = {wanted.act};
      acts.insert(acts.end(), also.begin(), also.end());
      return keys::check_approvals_of_acts(*people, wanted, acts, approvals);
    };
    auto checked = check();
    if (!checked) return Act::refuse(chosen, wanted.act, object, checked.error());
    approvers = std::move(checked).value();
  }
  TLD_TRY(auto act, Act::begin_or_refuse(chosen, wanted.act, object, approvers, detail));
  return ApprovedAct{std::move(act), std::move(approvers)};
}

void on_act(CLI::App* command, Chosen& chosen, const std::string& type,
            std::function<std::string()> object, Run run, std::function<std::string()> misuse) {
  add_audit_option(command, chosen);
  on_chosen(
      command, chosen,
      [&chosen, type, object = std::move(object), run = std::move(run)]() -> base::Result<Report> {
        TLD_TRY(auto act, Act::begin(chosen, type, object()));
        return act.end(without_exceptions(run));
      },
      std::move(misuse));
}

}  // namespace tld::cli
