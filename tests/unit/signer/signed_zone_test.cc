// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signed_zone.h"

#include <set>

#include "signer/filler.h"
#include "tests/unit/signer/signer_fixture.h"

namespace tld::signer {
namespace {

class SignedZoneTest : public SignerTest {
 protected:
  void fill(const std::shared_ptr<const SignedZone>& zone) {
    std::vector<zones::Slot> all;
    for (zones::Slot slot = 0; slot < zone->zone().slot_limit(); ++slot) all.push_back(slot);
    const std::atomic<bool> stop{false};
    ASSERT_TRUE(sign_all(zone, all, service, 8, stop));
  }
};

// Catches: signing everything again at every publication.
TEST_F(SignedZoneTest, CarryOverKeepsWhatDidNotChange) {
  const auto from = signed_zone('1', 1);
  fill(from);
  const auto to = signed_zone('1', 2);
  const auto changed = carry_over(*from, *to);
  ASSERT_EQ(changed.size(), 1u);  // the SOA
  EXPECT_EQ(to->zone().signable(changed[0]).type, dns::RRType::SOA);
  EXPECT_EQ(to->table(0).filled(), to->zone().signature_count() - 1);
}

// Catches: an old signature beside new data.
TEST_F(SignedZoneTest, CarryOverLeavesOutWhatChanged) {
  const auto from = signed_zone('1', 1);
  fill(from);
  const auto to = signed_zone('2', 2);
  std::set<dns::RRType> types;
  for (const zones::Slot slot : carry_over(*from, *to)) types.insert(to->zone().signable(slot).type);
  EXPECT_EQ(types, (std::set<dns::RRType>{dns::RRType::SOA, dns::RRType::DS}));
  for (zones::Slot slot = 0; slot < to->zone().slot_limit(); ++slot) {
    Signature signature;
    if (!to->table(0).get(slot, signature)) continue;
    const auto to_sign = to->to_sign(0, slot, signature.validity);
    EXPECT_TRUE(key->verifier().verify(to_sign.input, signature.view()));
  }
}

TEST_F(SignedZoneTest, CarryOverTakesNothingFromAnotherKey) {
  const auto from = signed_zone('1', 1);
  fill(from);
  key = make_key(hsm::Algorithm::ecdsap256sha256);
  const auto to = signed_zone('1', 1);
  EXPECT_TRUE(carry_over(*from, *to).empty());
  EXPECT_EQ(to->table(0).filled(), 0u);
}

// Catches: an NSEC3 neighbour that keeps the signature of its old "next" hash.
TEST_F(SignedZoneTest, CarryOverSeesChangedRingNeighbours) {
  const auto from = signed_zone('1', 1);
  fill(from);
  const auto to = std::make_shared<SignedZone>(
      tests::zone_of(tests::example_zone('1') + "new.example. NS ns.elsewhere.test.\n"
                                                "new.example. DS 1 13 2 " + std::string(64, 'a') + "\n",
                     "example.", 2),
      std::vector<std::shared_ptr<const ZoneKey>>{key}, SignaturePolicy{});
  std::multiset<dns::RRType> types;
  for (const zones::Slot slot : carry_over(*from, *to)) types.insert(to->zone().signable(slot).type);
  EXPECT_EQ(types, (std::multiset<dns::RRType>{dns::RRType::SOA, dns::RRType::DS,
                                               dns::RRType::NSEC3, dns::RRType::NSEC3}));
}

TEST_F(SignedZoneTest, RefusesKeysThatAreNoZoneKeys) {
  dns::Dnskey dnskey = key->dnskey();
  dnskey.flags = 0;
  EXPECT_FALSE(ZoneKey::make(dnskey, key->id(), door));
  dnskey = key->dnskey();
  dnskey.flags |= dns::Dnskey::flag_revoke;
  EXPECT_FALSE(ZoneKey::make(dnskey, key->id(), door));
  dnskey = key->dnskey();
  dnskey.algorithm = 15;
  EXPECT_FALSE(ZoneKey::make(dnskey, key->id(), door));
  dnskey = key->dnskey();
  dnskey.public_key.pop_back();
  EXPECT_FALSE(ZoneKey::make(dnskey, key->id(), door));
}

}  // namespace
}  // namespace tld::signer
