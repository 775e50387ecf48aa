// SPDX-License-Identifier: GPL-2.0-only
#include <ostream>

#include "zones/zone_file.h"

namespace tld::zones {
namespace {

void write_rrset(const ContentRRset& rrset, std::ostream& out) {
  const std::string head =
      rrset.owner.text() + "\t" + std::to_string(rrset.ttl) + "\tIN\t" + to_text(rrset.type) + "\t";
  for (const std::string_view rdata : rrset.rdata) {
    out << head << dns::rdata_text(rrset.type, rdata) << '\n';
  }
}

}  // namespace

void write_zone_file(const ZoneContent& content, std::ostream& out) {
  const auto soa = content.find(content.apex(), dns::RRType::SOA);
  if (soa) write_rrset(*soa, out);
  for (std::size_t i = 0; i < content.size(); ++i) {
    const ContentRRset rrset = content[i];
    const bool written = soa && rrset.type == dns::RRType::SOA && rrset.owner == content.apex();
    if (!written) write_rrset(rrset, out);
  }
}

std::string faults_with_lines(const CheckReport& report, const ImportedZone& zone,
                              std::string_view name) {
  std::string text;
  for (const Finding& fault : report.faults) {
    text += (text.empty() ? "" : "\n") + std::string(name);
    if (fault.rrset < zone.lines.size()) text += ":" + std::to_string(zone.lines[fault.rrset]);
    text += ": " + fault.message();
  }
  if (report.fault_count > report.faults.size()) {
    text += "\n" + std::string(name) + ": and " +
            std::to_string(report.fault_count - report.faults.size()) + " more";
  }
  return text;
}

}  // namespace tld::zones
