// SPDX-License-Identifier: GPL-2.0-only
//
// The real root zone of 2026-08-22. The counts were taken from the file with awk, not with this
// code.
#include <sstream>

#include "tests/unit/zones/support.h"
#include "zones/store.h"

namespace tld::zones {
namespace {

TEST(RootZone, ImportedStoredLoadedBuilt) {
  const ImportedZone zone = imported(root_zone_text(), ".");
  EXPECT_EQ(zone.records, 20649u);
  EXPECT_EQ(zone.duplicates, 0u);
  EXPECT_EQ(zone.serial, 2026082201u);
  EXPECT_TRUE(zone.dropped.empty());

  const TemporaryDirectory directory;
  const auto store = must(Store::create(directory / "root.sqlite"));
  ASSERT_TRUE(store->replace_zone(zone.content, zone.serial, base::Time{}).has_value());
  const ZoneContent loaded = must(store->load_registry(dns::NameView()));
  EXPECT_TRUE(loaded == zone.content);

  const CheckReport report = check(loaded);
  EXPECT_EQ(report.faults_text(), "");
  EXPECT_EQ(report.orphan_glue, 0u);
  ASSERT_TRUE(report.passed());
  const auto built = must(build(*report.checked, {{}, {dns::RRType::DNSKEY}, 5}));
  EXPECT_EQ(built->delegation_count(), 1438u);
  EXPECT_EQ(built->secure_delegation_count(), 1350u);
  EXPECT_EQ(built->ring_size(), 1351u);                   // and the apex; the root has no ENT
  EXPECT_EQ(built->signature_count(), 3 + 1350 + 1351u);  // SOA, NS, NSEC3PARAM; DS; NSEC3
  EXPECT_EQ(built->node_count(), 1 + 1438 + 5927u);       // apex, delegations, glue
}

TEST(RootZone, WrittenAndReadBack) {
  const ZoneContent content = content_of(root_zone_text(), ".");
  std::ostringstream out;
  write_zone_file(content, out);
  EXPECT_TRUE(content_of(out.str(), ".") == content);
}

}  // namespace
}  // namespace tld::zones
