// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signed_zone.h"

#include <set>

#include "signer/filler.h"
#include "tests/unit/signer/signer_fixture.h"
#include "zones/update.h"

namespace tld::signer {
namespace {

class SignedZoneTest : public SignerTest {
 protected:
  void fill(const std::shared_ptr<const SignedZone>& zone) {
    std::vector<zones::Slot> all;
    zone->zone().for_each_slot([&](zones::Slot slot) { all.push_back(slot); });
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
      SignedZone::Keys{{key}}, SignaturePolicy{});
  std::multiset<dns::RRType> types;
  for (const zones::Slot slot : carry_over(*from, *to)) types.insert(to->zone().signable(slot).type);
  EXPECT_EQ(types, (std::multiset<dns::RRType>{dns::RRType::SOA, dns::RRType::DS,
                                               dns::RRType::NSEC3, dns::RRType::NSEC3}));
}

// `owner` with the DS of secure.example., or without anything.
zones::NameData change_at(const SignedZone& zone, const std::string& owner, bool there) {
  zones::NameData data{dns::Name::from_text(owner).value(), {}};
  if (!there) return data;
  data = zones::name_data(zone.zone(), dns::Name::from_text("secure.example.").value());
  data.name = dns::Name::from_text(owner).value();
  for (dns::RRset& rrset : data.rrsets) rrset.owner = data.name;
  return data;
}

std::size_t wrong_signatures(const SignedZone& zone) {
  std::size_t wrong = 0;
  zone.zone().for_each_slot([&](zones::Slot slot) {
    Signature signature;
    if (!zone.table(0).get(slot, signature)) return;
    const auto to_sign = zone.to_sign(0, slot, signature.validity);
    wrong += zone.key(0).verifier().verify(to_sign.input, signature.view()) ? 0 : 1;
  });
  return wrong;
}

// Catches: a version that signs anew what it has, or that shows a signature of another RRset.
TEST_F(SignedZoneTest, NextSharesWhatIsSigned) {
  auto zone = signed_zone();
  fill(zone);
  std::vector<std::shared_ptr<const SignedZone>> versions{zone};
  const std::atomic<bool> stop{false};
  for (std::uint32_t i = 0; i < 12; ++i) {
    const auto change = change_at(*zone, "n" + std::to_string(i % 3) + ".example.", i % 6 < 3);
    const auto update =
        zones::update(zone->zone_pointer(), std::vector{change}, {zone->zone().serial() + 1}).value();
    const auto next = SignedZone::next(*zone, update.zone);
    EXPECT_EQ(&next->table(0), &zone->table(0));
    EXPECT_EQ(next->signatures(0), next->zone().signature_count() - update.to_sign.size());
    ASSERT_TRUE(sign_all(next, update.to_sign, service, 8, stop));
    EXPECT_EQ(next->signatures(0), next->zone().signature_count());
    zone = next;
    versions.push_back(zone);
  }
  for (const auto& version : versions) {
    EXPECT_EQ(version->signatures(0), version->zone().signature_count());
    EXPECT_EQ(wrong_signatures(*version), 0u);
  }
  EXPECT_GT(zone->zone().slot_limit(), zone->zone().signature_count());
}

// Catches: carrying over by number what has other numbers in a new lineage.
TEST_F(SignedZoneTest, CarryOverIntoACompactedZone) {
  auto zone = signed_zone();
  fill(zone);
  const auto update =
      zones::update(zone->zone_pointer(), std::vector{change_at(*zone, "n.example.", true)}, {})
          .value();
  zone = SignedZone::next(*zone, update.zone);
  const std::atomic<bool> stop{false};
  ASSERT_TRUE(sign_all(zone, update.to_sign, service, 8, stop));
  const auto compacted = std::make_shared<SignedZone>(
      zones::compact(zone->zone()).value(), SignedZone::Keys{{key}},
      SignaturePolicy{});
  EXPECT_TRUE(carry_over(*zone, *compacted).empty());
  EXPECT_EQ(compacted->signatures(0), compacted->zone().signature_count());
  EXPECT_EQ(wrong_signatures(*compacted), 0u);
}

TEST_F(SignedZoneTest, NextOfAnotherLineageEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // the service has threads
  const auto zone = signed_zone();
  EXPECT_DEATH(SignedZone::next(*zone, signed_zone()->zone_pointer()), "same_lineage");
}

// Catches: a filler that signs what an older version had, or forgets what the newest has.
TEST_F(SignedZoneTest, FillerSignsLiveSlotsOnly) {
  const auto first = signed_zone();
  const auto update =
      zones::update(first->zone_pointer(), std::vector{change_at(*first, "secure.example.", false)}, {9})
          .value();
  const auto zone = SignedZone::next(*first, update.zone);
  Filler filler({}, [&] { return zone; }, service, clock);
  for (int i = 0; i < 500 && zone->signatures(0) < zone->zone().signature_count(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_EQ(zone->signatures(0), zone->zone().signature_count());
  EXPECT_EQ(zone->table(0).filled(), zone->zone().signature_count());
  EXPECT_LT(zone->zone().signature_count(), first->zone().signature_count());
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

// --- keys that come and go

std::optional<std::size_t> found(const SignedZone& zone, std::size_t signer, zones::Slot slot) {
  Signature signature;
  return zone.find_signature(signer, slot, [](const Validity&) { return true; }, signature);
}

// Catches: a roll that throws the old signatures away, or lets the old key sign on.
TEST_F(SignedZoneTest, ALeavingKeyStandsInUntilTheNewOneHasSigned) {
  const auto before = signed_zone('1', 1);
  fill(before);
  const auto old = key, other = make_key(hsm::Algorithm::ecdsap256sha256);
  const auto after =
      SignedZone::with_keys(*before, {{old, KeyUse::leaving}, {other, KeyUse::signing}});
  ASSERT_EQ(after->signers(), std::vector<std::size_t>{1});
  EXPECT_TRUE(after->is_signed());
  EXPECT_EQ(&after->table(0), &before->table(0));
  const zones::Slot slot = after->zone().find(after->zone().apex())->rrset(dns::RRType::SOA)->slot;
  EXPECT_EQ(found(*after, 1, slot), 0u);
  EXPECT_EQ(service.start(after, 0, slot, Reason::background), nullptr);
  fill(after);
  EXPECT_EQ(found(*after, 1, slot), 1u);
  EXPECT_EQ(after->signatures(1), after->zone().signature_count());
  EXPECT_EQ(door->sign_calls(), 2 * after->zone().signature_count());
}

// Catches: signatures of a key that is not in use yet in an answer.
TEST_F(SignedZoneTest, WhatAWarmingKeyMakesIsNotServed) {
  const auto other = make_key(hsm::Algorithm::ecdsap256sha256);
  const auto zone = SignedZone::with_keys(
      *signed_zone('1', 1), {{key, KeyUse::signing}, {other, KeyUse::warming}});
  zones::Slot slot = zones::no_slot;
  zone->zone().for_each_slot([&](zones::Slot one) {
    ASSERT_TRUE(service.start(zone, 1, one, Reason::background)->wait_until(soon()).value());
    slot = one;
  });
  EXPECT_EQ(zone->signatures(1), zone->zone().signature_count());
  EXPECT_EQ(found(*zone, 0, slot), std::nullopt);
  EXPECT_FALSE(zone->is_signed());
}

// RFC 4035 section 2.2: while two algorithms are in the DNSKEY RRset each signs everything.
TEST_F(SignedZoneTest, EachAlgorithmHasItsSigner) {
  const auto rsa = make_key(hsm::Algorithm::rsasha256);
  const auto one = signed_zone('1', 1);
  fill(one);
  const auto zone = SignedZone::with_keys(*one, {{key, KeyUse::leaving}, {rsa, KeyUse::signing}});
  EXPECT_FALSE(zone->is_signed());  // one algorithm does not stand in for another
  const auto both = SignedZone::with_keys(*one, {{key}, {rsa}});
  EXPECT_EQ(both->signers(), (std::vector<std::size_t>{0, 1}));
  fill(both);
  EXPECT_TRUE(both->is_signed());
}

// Catches: a new RRset that is not signed by the key that signs now.
TEST_F(SignedZoneTest, LaterVersionsKeepTheUses) {
  const auto other = make_key(hsm::Algorithm::ecdsap256sha256);
  const auto from = SignedZone::with_keys(*signed_zone('1', 1),
                                          {{key, KeyUse::leaving}, {other, KeyUse::signing}});
  const auto next = SignedZone::next(*from, from->zone_pointer());
  EXPECT_EQ(next->keys(), from->keys());
  EXPECT_EQ(next->signers(), from->signers());
}

TEST_F(SignedZoneTest, WithoutASigningKeyNothingIsSigned) {
  const auto one = signed_zone('1', 1);
  fill(one);
  EXPECT_FALSE(SignedZone::with_keys(*one, {{key, KeyUse::leaving}})->is_signed());
}

}  // namespace
}  // namespace tld::signer
