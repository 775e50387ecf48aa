// SPDX-License-Identifier: GPL-2.0-only
#include "cli/hold_approval.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/act.h"
#include "cli/arguments.h"
#include "cli/store_option.h"
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

// Observers countersign; the brake counts those who decide.
std::vector<std::string> deciding(const std::vector<keys::Approver>& approvers) {
  std::vector<std::string> names;
  for (const keys::Approver& approver : approvers) {
    if (approver.role != keys::Role::observer) names.push_back(approver.person);
  }
  return names;
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
  TLD_TRY(const auto people, people_of_this_machine(chosen));
  if (people && !wanted.person.empty()) {
    return base::refused(
        "this machine has adopted people: --approval with what they signed is needed, --person "
        "names nobody");
  }
  TLD_TRY(const auto hold, find_hold(*store, wanted));
  const dns::Name zone = to_name(wanted.zone);
  Act::Detail detail;
  if (!people) detail["person"] = wanted.person;
  TLD_TRY(auto begun,
          begin_approved(chosen,
                         {zone.text(), act_name, keys::sha256_hex(hold_text(zone, hold)),
                          base::SystemClock().now()},
                         object_of(wanted), wanted.approvals, detail));
  const auto names = people ? deciding(begun.approvers) : std::vector<std::string>{wanted.person};
  return begun.act.end(without_exceptions([&] { return write_approval(*store, wanted, names); }));
}

}  // namespace tld::cli
