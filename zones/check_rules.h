// SPDX-License-Identifier: GPL-2.0-only
//
// The rules behind check(): each function is one named check, its name with underscores.
//
// Thread rule: used by one thread.
#pragma once

#include <string>

#include "zones/check.h"
#include "zones/ns_targets.h"
#include "zones/placement.h"

namespace tld::zones {

// Collects what the rules find, up to CheckReport::max_findings of each sort.
class Findings {
 public:
  explicit Findings(CheckReport& report) : report_(report) {}
  void fault(std::string_view check, dns::NameView owner, std::size_t rrset, std::string text);
  void warning(std::string_view check, dns::NameView owner, std::size_t rrset, std::string text);

 private:
  CheckReport& report_;
};

struct CheckContext {
  const ZoneContent& content;
  const NsTargets& targets;
  const Placement& placement;
  Findings& findings;
};

// About the apex, once per zone.
void check_apex_length(const CheckContext& context);
void check_soa_single(const CheckContext& context);
void check_soa_timers(const CheckContext& context);
void check_ns_apex(const CheckContext& context);

// About one RRset, by its index.
void check_owner_in_zone(const CheckContext& context, std::size_t index);
void check_soa_at_apex(const CheckContext& context, std::size_t index);
void check_zone_cut(const CheckContext& context, std::size_t index);
void check_cname_alone(const CheckContext& context, std::size_t index);
void check_ds_at_cut(const CheckContext& context, std::size_t index);
void check_ds_digest(const CheckContext& context, std::size_t index);
void check_ttl_range(const CheckContext& context, std::size_t index);
void check_wildcard(const CheckContext& context, std::size_t index);
void check_type_refused(const CheckContext& context, std::size_t index);
void check_type_dnssec(const CheckContext& context, std::size_t index);
void check_rrset_size(const CheckContext& context, std::size_t index);
void check_orphan_glue(const CheckContext& context, std::size_t index);

// About an NS RRset at the apex or a cut: glue-missing, apex-ns-address, sibling-glue-missing,
// ns-address-missing and ns-target-cname, which need the same look at each target.
void check_ns_targets(const CheckContext& context, std::size_t index);

}  // namespace tld::zones
