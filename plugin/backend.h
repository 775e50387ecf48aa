// SPDX-License-Identifier: GPL-2.0-only
//
// The edge to PowerDNS: each override translates, makes one call, translates back, and turns what
// cannot be answered into SERVFAIL (DBException). docs/query-path.md says which calls make up which
// answer.
//
// Thread rule: PowerDNS's: one call at a time per instance, not always from the same thread.
#pragma once

#include <string>
#include <vector>

#include "plugin/answer.h"
#include "plugin/pdns.h"
#include "plugin/server.h"

namespace tld::plugin {

class TldBackend final : public DNSBackend {
 public:
  explicit TldBackend(Server& server);

  bool getAuth(const pdns_compat::ZoneName& target, SOAData* soa) override;
  bool getSOA(const pdns_compat::ZoneName& zone, SOAData& soa) override;
  void lookup(const QType& type, const DNSName& name, pdns_compat::ZoneId zone_id,
              DNSPacket* packet) override;
  bool list(const pdns_compat::ZoneName& zone, pdns_compat::ZoneId zone_id,
            bool include_disabled) override;
  bool get(DNSResourceRecord& record) override;
  bool get(DNSZoneRecord& record) override;
  bool getBeforeAndAfterNamesAbsolute(uint32_t zone_id, const DNSName& hashed, DNSName& unhashed,
                                      DNSName& before, DNSName& after) override;
  bool getDomainInfo(const pdns_compat::ZoneName& zone, DomainInfo& info,
                     bool get_serial) override;
  void getAllDomains(std::vector<DomainInfo>* domains, bool get_serial,
                     bool include_disabled) override;
  bool getAllDomainMetadata(const pdns_compat::ZoneName& zone,
                            std::map<std::string, std::vector<std::string>>& metadata) override;
  bool getDomainMetadata(const pdns_compat::ZoneName& zone, const std::string& kind,
                         std::vector<std::string>& metadata) override;
  bool getTSIGKey(const DNSName& name, DNSName& algorithm, std::string& content) override;
  bool doesDNSSEC() override { return true; }

 private:
  template <class Call>
  auto at_the_edge(Call call);
  void fill(SOAData& soa, const PinnedZone& zone);
  void fill(DomainInfo& info, const ServedZone& zone, bool get_serial);

  Server& server_;
  Answer answer_;
  Answer::Records records_;
  std::size_t next_ = 0;
};

}  // namespace tld::plugin
