// SPDX-License-Identifier: GPL-2.0-only
#include "zones/check.h"

#include "zones/check_rules.h"
#include "zones/ns_targets.h"

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

class WholeContent final : public CheckView {
 public:
  WholeContent(const ZoneContent& content, const NsTargets& targets)
      : content_(content), targets_(targets) {}
  dns::NameView apex() const override { return content_.apex(); }
  std::optional<ContentRRset> find(dns::NameView owner, dns::RRType type) const override {
    return content_.find(owner, type);
  }
  Host host(dns::NameView name) const override {
    const NsTargets::Target* target = targets_.find(name);
    return target == nullptr ? Host{} : Host{target->has_address, target->is_cname};
  }

 private:
  const ZoneContent& content_;
  const NsTargets& targets_;
};

PlacedRRset placed_at(const ZoneContent& content, const Placement& placement, std::size_t index) {
  PlacedRRset placed{content[index], placement.places[index], index, std::nullopt};
  if (placed.rrset.type != dns::RRType::CNAME) return placed;  // nothing else needs `beside`
  for (const std::size_t other : {index - 1, index + 1}) {
    if (other >= content.size() || content[other].owner != placed.rrset.owner) continue;
    placed.beside = content[other].type;
    break;
  }
  return placed;
}

}  // namespace

class Checker {
 public:
  static CheckReport run(const ZoneContent& content) {
    CheckReport report;
    const auto targets = std::make_shared<const NsTargets>(content);
    const auto placement = std::make_shared<const Placement>(place_rrsets(content, *targets));
    Findings findings(report);
    const WholeContent view(content, *targets);
    const CheckContext context{view, findings, content.size()};
    check_apex(context);
    for (std::size_t i = 0; i < content.size(); ++i) {
      check_rrset(context, placed_at(content, *placement, i));
      if (placement->places[i] == Place::orphan_glue) ++report.orphan_glue;
    }
    if (report.fault_count == 0) report.checked = CheckedContent(content, placement, targets);
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
      {"nsec3-collision", true},
      {"max-zone-ttl", true},
      {"reads-back", true},
      {"soa-timers", false},
      {"orphan-glue", false},
      {"sibling-glue-missing", false},
      {"ns-address-missing", false},
      {"ns-target-cname", false},
  };
  return names;
}

}  // namespace tld::zones
