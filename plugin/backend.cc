// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/backend.h"

#include <functional>

#include "base/guarded.h"

namespace tld::plugin {
namespace {

// RFC 9276: no iterations, no salt. Flag 1: opt-out, in the NSEC3s that PowerDNS builds.
const std::map<std::string, std::vector<std::string>> zone_metadata = {
    {"PRESIGNED", {"1"}},
    {"NSEC3PARAM", {"1 1 0 -"}},
};

constexpr const char* transfer_key_kind = "TSIG-ALLOW-AXFR";

std::vector<std::string> transfer_keys(const ServedZone& zone) {
  std::vector<std::string> names;
  for (const dns::Name& name : zone.transfer_keys()) names.push_back(name.text());
  return names;
}

void before_call([[maybe_unused]] Server& server) {
#ifdef TLD_TEST_HOOKS
  static const bool swapping = std::getenv("TLD_TEST_SWAP") != nullptr;
  if (!swapping) return;
  // Swaps at every second call on the average, without a rhythm: at each call, an even number of
  // calls between two pins would hide a mixture.
  static std::atomic<std::uint64_t> calls{0};
  const std::uint64_t mixed = (calls.fetch_add(1) + 1) * 0x9e3779b97f4a7c15;
  if ((mixed ^ (mixed >> 29)) & (1u << 20)) return;
  for (const auto& zone : server.zones()) zone->live().swap_with_previous();
#endif
}

}  // namespace

TldBackend::TldBackend(Server& server) : server_(server), answer_(server) {}

// Every call that answers goes through here: counted, and what it throws becomes what PowerDNS
// turns into SERVFAIL without throwing the instance away.
template <class Call>
auto TldBackend::at_the_edge(Call call) {
  before_call(server_);
  QuestionCounters& counters = server_.counters();
  counters.backend_calls.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t locks_before = base::exclusive_locks_of_this_thread();
  const auto count_locks = [&] {
    const std::uint64_t taken = base::exclusive_locks_of_this_thread() - locks_before;
    if (taken != 0) counters.exclusive_locks.fetch_add(taken, std::memory_order_relaxed);
  };
  try {
    const auto result = call();
    count_locks();
    return result;
  } catch (const CannotAnswer& e) {
    count_locks();
    throw DBException("tld: " + e.reason);
  } catch (const std::exception& e) {
    throw DBException(std::string("tld: unexpected: ") + e.what());
  }
}

void TldBackend::fill(SOAData& soa, const PinnedZone& zone) {
  const dns::Soa& from = zone.zone().soa();
  pdns_compat::set_zone_name(soa, to_dnsname(zone.zone().apex()));
  soa.qname = to_dnsname(zone.zone().apex());
  soa.nameserver = to_dnsname(from.mname);
  pdns_compat::rname_of(soa) = to_dnsname(from.rname);
  soa.ttl = zone.zone().soa_ttl();
  soa.serial = from.serial;
  soa.refresh = from.refresh;
  soa.retry = from.retry;
  soa.expire = from.expire;
  soa.minimum = from.minimum;
  soa.db = this;
  soa.domain_id = zone.id();
}

bool TldBackend::getAuth(const pdns_compat::ZoneName& target, SOAData* soa) {
  return at_the_edge([&] {
    const FoldedName name(pdns_compat::as_dnsname(target));
    const PinnedZone* const zone = answer_.question().begin(name.view());
    if (zone != nullptr) fill(*soa, *zone);
    return zone != nullptr;
  });
}

bool TldBackend::getSOA(const pdns_compat::ZoneName& apex, SOAData& soa) {
  return at_the_edge([&] {
    const FoldedName name(pdns_compat::as_dnsname(apex));
    const PinnedZone* const zone = answer_.question().begin_transfer(name.view());
    if (zone != nullptr) fill(soa, *zone);
    return zone != nullptr;
  });
}

void TldBackend::lookup(const QType& type, const DNSName& name, pdns_compat::ZoneId zone_id,
                        DNSPacket* /*packet*/) {
  records_.clear();
  next_ = 0;
  at_the_edge([&] {
    answer_.question().do_not_follow();
    const FoldedName folded(name);
    const PinnedZone* const zone = answer_.question().zone_for(zone_id, folded.view());
    if (zone == nullptr) return false;
    const dns::RRType wanted{type.getCode()};
    records_ = wanted == dns::RRType::RRSIG
                   ? answer_.rrsigs(*zone, folded.view(), name)
                   : answer_.records(*zone, wanted, folded.view(), name);
    return true;
  });
}

bool TldBackend::list(const pdns_compat::ZoneName& apex, pdns_compat::ZoneId zone_id,
                      bool /*include_disabled*/) {
  records_.clear();
  next_ = 0;
  return at_the_edge([&] {
    const FoldedName name(pdns_compat::as_dnsname(apex));
    const PinnedZone* const zone = answer_.question().zone_for(zone_id, name.view());
    if (zone == nullptr || zone->served->apex() != dns::Name(name.view())) return false;
    try {
      records_ = answer_.whole_zone(*zone);
    } catch (const CannotAnswer&) {
      server_.counters().transfers_broken_off.fetch_add(1, std::memory_order_relaxed);
      throw;
    }
    return true;
  });
}

bool TldBackend::get(DNSZoneRecord& record) {
  if (next_ >= records_.size()) return false;
  record = std::move(records_[next_++]);
  return true;
}

bool TldBackend::get(DNSResourceRecord& record) {
  DNSZoneRecord next;
  if (!get(next)) return false;
  record = DNSResourceRecord();
  record.qname = next.dr.d_name;
  record.qtype = next.dr.d_type;
  record.qclass = next.dr.d_class;
  record.ttl = next.dr.d_ttl;
  record.auth = next.auth;
  record.domain_id = next.domain_id;
  if (next.dr.d_type != 0) {
    record.content = pdns_compat::content_of(next.dr).getZoneRepresentation(true);
  }
  return true;
}

bool TldBackend::getBeforeAndAfterNamesAbsolute(uint32_t zone_id, const DNSName& hashed,
                                                DNSName& unhashed, DNSName& before,
                                                DNSName& after) {
  return at_the_edge([&] {
    answer_.question().do_not_follow();
    // The hash comes without the apex: only the zone id tells the zone.
    const PinnedZone* const zone = answer_.question().zone_by_id(static_cast<int>(zone_id));
    const FoldedName label(hashed);
    const auto hash = dns::nsec3_hash_from_base32hex(label.view().first_label());
    if (zone == nullptr || !hash) throw CannotAnswer{"a denial was asked for outside a question"};
    const zones::Nsec3Link link = zone->zone().ring_at(hash.value());
    answer_.prefetch(*zone, link);
    before = DNSName(dns::to_base32hex(link.hash));
    after = DNSName(dns::to_base32hex(link.next));
    unhashed = to_dnsname(link.owner);
    return true;
  });
}

void TldBackend::fill(DomainInfo& info, const ServedZone& zone, bool get_serial) {
  info.zone = pdns_compat::ZoneName(to_dnsname(zone.apex()));
  info.id = static_cast<uint32_t>(zone.id());
  info.kind = DomainInfo::Native;
  info.backend = this;
  if (!get_serial) return;
  const auto publication = zone.publication();
  info.serial = publication ? publication->signed_zone->zone().serial() : 0;
}

bool TldBackend::getDomainInfo(const pdns_compat::ZoneName& apex, DomainInfo& info,
                               bool get_serial) {
  return at_the_edge([&] {
    const FoldedName name(pdns_compat::as_dnsname(apex));
    const ServedZone* const zone = server_.zone_at(name.view());
    if (zone != nullptr) fill(info, *zone, get_serial);
    return zone != nullptr;
  });
}

void TldBackend::getAllDomains(std::vector<DomainInfo>* domains, bool get_serial,
                               bool /*include_disabled*/) {
  at_the_edge([&] {
    for (const auto& zone : server_.zones()) {
      DomainInfo info;
      fill(info, *zone, get_serial);
      domains->push_back(info);
    }
    return true;
  });
}

// PowerDNS keeps what these say for a minute, for all instances: they never depend on whether the
// zone is loaded.
bool TldBackend::getAllDomainMetadata(const pdns_compat::ZoneName& apex,
                                      std::map<std::string, std::vector<std::string>>& metadata) {
  const FoldedName name(pdns_compat::as_dnsname(apex));
  const ServedZone* const zone = server_.zone_at(name.view());
  if (zone == nullptr) return true;
  metadata = zone_metadata;
  if (auto keys = transfer_keys(*zone); !keys.empty()) metadata[transfer_key_kind] = keys;
  return true;
}

bool TldBackend::getDomainMetadata(const pdns_compat::ZoneName& apex, const std::string& kind,
                                   std::vector<std::string>& metadata) {
  const FoldedName name(pdns_compat::as_dnsname(apex));
  const ServedZone* const zone = server_.zone_at(name.view());
  if (zone == nullptr) return true;
  if (const auto found = zone_metadata.find(kind); found != zone_metadata.end()) {
    metadata = found->second;
  }
  if (kind == transfer_key_kind) metadata = transfer_keys(*zone);
  return true;
}

// PowerDNS checks the MAC with our algorithm, whatever the request names.
bool TldBackend::getTSIGKey(const DNSName& name, DNSName& algorithm, std::string& content) {
  const FoldedName folded(name);
  const TsigKey* const key = server_.tsig_key(folded.view());
  if (key == nullptr) return false;
  algorithm = DNSName(key->algorithm);
  content = std::string(key->secret.text());
  return true;
}

}  // namespace tld::plugin
