// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/answer.h"

#include <algorithm>

namespace tld::plugin {
namespace {

using dns::RRType;

DNSZoneRecord make_record(const PinnedZone& zone, const DNSName& owner, RRType type,
                          std::uint32_t ttl, bool auth) {
  DNSZoneRecord record;
  record.domain_id = zone.id();
  record.auth = auth;
  record.dr.d_name = owner;
  record.dr.d_type = dns::number(type);
  record.dr.d_ttl = ttl;
  return record;
}

DNSZoneRecord make_rrsig(const PinnedZone& zone, const DNSName& owner, RRType covered,
                         std::uint32_t ttl, std::size_t labels, const signer::ZoneKey& key,
                         const signer::Signature& signature) {
  auto content = std::make_shared<RRSIGRecordContent>();
  content->d_type = dns::number(covered);
  content->d_algorithm = key.dnskey().algorithm;
  content->d_labels = static_cast<std::uint8_t>(labels);
  content->d_originalttl = ttl;
  content->d_sigexpire = signature.validity.expiration;
  content->d_siginception = signature.validity.inception;
  content->d_tag = key.key_tag();
  content->d_signer = to_dnsname(zone.zone().apex());
  content->d_signature = std::string(signature.view());
  DNSZoneRecord record = make_record(zone, owner, RRType::RRSIG, ttl, true);
  pdns_compat::set_content(record.dr, std::move(content));
  return record;
}

// A question's hashed owner is <32 base32hex digits>.<apex>.
std::optional<zones::Nsec3Link> link_of_hashed_owner(const zones::Zone& zone, dns::NameView name) {
  if (name.is_root() || name.first_label().size() != 32 || name.parent() != zone.apex()) {
    return std::nullopt;
  }
  const auto hash = dns::nsec3_hash_from_base32hex(name.first_label());
  if (!hash) return std::nullopt;
  const zones::Nsec3Link link = zone.ring_at(hash.value());
  if (link.hash != hash.value()) return std::nullopt;
  return link;
}

}  // namespace

Answer::Records Answer::records(const PinnedZone& zone, RRType type, dns::NameView name,
                                const DNSName& owner) {
  Records out;
  const auto node = zone.zone().find(name);
  if (!node) return out;
  add_node(out, zone, *node, type, owner);
  if (node->kind() == zones::NodeKind::apex) add_apex_keys(out, zone, type, owner);
  return out;
}

void Answer::add_node(Records& out, const PinnedZone& zone, const zones::Node& node, RRType type,
                      const DNSName& owner) {
  if (node.kind() == zones::NodeKind::empty_non_terminal) {
    // PowerDNS knows an empty non-terminal by a record of type 0; without it the name is NXDOMAIN.
    if (type == RRType::ANY) out.push_back(make_record(zone, owner, RRType{0}, 0, true));
    return;
  }
  for (const zones::RRsetRef& rrset : node.rrsets()) {
    // PowerDNS makes the NSEC3PARAM record itself.
    if (rrset.type == RRType::NSEC3PARAM) continue;
    if (type == RRType::ANY || rrset.type == type) add_rrset(out, zone, rrset, owner);
  }
}

void Answer::add_rrset(Records& out, const PinnedZone& zone, const zones::RRsetRef& rrset,
                       const DNSName& owner) {
  const auto add = [&](pdns_compat::Content content) {
    DNSZoneRecord record = make_record(zone, owner, rrset.type, rrset.ttl, rrset.authoritative);
    pdns_compat::set_content(record.dr, std::move(content));
    out.push_back(std::move(record));
  };
  if (rrset.type == RRType::NS) {
    for (const auto& content : contents_.ns_set(zone.publication, rrset.rdata)) add(content);
    return;
  }
  for (const std::string_view rdata : rrset.rdata) {
    add(make_content(rrset.type, rdata));
    // PowerDNS goes on at the target with a second getAuth of the same question.
    if (rrset.type == RRType::CNAME) question_.follow(dns::Name(dns::NameView::trusted(rdata)));
  }
}

const keys::Slot& Answer::keys_slot(const PinnedZone& zone) {
  // PowerDNS's packet cache gives an answer again for cache-ttl without looking at its RRSIGs.
  if (zone.slot == nullptr || zone.slot->expiration() <= question_.now() + server_.cache_ttl()) {
    server_.counters().servfail_signed_keys.fetch_add(1, std::memory_order_relaxed);
    throw CannotAnswer{"zone " + zone.zone().apex().text() +
                       ": the signed-key file does not cover the present: hold a ceremony"};
  }
  return *zone.slot;
}

void Answer::add_apex_keys(Records& out, const PinnedZone& zone, RRType type,
                           const DNSName& owner) {
  // An NSEC3 or SOA answer asks for ANY here too; only a question for the keys needs a valid slot,
  // but which it is cannot be seen. Types that are promised by the NSEC3 must be there.
  if (type != RRType::ANY && type != RRType::DNSKEY && type != RRType::CDS &&
      type != RRType::CDNSKEY) {
    return;
  }
  for (const keys::SignedRRset& keys : keys_slot(zone).rrsets) {
    if (type != RRType::ANY && keys.rrset.type != type) continue;
    for (const std::string& rdata : keys.rrset.rdatas) {
      DNSZoneRecord record = make_record(zone, owner, keys.rrset.type, keys.rrset.ttl, true);
      pdns_compat::set_content(record.dr, make_content(keys.rrset.type, rdata));
      out.push_back(std::move(record));
    }
  }
}

void Answer::add_apex_key_rrsigs(Records& out, const PinnedZone& zone, const DNSName& owner) {
  for (const keys::SignedRRset& keys : keys_slot(zone).rrsets) {
    for (const dns::Rrsig& rrsig : keys.rrsigs) {
      DNSZoneRecord record = make_record(zone, owner, RRType::RRSIG, keys.rrset.ttl, true);
      pdns_compat::set_content(record.dr, make_content(RRType::RRSIG, rrsig.wire()));
      out.push_back(std::move(record));
    }
  }
}

Answer::Records Answer::rrsigs(const PinnedZone& zone, dns::NameView name, const DNSName& owner) {
  Records out;
  std::vector<Wanted> wanted;
  if (const auto node = zone.zone().find(name)) {
    wanted = wanted_at(zone, *node);
    if (node->kind() == zones::NodeKind::apex) add_apex_key_rrsigs(out, zone, owner);
  }
  if (const auto link = link_of_hashed_owner(zone.zone(), name)) {
    const auto more = wanted_for(zone, *link);
    wanted.insert(wanted.end(), more.begin(), more.end());
  }
  add_rrsigs(out, zone, wanted, owner, Patience::wait);
  return out;
}

std::vector<Answer::Wanted> Answer::wanted_at(const PinnedZone& zone,
                                              const zones::Node& node) const {
  std::vector<Wanted> wanted;
  for (const zones::RRsetRef& rrset : node.rrsets()) {
    if (rrset.slot == zones::no_slot) continue;
    for (const std::size_t signer : signers(zone)) {
      wanted.push_back({rrset.slot, signer, rrset.type, rrset.ttl, node.name().label_count()});
    }
  }
  return wanted;
}

std::vector<Answer::Wanted> Answer::wanted_for(const PinnedZone& zone,
                                               const zones::Nsec3Link& link) const {
  std::vector<Wanted> wanted;
  for (const std::size_t signer : signers(zone)) {
    wanted.push_back({link.slot, signer, RRType::NSEC3, zone.zone().nsec3_ttl(),
                      zone.zone().apex().label_count() + 1});
  }
  return wanted;
}

std::optional<std::size_t> Answer::usable(const PinnedZone& zone, const Wanted& wanted,
                                          signer::Signature& out) const {
  // The answer lives in PowerDNS's packet cache, then in a resolver's for its TTL.
  const auto longest_cached = std::chrono::seconds{wanted.ttl} + server_.cache_ttl();
  return zone.signed_zone().find_signature(
      wanted.signer, wanted.slot,
      [&](const signer::Validity& validity) {
        return signer::may_be_served(validity, question_.now(), longest_cached);
      },
      out);
}

// A zone without a signing key would be served unsigned.
const std::vector<std::size_t>& Answer::signers(const PinnedZone& zone) {
  const auto& signers = zone.signed_zone().signers();
  if (signers.empty()) throw CannotAnswer{"no ZSK of the zone signs"};
  return signers;
}

void Answer::add_rrsigs(Records& out, const PinnedZone& zone, const std::vector<Wanted>& wanted,
                        const DNSName& owner, Patience patience) {
  signer::Signature signature;
  std::vector<Wanted> missing;
  for (const Wanted& w : wanted) {
    if (!usable(zone, w, signature)) missing.push_back(w);
  }
  if (!missing.empty()) make_missing(zone, missing, patience);
  for (const Wanted& w : wanted) {
    const auto by = usable(zone, w, signature);
    if (!by) {
      server_.counters().servfail_unsigned.fetch_add(1, std::memory_order_relaxed);
      throw CannotAnswer{owner.toLogString() + ": no signature yet for " + dns::to_text(w.type)};
    }
    out.push_back(
        make_rrsig(zone, owner, w.type, w.ttl, w.labels, zone.signed_zone().key(*by), signature));
  }
  server_.counters().signatures_served.fetch_add(wanted.size(), std::memory_order_relaxed);
}

void Answer::make_missing(const PinnedZone& zone, const std::vector<Wanted>& missing,
                          Patience patience) {
  QuestionCounters& counters = server_.counters();
  std::vector<std::shared_ptr<signer::Flight>> flights;
  std::size_t recalled = 0;  // from the log on disk: there is nothing to wait for
  for (const Wanted& w : missing) {
    auto flight = server_.service().start(zone.publication->signed_zone, w.signer, w.slot,
                                          signer::Reason::on_demand);
    const auto outcome = flight ? flight->outcome() : std::nullopt;
    if (outcome && *outcome) {
      ++recalled;
    } else if (flight && !outcome) {
      flights.push_back(std::move(flight));
    }
  }
  counters.signatures_missing.fetch_add(missing.size() - recalled, std::memory_order_relaxed);
  if (patience == Patience::none || flights.empty()) return;
  signer::WaitRation::Place place(server_.ration(), std::chrono::steady_clock::now());
  if (!place) {
    counters.wait_refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  counters.waited.fetch_add(1, std::memory_order_relaxed);
  for (const auto& flight : flights) {
    if (!flight->wait_until(question_.wait_until())) break;
  }
  place.leave(std::chrono::steady_clock::now());
}

void Answer::prefetch(const PinnedZone& zone, const zones::Nsec3Link& link) {
  signer::Signature signature;
  for (const Wanted& w : wanted_for(zone, link)) {
    if (usable(zone, w, signature)) continue;
    server_.service().start(zone.publication->signed_zone, w.signer, w.slot,
                            signer::Reason::on_demand);
  }
}

Answer::Records Answer::whole_zone(const PinnedZone& zone) {
  Records out;
  zone.zone().for_each_node([&](const zones::Node& node) {
    const DNSName owner = to_dnsname(node.name());
    add_node(out, zone, node, RRType::ANY, owner);
    if (node.kind() == zones::NodeKind::apex) {
      add_apex_keys(out, zone, RRType::ANY, owner);
      add_apex_key_rrsigs(out, zone, owner);
    }
    add_rrsigs(out, zone, wanted_at(zone, node), owner, Patience::none);
  });
  const DNSName apex = to_dnsname(zone.zone().apex());
  zone.zone().for_each_nsec3([&](const zones::Nsec3Link& link) {
    add_rrsigs(out, zone, wanted_for(zone, link), DNSName(dns::to_base32hex(link.hash)) + apex,
               Patience::none);
  });
  question_.do_not_follow();  // a CNAME in a transfer is no retargeting
  return out;
}

}  // namespace tld::plugin
