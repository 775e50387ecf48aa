// SPDX-License-Identifier: GPL-2.0-only
#include "publish/publisher.h"

#include "zones/check.h"
#include "zones/update.h"

namespace tld::publish {
namespace {

base::Result<zones::Decision> decide_first(const zones::ZoneContent& content) {
  const zones::CheckReport report = zones::check(content);
  if (!report.passed()) {
    return base::refused("the zone as it is in the store fails its checks: " +
                         report.faults_text());
  }
  zones::Decision decision;
  decision.first = true;
  return decision;
}

}  // namespace

base::Result<zones::Decision> decide(const zones::PendingChanges& pending,
                                     const std::shared_ptr<const zones::Zone>& published,
                                     const BrakeLimits& limits) {
  if (pending.first) return decide_first(*pending.first);
  zones::Decision decision;
  decision.set_aside = pending.bad_rows;
  std::vector<zones::NameData> wanted;
  wanted.reserve(pending.changes.size());
  for (const zones::NameChange& change : pending.changes) wanted.push_back(change.after);
  TLD_TRY(const zones::Update update, zones::update(published, wanted, {}));
  auto refusal = update.refusals.begin();
  for (std::size_t i = 0; i < pending.changes.size(); ++i) {
    if (refusal != update.refusals.end() && refusal->change == i) {
      decision.set_aside.push_back({wanted[i].name.text(), refusal->finding.message(), {}});
      ++refusal;
    } else {
      decision.changes.push_back(pending.changes[i]);
    }
  }
  decision.hold =
      brake(impact_of(decision.changes, published->apex()), *published, limits, pending.hold);
  return decision;
}

}  // namespace tld::publish
