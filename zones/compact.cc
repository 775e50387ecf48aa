// SPDX-License-Identifier: GPL-2.0-only
#include "zones/build.h"
#include "zones/update.h"
#include "zones/zone_storage.h"

namespace tld::zones {
namespace {

void add_to(ContentBuilder& builder, dns::NameView owner, dns::RRType type, std::uint32_t ttl,
            const RdataSet& rdatas) {
  for (const std::string_view rdata : rdatas) builder.add(owner, type, ttl, rdata);
}

base::Result<ContentResult> content_of(const Zone::Storage& zone) {
  const ZoneContent& content = zone.base->content;
  ContentBuilder builder(content.apex());
  for (std::size_t i = 0; i < content.size();) {
    const dns::NameView owner = content[i].owner;
    const bool replaced = zone.overlay.names.find(owner) != nullptr;
    for (; i < content.size() && content[i].owner == owner; ++i) {
      const ContentRRset rrset = content[i];
      if (!replaced) add_to(builder, owner, rrset.type, rrset.ttl, rrset.rdata);
    }
  }
  zone.overlay.names.for_each([&](const NameState& state) {
    for (const StoredRRset& rrset : state.rrsets) {
      if (rrset.type == dns::RRType::NSEC3PARAM) continue;  // build() makes it
      add_to(builder, *state.name, rrset.type, rrset.ttl, rrset.rdata);
    }
  });
  return builder.finish();
}

}  // namespace

base::Result<std::shared_ptr<const Zone>> compact(const Zone& zone) {
  const Zone::Storage& storage = zone.storage();
  TLD_TRY(auto made, content_of(storage));
  const CheckReport report = check(made.content);
  if (!report.passed()) {
    return base::internal("zone " + zone.apex().text() +
                          ": what passed as changes fails as a whole: " + report.faults_text());
  }
  BuildOptions options;
  options.nsec3 = storage.base->nsec3;
  options.apex_precomputed_types = storage.base->apex_precomputed_types;
  options.serial = zone.serial();
  return build(*report.checked, options);
}

std::size_t overlay_size(const Zone& zone) {
  const Zone::Storage& storage = zone.storage();
  return storage.overlay.size() + (storage.lineage->slot_limit() - storage.lineage->first_slot());
}

}  // namespace tld::zones
