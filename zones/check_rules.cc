// SPDX-License-Identifier: GPL-2.0-only
#include "zones/check_rules.h"

#include <algorithm>

#include "dns/ds_policy.h"
#include "dns/rdata.h"

namespace tld::zones {
namespace {

using dns::RRType;

std::string plural(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

// The NSEC3 owner is a label of 32 octets below the apex (RFC 5155 §3): it must be a name.
void check_apex_length(const CheckContext& context) {
  const std::size_t octets = context.view.apex().wire().size() + 33;
  if (octets <= dns::max_name_octets) return;
  context.findings.fault("apex-length", context.view.apex(), context.missing,
                         "NSEC3 owner names would have " + std::to_string(octets) +
                             " octets; at most 255 are possible");
}

void check_soa_single(const CheckContext& context) {
  const dns::NameView apex = context.view.apex();
  const auto soa = context.view.find(apex, RRType::SOA);
  const std::size_t count = soa ? soa->rdata.size() : 0;
  if (count == 1 && dns::Soa::from_wire(*soa->rdata.begin()).has_value()) return;
  context.findings.fault("soa-single", apex, context.missing,
                         count == 1
                             ? "the SOA record's RDATA is not that of a SOA"
                             : plural(count, "SOA record") + " where a zone has exactly one");
}

void check_soa_timers(const CheckContext& context) {
  const auto rrset = context.view.find(context.view.apex(), RRType::SOA);
  if (!rrset) return;  // soa-single says so
  const auto soa = dns::Soa::from_wire(*rrset->rdata.begin());
  if (!soa.has_value()) return;
  const auto warn = [&](const std::string& text) {
    context.findings.warning("soa-timers", rrset->owner, context.missing, text);
  };
  const dns::Soa& value = soa.value();
  if (std::uint64_t{value.expire} <= std::uint64_t{value.refresh} + value.retry) {
    warn("expire " + std::to_string(value.expire) +
         " s is not above refresh + retry: secondaries " +
         "give the zone up after one failed transfer");
  }
  if (value.retry >= value.refresh) {
    warn("retry " + std::to_string(value.retry) + " s is not below refresh " +
         std::to_string(value.refresh) + " s");
  }
  if (value.minimum > 86400) {  // RFC 2308 §5
    warn("minimum " + std::to_string(value.minimum) +
         " s: answers that a name does not exist are cached longer than a day");
  }
}

void check_ns_apex(const CheckContext& context) {
  if (context.view.find(context.view.apex(), RRType::NS)) return;
  context.findings.fault("ns-apex", context.view.apex(), context.missing,
                         "no NS record at the apex");
}

void check_owner_in_zone(const CheckContext& context, const PlacedRRset& placed) {
  if (placed.place != Place::outside) return;
  const ContentRRset& rrset = placed.rrset;
  context.findings.fault(
      "owner-in-zone", rrset.owner, placed.index,
      to_text(rrset.type) + " is not at or below the apex " + context.view.apex().text());
}

void check_soa_at_apex(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  if (rrset.type != RRType::SOA || rrset.owner == context.view.apex()) return;
  context.findings.fault("soa-at-apex", rrset.owner, placed.index, "a SOA record below the apex");
}

void check_zone_cut(const CheckContext& context, const PlacedRRset& placed) {
  if (placed.place != Place::occluded) return;
  const ContentRRset& rrset = placed.rrset;
  context.findings.fault("zone-cut", rrset.owner, placed.index,
                         to_text(rrset.type) +
                             " at or below a delegation: only its NS and DS, and " +
                             "addresses of name servers, can stand there");
}

// RFC 1034 §3.6.2: a CNAME is one record, with nothing beside it.
void check_cname_alone(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  if (rrset.type != RRType::CNAME) return;
  if (rrset.rdata.size() != 1) {
    context.findings.fault("cname-alone", rrset.owner, placed.index,
                           plural(rrset.rdata.size(), "CNAME record") + " at one name");
  }
  if (!placed.beside) return;
  context.findings.fault("cname-alone", rrset.owner, placed.index,
                         "CNAME beside " + to_text(*placed.beside));
}

void check_ds_at_cut(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  if (rrset.type != RRType::DS || placed.place != Place::authoritative) return;
  const bool at_cut =
      rrset.owner != context.view.apex() && context.view.find(rrset.owner, RRType::NS).has_value();
  if (at_cut) return;
  context.findings.fault("ds-at-cut", rrset.owner, placed.index, "DS where there is no delegation");
}

void check_ds_digest(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  if (rrset.type != RRType::DS) return;
  for (const std::string_view rdata : rrset.rdata) {
    const auto ds = dns::Ds::from_wire(rdata);
    if (!ds.has_value()) {
      context.findings.fault("ds-digest", rrset.owner, placed.index, ds.error().message);
      continue;
    }
    const dns::DigestEntry* known = dns::find_digest_type(ds.value().digest_type);
    if (known == nullptr || ds.value().digest.size() == known->octets) continue;
    context.findings.fault("ds-digest", rrset.owner, placed.index,
                           "digest of type " + std::to_string(ds.value().digest_type) + " has " +
                               std::to_string(ds.value().digest.size()) + " octets instead of " +
                               std::to_string(known->octets));
  }
}

void check_ttl_range(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  std::uint32_t longest = rrset.ttl;
  if (rrset.type == RRType::SOA) {  // NSEC3 and NSEC3PARAM have the SOA minimum as TTL
    const auto soa = dns::Soa::from_wire(*rrset.rdata.begin());
    if (soa.has_value()) longest = std::max(longest, soa.value().minimum);
  }
  if (longest <= dns::max_ttl) return;
  context.findings.fault("ttl-range", rrset.owner, placed.index,
                         to_text(rrset.type) + ": " + std::to_string(longest) +
                             " s is above 2147483647 (RFC 2181 section 8)");
}

// A label "*" anywhere: in the middle it would make a wildcard of the empty non-terminal there.
void check_wildcard(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  if (rrset.owner.wire().find('*') == std::string_view::npos) return;
  for (dns::NameView name = rrset.owner; !name.is_root(); name = name.parent()) {
    if (name.first_label() != "*") continue;
    context.findings.fault("wildcard", rrset.owner, placed.index,
                           "wildcards are not supported: each would need signatures without end");
    return;
  }
}

void check_type_refused(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  const std::uint16_t type = dns::number(rrset.type);
  const bool meta = type == 0 || type == 41 || (type >= 128 && type <= 255);  // RFC 6895 §3.1
  if (!meta && rrset.type != RRType::DNAME && rrset.type != RRType::ALIAS &&
      rrset.type != RRType::LUA) {
    return;
  }
  context.findings.fault("type-refused", rrset.owner, placed.index,
                         to_text(rrset.type) + " cannot be served here: its answers are made up " +
                             "when they are asked for, or it is no data");
}

bool is_made_by_the_signer(RRType type) {
  switch (type) {
    case RRType::RRSIG:
    case RRType::NSEC:
    case RRType::NSEC3:
    case RRType::NSEC3PARAM:
    case RRType::ZONEMD:
    case RRType::DNSKEY:
    case RRType::CDS:
    case RRType::CDNSKEY:
      return true;
    default:
      return false;
  }
}

void check_type_dnssec(const CheckContext& context, const PlacedRRset& placed) {
  const ContentRRset& rrset = placed.rrset;
  if (!is_made_by_the_signer(rrset.type)) return;
  context.findings.fault("type-dnssec", rrset.owner, placed.index,
                         to_text(rrset.type) + " is made by the signer, never stored");
}

// The RRset and its RRSIG must fit a TCP message of 65,535 octets; 1,500 are kept for the header,
// the question, an RRSIG (of RSA with 4096 bits) and EDNS.
void check_rrset_size(const CheckContext& context, const PlacedRRset& placed) {
  constexpr std::size_t limit = 65535 - 1500;
  const ContentRRset& rrset = placed.rrset;
  std::size_t octets = 0;
  for (const std::string_view rdata : rrset.rdata) octets += 12 + rdata.size();
  if (octets <= limit) return;
  context.findings.fault("rrset-size", rrset.owner, placed.index,
                         to_text(rrset.type) + " takes " + std::to_string(octets) +
                             " octets; more than a DNS message can carry");
}

void check_orphan_glue(const CheckContext& context, const PlacedRRset& placed) {
  if (placed.place != Place::orphan_glue) return;
  const ContentRRset& rrset = placed.rrset;
  context.findings.warning(
      "orphan-glue", rrset.owner, placed.index,
      to_text(rrset.type) + " below a delegation that no NS record names: left out");
}

void check_apex(const CheckContext& context) {
  check_apex_length(context);
  check_soa_single(context);
  check_soa_timers(context);
  check_ns_apex(context);
}

void check_rrset(const CheckContext& context, const PlacedRRset& placed) {
  using Rule = void (*)(const CheckContext&, const PlacedRRset&);
  static constexpr Rule rules[] = {check_owner_in_zone, check_soa_at_apex, check_zone_cut,
                                   check_cname_alone,   check_ds_at_cut,   check_ds_digest,
                                   check_ttl_range,     check_wildcard,    check_type_refused,
                                   check_type_dnssec,   check_rrset_size,  check_orphan_glue,
                                   check_ns_targets};
  for (const Rule rule : rules) rule(context, placed);
}

}  // namespace tld::zones
