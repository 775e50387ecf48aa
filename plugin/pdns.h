// SPDX-License-Identifier: GPL-2.0-only
//
// Everything of PowerDNS that the plugin uses, and every difference between its versions: 4.7
// (Debian 12; built and tested), 4.9 (13; compiles) and 5.1 (prepared, not tried yet). Nothing else
// includes a PowerDNS header.
//
// Thread rule: pure functions, but for report(), which the static initialiser calls.
// TLD_PDNS_VERSION is major * 10000 + minor * 100 + patch, from the source package built against.
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Woverloaded-virtual"
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include "pdns/arguments.hh"
#include "pdns/auth-caches.hh"
#include "pdns/dnsbackend.hh"
#include "pdns/dnsrecords.hh"
#include "pdns/dynlistener.hh"
#include "pdns/logger.hh"
#include "pdns/statbag.hh"
#include "pdns/version.hh"
#pragma GCC diagnostic pop

#include <memory>

extern StatBag S;  // PowerDNS's own

namespace tld::plugin::pdns_compat {

#if TLD_PDNS_VERSION >= 50000
using ZoneId = domainid_t;
using ZoneName = ::ZoneName;
inline const DNSName& as_dnsname(const ZoneName& zone) { return zone.operator const DNSName&(); }
inline void set_zone_name(SOAData& soa, const DNSName& apex) { soa.zonename = ZoneName(apex); }
#else
using ZoneId = int;
using ZoneName = DNSName;
inline const DNSName& as_dnsname(const DNSName& zone) { return zone; }
inline void set_zone_name(SOAData& /*soa*/, const DNSName& /*apex*/) {}
#endif

#if TLD_PDNS_VERSION >= 40900
using Content = std::shared_ptr<const DNSRecordContent>;
inline void set_content(DNSRecord& record, Content content) {
  record.setContent(std::move(content));
}
inline const DNSRecordContent& content_of(const DNSRecord& record) { return *record.getContent(); }
inline DNSName& rname_of(SOAData& soa) { return soa.rname; }
inline void report(std::unique_ptr<BackendFactory> factory) {
  BackendMakers().report(std::move(factory));
}
#else
using Content = std::shared_ptr<DNSRecordContent>;
inline void set_content(DNSRecord& record, Content content) {
  record.d_content = std::move(content);
}
inline const DNSRecordContent& content_of(const DNSRecord& record) { return *record.d_content; }
inline DNSName& rname_of(SOAData& soa) { return soa.hostmaster; }
// PowerDNS keeps the factory for ever.
inline void report(std::unique_ptr<BackendFactory> factory) {
  BackendMakers().report(factory.release());
}
#endif

}  // namespace tld::plugin::pdns_compat
