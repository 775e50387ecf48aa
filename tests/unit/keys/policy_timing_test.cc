// SPDX-License-Identifier: GPL-2.0-only
//
// The sums of RFC 7583 in a policy, each at its border, and the presets of docs/policies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keys/policy.h"

namespace tld::keys {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string fault(const std::string& yaml) {
  const auto policy = Policy::parse(yaml, "policy.yaml");
  return policy ? "" : policy.error().message;
}

TEST(PolicyTiming, EveryKeyLandsInItsField) {
  const auto policy = Policy::parse(
      "signatures: {sign-delay: PT5H, count: 1000, rate: 10}\n"
      "signed-keys: {hold: P3D}\n"
      "keys: {publish-safety: PT2H, retire-safety: PT3H, on-compromise: retire-now,\n"
      "       backup: required, wrappable: yes,\n"
      "       zsk: {lifetime: P40D, prepublish: P8D, postpublish: P9D, emergency-postpublish: "
      "P4D},\n"
      "       ksk: {lifetime: P700D, prepublish: P15D, postpublish: P16D,\n"
      "             emergency-postpublish: P6D, rollover: double-ds}}\n"
      "zone: {max-zone-ttl: P1DT1H, zone-propagation-delay: PT6M, cache-ttl: PT7S,\n"
      "       soa-expire: P1D}\n"
      "parent: {parent-ds-ttl: PT9H, parent-propagation-delay: PT10M,\n"
      "         parent-registration-delay: P11D}\n",
      "p");
  ASSERT_TRUE(policy) << policy.error().message;
  Policy wanted;
  wanted.signatures.sign_delay = hours{5};
  wanted.signatures.count = 1000;
  wanted.signatures.rate = 10;
  wanted.signed_keys.hold = days{3};
  wanted.keys.zsk = {days{40}, days{8}, days{9}, days{4}};
  wanted.keys.ksk = {days{700}, days{15}, days{16}, days{6}, KskRollover::double_ds};
  wanted.keys.publish_safety = hours{2};
  wanted.keys.retire_safety = hours{3};
  wanted.keys.on_compromise = OnCompromise::retire_now;
  wanted.keys.backup_required = true;
  wanted.keys.wrappable = true;
  wanted.zone = {hours{25}, minutes{6}, seconds{7}, days{1}};
  wanted.parent = {hours{9}, minutes{10}, days{11}};
  EXPECT_EQ(policy.value(), wanted);
}

TEST(PolicyTiming, FaultsNameTheKey) {
  const std::pair<const char*, const char*> cases[] = {
      {"keys: {zsk: {life: P1D}}", "keys.zsk.life"},
      {"keys: {ksk: {lifetime: forever}}", "keys.ksk.lifetime"},
      {"keys: {ksk: {rollover: both}}", "keys.ksk.rollover"},
      {"keys: {on-compromise: ignore}", "keys.on-compromise"},
      {"keys: {backup: true}", "keys.backup"},
      {"keys: {wrappable: maybe}", "keys.wrappable"},
      {"zone: {soa-expire: 3600}", "zone.soa-expire"},
      {"signed-keys: {hold: unlimited}", "signed-keys.hold"},
      {"signatures: {rate: 0}", "signatures.rate"},
      {"parent: {ds-ttl: P1D}", "parent.ds-ttl"},
      {"parent: {parent-ds-ttl: P30000D}", "POLICY-RANGE"},
      {"zone: {max-zone-ttl: P30000D}", "POLICY-RANGE"},
      {"keys: {zsk: {lifetime: PT0S}}", "POLICY-RANGE"},
  };
  for (const auto& [yaml, wanted] : cases) EXPECT_THAT(fault(yaml), HasSubstr(wanted)) << yaml;
}

struct Border {
  const char* right;  // one second less is wrong
  const char* wrong;
  const char* check;
  const char* sum;  // what the message shows
};

// Each sum is written out in the message; one second decides.
TEST(PolicyTiming, SumsAreExactAndShown) {
  const Border borders[] = {
      {"signed-keys: {hold: P9DT22H54M40S}", "signed-keys: {hold: P9DT22H54M41S}", "POLICY-BUNDLE",
       "= P21DT1S"},
      {"keys: {zsk: {prepublish: PT2H5M20S}}", "keys: {zsk: {prepublish: PT2H5M19S}}",
       "POLICY-ZSK-PUBLISH", "publish-safety PT1H = PT2H5M20S"},
      {"keys: {zsk: {postpublish: P1DT7H5M20S}}", "keys: {zsk: {postpublish: P1DT7H5M19S}}",
       "POLICY-ZSK-RETIRE", "max-zone-ttl P1D + retire-safety PT1H = P1DT7H5M20S"},
      {"keys: {zsk: {emergency-postpublish: P1DT1H}}",
       "keys: {zsk: {emergency-postpublish: P1DT59M59S}}", "POLICY-ZSK-EMERGENCY", "= P1DT1H"},
      {"keys: {zsk: {lifetime: P7D}}", "keys: {zsk: {lifetime: P6DT23H59M59S}}", "POLICY-LIFETIME",
       "prepublish P7D"},
      {"keys: {zsk: {lifetime: P8D, postpublish: P8D}}",
       "keys: {zsk: {lifetime: P8D, postpublish: P8DT1S}}", "POLICY-LIFETIME",
       "postpublish P8DT1S"},
      {"keys: {ksk: {lifetime: P28D}}", "keys: {ksk: {lifetime: P27DT23H59M59S}}",
       "POLICY-LIFETIME", "= P28D"},
      {"keys: {ksk: {prepublish: PT2H5M20S}}", "keys: {ksk: {prepublish: PT2H5M19S}}",
       "POLICY-KSK-PUBLISH", "= PT2H5M20S"},
      {"keys: {ksk: {rollover: double-ds, prepublish: P1DT2H}}",
       "keys: {ksk: {rollover: double-ds, prepublish: P1DT1H59M59S}}", "POLICY-KSK-PUBLISH",
       "parent-ds-ttl P1D"},
      {"keys: {ksk: {postpublish: P1DT2H}}", "keys: {ksk: {postpublish: P1DT1H59M59S}}",
       "POLICY-DS-TTL", "keys.ksk.postpublish P1DT1H59M59S must be at least"},
      {"keys: {ksk: {emergency-postpublish: P1DT2H}}",
       "keys: {ksk: {emergency-postpublish: P1DT1H59M59S}}", "POLICY-DS-TTL", "= P1DT2H"},
      {"signatures: {refresh: P1DT6H5M20S}", "signatures: {refresh: P1DT6H5M19S}", "POLICY-RESIGN",
       "= P1DT6H5M20S"},
      {"signatures: {count: 216000, rate: 10}", "signatures: {count: 216001, rate: 10}",
       "POLICY-RESIGN", "216001 / rate 10 per second = PT6H1S"},
      {"zone: {soa-expire: P2DT23H54M39S}", "zone: {soa-expire: P2DT23H54M40S}",
       "POLICY-SOA-EXPIRE", "cache-ttl PT20S = P3D must be less than signatures.refresh P3D"},
  };
  for (const Border& border : borders) {
    EXPECT_EQ(fault(border.right), "");
    EXPECT_THAT(fault(border.wrong), AllOf(HasSubstr(border.check), HasSubstr(border.sum)))
        << border.wrong;
  }
}

Policy preset(const char* name) {
  auto policy = Policy::read_file(std::string(TLD_SOURCE_DIR "/docs/policies/") + name);
  EXPECT_TRUE(policy) << policy.error().message;
  return policy ? policy.value() : Policy{};
}

TEST(PolicyPresets, CentralNicSaysWhatItsStatementSays) {
  const Policy policy = preset("centralnic.yaml");
  EXPECT_EQ(policy.signatures.validity, days{30});
  EXPECT_EQ(policy.signatures.refresh, days{3});
  EXPECT_EQ(policy.keys.zsk, (ZskPolicy{days{30}, days{7}, days{7}, days{2}}));
  EXPECT_EQ(policy.keys.ksk,
            (KskPolicy{std::nullopt, days{14}, days{14}, days{7}, KskRollover::double_ksk}));
  EXPECT_EQ(policy.keys.on_compromise, OnCompromise::retire_now);
  EXPECT_EQ(policy.signed_keys.dnskey_ttl, seconds{3600});
  EXPECT_EQ(policy.zone.max_zone_ttl, seconds{172800});
  EXPECT_EQ(policy.ds, (dns::DsPolicy{dns::DsPolicy::Rule::syntax, true, true}));
}

TEST(PolicyPresets, KzSaysWhatItsPolicySays) {
  const Policy policy = preset("kz.yaml");
  EXPECT_EQ(policy.keys.on_compromise, OnCompromise::replace_then_retire);
  EXPECT_TRUE(policy.keys.backup_required);
  EXPECT_TRUE(policy.keys.wrappable);
  EXPECT_EQ(policy.ds, (dns::DsPolicy{dns::DsPolicy::Rule::strict, true, true}));
  EXPECT_EQ(policy.signed_keys.hold, days{7});
}

}  // namespace
}  // namespace tld::keys
