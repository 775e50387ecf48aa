// SPDX-License-Identifier: GPL-2.0-only
#include "publish/brake.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace tld::publish {
namespace {

const dns::RRset* find(const zones::NameData& data, dns::RRType type) {
  for (const dns::RRset& rrset : data.rrsets) {
    if (rrset.type == type) return &rrset;
  }
  return nullptr;
}

bool is_ds_touched(const zones::NameChange& change) {
  const dns::RRset* before = find(change.before, dns::RRType::DS);
  const dns::RRset* after = find(change.after, dns::RRType::DS);
  return before != nullptr && (after == nullptr || after->rdatas != before->rdatas);
}

bool is_too_many(std::uint64_t count, std::uint64_t all, const BrakeLimits& limits) {
  return count > limits.few && (count > limits.names || count * 100 > all * limits.percent);
}

std::string reason_of(const Impact& impact, const zones::Zone& published) {
  std::string text = fmt::format(
      "{} names of {} nodes would be removed or altered, {} of {} secure delegations would lose or "
      "change their DS",
      impact.names, published.node_count(), impact.secure_delegations,
      published.secure_delegation_count());
  if (!impact.apex_digest.empty()) text += "; the apex would change";
  return text;
}

}  // namespace

Impact impact_of(const std::vector<zones::NameChange>& changes, dns::NameView apex) {
  Impact impact;
  for (const zones::NameChange& change : changes) {
    if (change.after.name == apex) {
      impact.apex_digest =
          base::to_hex(base::as_octets(base::sha256(zones::text_of(change.after))));
      continue;
    }
    if (!change.before.rrsets.empty()) ++impact.names;
    if (is_ds_touched(change)) ++impact.secure_delegations;
  }
  return impact;
}

std::optional<zones::Hold> brake(const Impact& impact, const zones::Zone& published,
                                 const BrakeLimits& limits,
                                 const std::optional<zones::Hold>& present) {
  const bool apex = limits.apex && !impact.apex_digest.empty();
  if (!apex && !is_too_many(impact.names, published.node_count(), limits) &&
      !is_too_many(impact.secure_delegations, published.secure_delegation_count(), limits)) {
    return std::nullopt;
  }
  const bool covered = present && impact.names <= present->names + limits.few &&
                       impact.secure_delegations <= present->secure_delegations + limits.few &&
                       (!apex || impact.apex_digest == present->apex_digest);
  if (covered && present->approved_by.size() >= limits.approvals) return std::nullopt;
  if (covered) return present;
  zones::Hold hold;
  hold.reason = reason_of(impact, published);
  hold.names = impact.names;
  hold.secure_delegations = impact.secure_delegations;
  hold.apex_digest = impact.apex_digest;
  return hold;
}

}  // namespace tld::publish
