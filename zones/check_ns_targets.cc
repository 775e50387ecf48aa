// SPDX-License-Identifier: GPL-2.0-only
#include "zones/check_rules.h"

namespace tld::zones {
namespace {

// Is `name` at or below a delegation of the zone?
bool is_below_a_cut(const CheckView& view, dns::NameView name) {
  for (; name != view.apex() && !name.is_root(); name = name.parent()) {
    if (view.find(name, dns::RRType::NS)) return true;
  }
  return false;
}

// A name server inside the zone for which the zone has no address.
void report_missing_address(const CheckContext& context, const PlacedRRset& placed,
                            dns::NameView target) {
  const dns::NameView owner = placed.rrset.owner;
  const bool apex = owner == context.view.apex();
  if (!apex && target.is_at_or_below(owner)) {
    context.findings.fault("glue-missing", owner, placed.index,
                           "name server " + target.text() +
                               " is inside the delegated zone and has " +
                               "no address here: nobody could find it");
  } else if (is_below_a_cut(context.view, target)) {
    context.findings.warning(
        "sibling-glue-missing", owner, placed.index,
        "name server " + target.text() + " is below another delegation and has no address here");
  } else if (apex) {
    context.findings.fault("apex-ns-address", owner, placed.index,
                           "name server " + target.text() + " of the zone has no address in it");
  } else {
    context.findings.warning(
        "ns-address-missing", owner, placed.index,
        "name server " + target.text() + " is a name of this zone without " + "an address");
  }
}

}  // namespace

void check_ns_targets(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  if (rrset.type != dns::RRType::NS) return;
  if (placed.place != Place::authoritative && placed.place != Place::delegation) return;
  for (const std::string_view rdata : rrset.rdata) {
    const dns::NameView target = dns::NameView::trusted(rdata);
    if (!target.is_at_or_below(context.view.apex())) continue;
    const CheckView::Host host = context.view.host(target);
    if (host.has_address) continue;
    if (host.is_cname) {  // RFC 2181 §10.3
      context.findings.warning("ns-target-cname", rrset.owner, placed.index,
                               "name server " + target.text() + " is an alias");
      continue;
    }
    report_missing_address(context, placed, target);
  }
}

}  // namespace tld::zones
