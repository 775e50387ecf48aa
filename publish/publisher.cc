// SPDX-License-Identifier: GPL-2.0-only
#include "publish/publisher.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/rdata.h"
#include "zones/check.h"
#include "zones/name_data.h"
#include "zones/rdata_parser.h"
#include "zones/update.h"

namespace tld::publish {
namespace {

using std::chrono::seconds;

// NSEC3PARAM has the SOA minimum as TTL.
seconds longest_ttl_of(dns::RRType type, std::uint32_t ttl, std::string_view first_rdata) {
  if (type == dns::RRType::SOA) {
    const auto soa = dns::Soa::from_wire(first_rdata);
    if (soa) ttl = std::max(ttl, soa.value().minimum);
  }
  return seconds{ttl};
}

seconds longest_ttl_of(const zones::ContentRRset& rrset) {
  return longest_ttl_of(rrset.type, rrset.ttl, *rrset.rdata.begin());
}

// "" when no resolver keeps it for longer than the policy counts on.
std::string ttl_fault(const dns::Name& owner, dns::RRType type, seconds longest,
                      const PublicationRules& rules) {
  if (!rules.max_zone_ttl || longest <= *rules.max_zone_ttl) return "";
  return fmt::format("max-zone-ttl: {}: {}: {} s is above the policy's zone.max-zone-ttl, {} s",
                     owner.text(), to_text(type), longest.count(), rules.max_zone_ttl->count());
}

seconds longest_ttl_of(const dns::RRset& rrset) {
  return longest_ttl_of(rrset.type, rrset.ttl,
                        rrset.rdatas.empty() ? std::string_view() : rrset.rdatas.front());
}

// What was published with such a TTL already stands in no change's way: a DS RRset beside it must
// go when the registry says so.
std::string ttl_fault(const zones::NameChange& change, const PublicationRules& rules) {
  for (const dns::RRset& rrset : change.after.rrsets) {
    const seconds longest = longest_ttl_of(rrset);
    const auto before = std::ranges::find(change.before.rrsets, rrset.type, &dns::RRset::type);
    if (before != change.before.rrsets.end() && longest <= longest_ttl_of(*before)) continue;
    std::string fault = ttl_fault(change.after.name, rrset.type, longest, rules);
    if (!fault.empty()) return fault;
  }
  return "";
}

// "" when nothing stands against the change by itself. Whatever the store cannot give back would
// stop every server at this publication.
std::string fault_of(const zones::NameChange& change, const PublicationRules& rules,
                     zones::RdataParser& parser) {
  const base::Status reads_back = zones::check_reads_back(change.after, parser);
  return reads_back ? ttl_fault(change, rules) : reads_back.error().message;
}

base::Status check_reads_back(const zones::ZoneContent& content) {
  zones::RdataParser parser{dns::NameView()};
  base::Status outcome = base::ok();
  zones::for_each_name(content, [&](const zones::NameData& data) {
    if (!outcome) return;
    outcome = zones::check_reads_back(data, parser);
    if (!outcome) outcome = outcome.error().in(data.name.text());
  });
  return outcome;
}

base::Result<zones::Decision> decide_first(const zones::ZoneContent& content,
                                           const PublicationRules& rules) {
  const zones::CheckReport report = zones::check(content);
  if (!report.passed()) {
    return base::refused("the zone as it is in the store fails its checks: " +
                         report.faults_text());
  }
  for (std::size_t i = 0; i < content.size(); ++i) {
    const zones::ContentRRset rrset = content[i];
    const std::string fault =
        ttl_fault(dns::Name(rrset.owner), rrset.type, longest_ttl_of(rrset), rules);
    if (!fault.empty()) {
      return base::refused("the zone as it is in the store fails its checks: " + fault);
    }
  }
  if (const base::Status reads_back = check_reads_back(content); !reads_back) {
    return base::refused("the zone as it is in the store fails its checks: " +
                         reads_back.error().message);
  }
  zones::Decision decision;
  decision.first = true;
  return decision;
}

}  // namespace

base::Result<zones::Decision> decide(const zones::PendingChanges& pending,
                                     const std::shared_ptr<const zones::Zone>& published,
                                     const PublicationRules& rules) {
  if (pending.first) return decide_first(*pending.first, rules);
  zones::Decision decision;
  decision.set_aside = pending.bad_rows;
  std::vector<zones::NameData> wanted;
  std::vector<const zones::NameChange*> candidates;
  zones::RdataParser parser{dns::NameView()};
  for (const zones::NameChange& change : pending.changes) {
    std::string fault = fault_of(change, rules, parser);
    if (!fault.empty()) {
      decision.set_aside.push_back({change.after.name.text(), std::move(fault), {}});
      continue;
    }
    candidates.push_back(&change);
    wanted.push_back(change.after);
  }
  // A hold is judged again and again: a trial leaves no trace in what is live.
  TLD_TRY(const zones::Update update, zones::update(published, wanted, {.trial = true}));
  auto refusal = update.refusals.begin();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (refusal != update.refusals.end() && refusal->change == i) {
      decision.set_aside.push_back({wanted[i].name.text(), refusal->finding.message(), {}});
      ++refusal;
    } else {
      decision.changes.push_back(*candidates[i]);
    }
  }
  decision.hold =
      brake(impact_of(decision.changes, published->apex()), *published, rules.brake, pending.hold);
  if (update.rebuilt && !decision.hold) {
    TLD_TRY(zones::compact(*update.zone));  // as the followers will: it must pass as a whole
  }
  return decision;
}

seconds longest_ttl(const zones::ZoneContent& content) {
  seconds longest{0};
  for (std::size_t i = 0; i < content.size(); ++i) {
    longest = std::max(longest, longest_ttl_of(content[i]));
  }
  return longest;
}

}  // namespace tld::publish
