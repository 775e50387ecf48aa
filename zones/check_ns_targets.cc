// SPDX-License-Identifier: GPL-2.0-only
#include "zones/check_rules.h"

namespace tld::zones {
namespace {

// Is `name` at or below a delegation of the zone?
bool is_below_a_cut(const ZoneContent& content, dns::NameView name) {
  for (; name != content.apex() && !name.is_root(); name = name.parent()) {
    if (content.find(name, dns::RRType::NS)) return true;
  }
  return false;
}

// A name server inside the zone for which the zone has no address.
void report_missing_address(const CheckContext& context, std::size_t index, dns::NameView target) {
  const dns::NameView owner = context.content[index].owner;
  const bool apex = owner == context.content.apex();
  if (!apex && target.is_at_or_below(owner)) {
    context.findings.fault("glue-missing", owner, index,
                           "name server " + target.text() +
                               " is inside the delegated zone and has " +
                               "no address here: nobody could find it");
  } else if (is_below_a_cut(context.content, target)) {
    context.findings.warning(
        "sibling-glue-missing", owner, index,
        "name server " + target.text() + " is below another delegation and has no address here");
  } else if (apex) {
    context.findings.fault("apex-ns-address", owner, index,
                           "name server " + target.text() + " of the zone has no address in it");
  } else {
    context.findings.warning(
        "ns-address-missing", owner, index,
        "name server " + target.text() + " is a name of this zone without " + "an address");
  }
}

}  // namespace

void check_ns_targets(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  if (rrset.type != dns::RRType::NS) return;
  const Place place = context.placement.places[index];
  if (place != Place::authoritative && place != Place::delegation) return;
  for (const std::string_view rdata : rrset.rdata) {
    const dns::NameView target = dns::NameView::trusted(rdata);
    if (!target.is_at_or_below(context.content.apex())) continue;
    const NsTargets::Target* known = context.targets.find(target);
    if (known != nullptr && known->has_address) continue;
    if (known != nullptr && known->is_cname) {  // RFC 2181 §10.3
      context.findings.warning("ns-target-cname", rrset.owner, index,
                               "name server " + target.text() + " is an alias");
      continue;
    }
    report_missing_address(context, index, target);
  }
}

}  // namespace tld::zones
