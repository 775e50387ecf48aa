// SPDX-License-Identifier: GPL-2.0-only
#include "cli/hold_approval.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/store_option.h"
#include "keys/adopted_people.h"
#include "keys/chained_lines.h"

namespace tld::cli {
namespace {

constexpr const char* act_name = "zone-approve";

std::string object_of(const HoldApproval& wanted) {
  return fmt::format("{} hold {}", wanted.zone, wanted.hold);
}

base::Result<zones::Hold> find_hold(zones::Store& store, const HoldApproval& wanted) {
  TLD_TRY(const auto hold, store.hold(to_name(wanted.zone)));
  if (hold && hold->id == wanted.hold) return *hold;
  return base::refused(fmt::format("nothing is held under number {}", wanted.hold));
}

base::Result<std::vector<keys::Approval>> read_approvals(const std::vector<std::string>& files) {
  std::vector<keys::Approval> approvals;
  for (const std::string& file : files) {
    TLD_TRY(auto approval, keys::Approval::read_file(file));
    approvals.push_back(std::move(approval));
  }
  return approvals;
}

base::Result<std::vector<keys::Approver>> approvers_of(const keys::People& people,
                                                       zones::Store& store,
                                                       const HoldApproval& wanted) {
  if (!wanted.person.empty()) {
    return base::refused(
        "this machine has adopted people: --approval with their signed approvals is needed, "
        "--person names nobody");
  }
  TLD_TRY(const auto hold, find_hold(store, wanted));
  const dns::Name zone = to_name(wanted.zone);
  TLD_TRY(const auto approvals, read_approvals(wanted.approvals));
  return keys::check_approvals(
      people,
      {zone.text(), act_name, keys::sha256_hex(hold_text(zone, hold)), base::SystemClock().now()},
      approvals);
}

base::Result<Report> write_approval(zones::Store& store, const HoldApproval& wanted,
                                    const std::vector<std::string>& people) {
  const dns::Name zone = to_name(wanted.zone);
  TLD_TRY(store.approve(zone, wanted.hold, people, base::SystemClock().now()));
  Report report;
  report.json["hold"] = wanted.hold;
  report.json["approved-by"] = people;
  for (const std::string& person : people) {
    report.text += fmt::format("hold {} is approved by {}\n", wanted.hold, person);
  }
  return report;
}

base::Result<Report> approve_by_name(const Chosen& chosen, zones::Store& store,
                                     const HoldApproval& wanted) {
  if (wanted.person.empty() || !wanted.approvals.empty()) {
    return base::refused(
        "this machine has not adopted people (tldctl people adopt): --person is needed, --approval "
        "proves nothing");
  }
  TLD_TRY(auto act,
          Act::begin(chosen, act_name, object_of(wanted), {}, {{"person", wanted.person}}));
  return act.end(write_approval(store, wanted, {wanted.person}));
}

}  // namespace

std::string hold_text(const dns::Name& zone, const zones::Hold& hold) {
  return fmt::format(
      "tld-hold 1\nzone: {}\nhold: {}\nsince: {}\nnames: {}\nsecure-delegations: {}\napex: {}\n"
      "reason: {}\n",
      zone.text(), hold.id, keys::utc_text(hold.since), hold.names, hold.secure_delegations,
      hold.apex_digest.empty() ? "not touched" : hold.apex_digest, hold.reason);
}

base::Result<Report> approve_hold(const Chosen& chosen, const HoldApproval& wanted) {
  TLD_TRY(const auto store, open_store(wanted.store, zones::Store::Mode::read_write));
  TLD_TRY(const auto directory, audit_directory(chosen));
  std::optional<keys::People> people;
  if (directory) {
    TLD_TRY(people, keys::adopted_people(*directory));
  }
  if (!people) return approve_by_name(chosen, *store, wanted);
  const auto approvers = approvers_of(*people, *store, wanted);
  if (!approvers) return Act::refuse(chosen, act_name, object_of(wanted), approvers.error());
  // Observers countersign; the brake counts those who decide.
  std::vector<std::string> names;
  for (const keys::Approver& approver : approvers.value()) {
    if (approver.role != keys::Role::observer) names.push_back(approver.person);
  }
  TLD_TRY(auto act, Act::begin(chosen, act_name, object_of(wanted), approvers.value()));
  return act.end(write_approval(*store, wanted, names));
}

}  // namespace tld::cli
