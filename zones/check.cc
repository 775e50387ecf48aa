// SPDX-License-Identifier: GPL-2.0-only
#include "zones/check.h"

#include "zones/check_rules.h"

namespace tld::zones {

std::string Finding::message() const {
  return std::string(check) + ": " + owner.text() + ": " + text;
}

std::string CheckReport::faults_text() const {
  std::string text;
  for (const Finding& fault : faults) text += (text.empty() ? "" : "\n") + fault.message();
  if (fault_count > faults.size()) {
    text += "\nand " + std::to_string(fault_count - faults.size()) + " more";
  }
  return text;
}

void Findings::fault(std::string_view check, dns::NameView owner, std::size_t rrset,
                     std::string text) {
  ++report_.fault_count;
  if (report_.faults.size() >= CheckReport::max_findings) return;
  report_.faults.push_back({check, dns::Name(owner), std::move(text), rrset});
}

void Findings::warning(std::string_view check, dns::NameView owner, std::size_t rrset,
                       std::string text) {
  ++report_.warning_count;
  if (report_.warnings.size() >= CheckReport::max_findings) return;
  report_.warnings.push_back({check, dns::Name(owner), std::move(text), rrset});
}

namespace {

using RRsetCheck = void (*)(const CheckContext&, std::size_t);
constexpr RRsetCheck rrset_checks[] = {
    check_owner_in_zone, check_soa_at_apex, check_zone_cut,  check_cname_alone,  check_ds_at_cut,
    check_ds_digest,     check_ttl_range,   check_wildcard,  check_type_refused, check_type_dnssec,
    check_rrset_size,    check_orphan_glue, check_ns_targets};

}  // namespace

class Checker {
 public:
  static CheckReport run(const ZoneContent& content) {
    CheckReport report;
    const NsTargets targets(content);
    const auto placement = std::make_shared<const Placement>(place_rrsets(content, targets));
    Findings findings(report);
    const CheckContext context{content, targets, *placement, findings};
    check_apex_length(context);
    check_soa_single(context);
    check_soa_timers(context);
    check_ns_apex(context);
    for (std::size_t i = 0; i < content.size(); ++i) {
      for (const RRsetCheck rule : rrset_checks) rule(context, i);
      if (placement->places[i] == Place::orphan_glue) ++report.orphan_glue;
    }
    if (report.fault_count == 0) report.checked = CheckedContent(content, placement);
    return report;
  }
};

CheckReport check(const ZoneContent& content) {
  return Checker::run(content);
}

const std::vector<CheckName>& check_names() {
  static const std::vector<CheckName> names{
      {"apex-length", true},
      {"soa-single", true},
      {"ns-apex", true},
      {"owner-in-zone", true},
      {"soa-at-apex", true},
      {"zone-cut", true},
      {"cname-alone", true},
      {"ds-at-cut", true},
      {"ds-digest", true},
      {"ttl-range", true},
      {"ttl-single", true},
      {"wildcard", true},
      {"type-refused", true},
      {"type-dnssec", true},
      {"rrset-size", true},
      {"glue-missing", true},
      {"apex-ns-address", true},
      {"soa-timers", false},
      {"orphan-glue", false},
      {"sibling-glue-missing", false},
      {"ns-address-missing", false},
      {"ns-target-cname", false},
  };
  return names;
}

}  // namespace tld::zones
