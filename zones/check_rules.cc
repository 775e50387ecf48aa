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
  const std::size_t octets = context.content.apex().wire().size() + 33;
  if (octets <= dns::max_name_octets) return;
  context.findings.fault("apex-length", context.content.apex(), context.content.size(),
                         "NSEC3 owner names would have " + std::to_string(octets) +
                             " octets; at most 255 are possible");
}

void check_soa_single(const CheckContext& context) {
  const ZoneContent& content = context.content;
  const auto soa = content.find(content.apex(), RRType::SOA);
  const std::size_t count = soa ? soa->rdata.size() : 0;
  if (count == 1 && dns::Soa::from_wire(*soa->rdata.begin()).has_value()) return;
  context.findings.fault("soa-single", content.apex(), content.size(),
                         count == 1
                             ? "the SOA record's RDATA is not that of a SOA"
                             : plural(count, "SOA record") + " where a zone has exactly one");
}

void check_soa_timers(const CheckContext& context) {
  const auto rrset = context.content.find(context.content.apex(), RRType::SOA);
  if (!rrset) return;  // soa-single says so
  const auto soa = dns::Soa::from_wire(*rrset->rdata.begin());
  if (!soa.has_value()) return;
  const auto warn = [&](const std::string& text) {
    context.findings.warning("soa-timers", rrset->owner, context.content.size(), text);
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
  if (context.content.find(context.content.apex(), RRType::NS)) return;
  context.findings.fault("ns-apex", context.content.apex(), context.content.size(),
                         "no NS record at the apex");
}

void check_owner_in_zone(const CheckContext& context, std::size_t index) {
  if (context.placement.places[index] != Place::outside) return;
  const ContentRRset rrset = context.content[index];
  context.findings.fault(
      "owner-in-zone", rrset.owner, index,
      to_text(rrset.type) + " is not at or below the apex " + context.content.apex().text());
}

void check_soa_at_apex(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  if (rrset.type != RRType::SOA || rrset.owner == context.content.apex()) return;
  context.findings.fault("soa-at-apex", rrset.owner, index, "a SOA record below the apex");
}

void check_zone_cut(const CheckContext& context, std::size_t index) {
  if (context.placement.places[index] != Place::occluded) return;
  const ContentRRset rrset = context.content[index];
  context.findings.fault("zone-cut", rrset.owner, index,
                         to_text(rrset.type) +
                             " at or below a delegation: only its NS and DS, and " +
                             "addresses of name servers, can stand there");
}

// RFC 1034 §3.6.2: a CNAME is one record, with nothing beside it.
void check_cname_alone(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  if (rrset.type != RRType::CNAME) return;
  if (rrset.rdata.size() != 1) {
    context.findings.fault("cname-alone", rrset.owner, index,
                           plural(rrset.rdata.size(), "CNAME record") + " at one name");
  }
  const ZoneContent& content = context.content;
  const bool before = index > 0 && content[index - 1].owner == rrset.owner;
  const bool behind = index + 1 < content.size() && content[index + 1].owner == rrset.owner;
  if (!before && !behind) return;
  context.findings.fault("cname-alone", rrset.owner, index,
                         "CNAME beside " + to_text(content[before ? index - 1 : index + 1].type));
}

void check_ds_at_cut(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  if (rrset.type != RRType::DS || context.placement.places[index] != Place::authoritative) return;
  const bool at_cut = rrset.owner != context.content.apex() &&
                      context.content.find(rrset.owner, RRType::NS).has_value();
  if (at_cut) return;
  context.findings.fault("ds-at-cut", rrset.owner, index, "DS where there is no delegation");
}

void check_ds_digest(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  if (rrset.type != RRType::DS) return;
  for (const std::string_view rdata : rrset.rdata) {
    const auto ds = dns::Ds::from_wire(rdata);
    if (!ds.has_value()) {
      context.findings.fault("ds-digest", rrset.owner, index, ds.error().message);
      continue;
    }
    const dns::DigestEntry* known = dns::find_digest_type(ds.value().digest_type);
    if (known == nullptr || ds.value().digest.size() == known->octets) continue;
    context.findings.fault("ds-digest", rrset.owner, index,
                           "digest of type " + std::to_string(ds.value().digest_type) + " has " +
                               std::to_string(ds.value().digest.size()) + " octets instead of " +
                               std::to_string(known->octets));
  }
}

void check_ttl_range(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  std::uint32_t longest = rrset.ttl;
  if (rrset.type == RRType::SOA) {  // NSEC3 and NSEC3PARAM have the SOA minimum as TTL
    const auto soa = dns::Soa::from_wire(*rrset.rdata.begin());
    if (soa.has_value()) longest = std::max(longest, soa.value().minimum);
  }
  if (longest <= dns::max_ttl) return;
  context.findings.fault("ttl-range", rrset.owner, index,
                         to_text(rrset.type) + ": " + std::to_string(longest) +
                             " s is above 2147483647 (RFC 2181 section 8)");
}

// A label "*" anywhere: in the middle it would make a wildcard of the empty non-terminal there.
void check_wildcard(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  if (rrset.owner.wire().find('*') == std::string_view::npos) return;
  for (dns::NameView name = rrset.owner; !name.is_root(); name = name.parent()) {
    if (name.first_label() != "*") continue;
    context.findings.fault("wildcard", rrset.owner, index,
                           "wildcards are not supported: each would need signatures without end");
    return;
  }
}

void check_type_refused(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  const std::uint16_t type = dns::number(rrset.type);
  const bool meta = type == 0 || type == 41 || (type >= 128 && type <= 255);  // RFC 6895 §3.1
  if (!meta && rrset.type != RRType::DNAME && rrset.type != RRType::ALIAS &&
      rrset.type != RRType::LUA) {
    return;
  }
  context.findings.fault("type-refused", rrset.owner, index,
                         to_text(rrset.type) + " cannot be served here: its answers are made up " +
                             "when they are asked for, or it is no data");
}

void check_type_dnssec(const CheckContext& context, std::size_t index) {
  const ContentRRset rrset = context.content[index];
  switch (rrset.type) {
    case RRType::RRSIG:
    case RRType::NSEC:
    case RRType::NSEC3:
    case RRType::NSEC3PARAM:
    case RRType::ZONEMD:
    case RRType::DNSKEY:
    case RRType::CDS:
    case RRType::CDNSKEY:
      context.findings.fault("type-dnssec", rrset.owner, index,
                             to_text(rrset.type) + " is made by the signer, never stored");
      return;
    default:
      return;
  }
}

// The RRset and its RRSIG must fit a TCP message of 65,535 octets; 1,500 are kept for the header,
// the question, an RRSIG (of RSA with 4096 bits) and EDNS.
void check_rrset_size(const CheckContext& context, std::size_t index) {
  constexpr std::size_t limit = 65535 - 1500;
  const ContentRRset rrset = context.content[index];
  std::size_t octets = 0;
  for (const std::string_view rdata : rrset.rdata) octets += 12 + rdata.size();
  if (octets <= limit) return;
  context.findings.fault("rrset-size", rrset.owner, index,
                         to_text(rrset.type) + " takes " + std::to_string(octets) +
                             " octets; more than a DNS message can carry");
}

void check_orphan_glue(const CheckContext& context, std::size_t index) {
  if (context.placement.places[index] != Place::orphan_glue) return;
  const ContentRRset rrset = context.content[index];
  context.findings.warning(
      "orphan-glue", rrset.owner, index,
      to_text(rrset.type) + " below a delegation that no NS record names: left out");
}

}  // namespace tld::zones
