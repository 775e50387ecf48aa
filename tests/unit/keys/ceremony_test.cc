// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony.h"

#include <map>

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using ::testing::HasSubstr;
using testing::Key;
using testing::make_key;
using testing::make_key_of_any_tag;

struct Ceremony {
  explicit Ceremony(hsm::Algorithm algorithm = testing::ecdsa)
      : ksk(make_key(algorithm)), zsk(make_key(algorithm)) {
    input.apex = testing::name("kz.");
    input.policy.algorithm = algorithm;
    input.start = testing::first_start();
    input.made_at = testing::first_start() - std::chrono::hours{2};
    input.ksk = ksk.info.public_key;
    input.zsks = {zsk.zsk()};
    input.sign = testing::signer(ksk);
  }

  void expect_no_signature() {
    input.sign = [](const std::string&) -> base::Result<std::string> {
      ADD_FAILURE() << "the KSK was used before all was checked";
      return base::internal("not reached");
    };
  }

  std::string fault() const {
    const auto text = hold_ceremony(input);
    return text ? "" : text.error().message;
  }

  Key ksk, zsk;
  CeremonyInput input;
};

class CeremonyOfBothAlgorithms : public ::testing::TestWithParam<hsm::Algorithm> {};
INSTANTIATE_TEST_SUITE_P(Algorithms, CeremonyOfBothAlgorithms,
                         ::testing::Values(testing::ecdsa, testing::rsa));

TEST_P(CeremonyOfBothAlgorithms, DefaultPolicyGivesNinetyDays) {
  const Ceremony ceremony(GetParam());
  const auto text = hold_ceremony(ceremony.input);
  ASSERT_TRUE(text) << text.error().message;
  const auto keys = SignedKeys::parse(text.value(), ceremony.input.apex).value();
  EXPECT_EQ(keys.slots().size(), 9U);
  EXPECT_EQ(keys.covered_until(), testing::first_start() + std::chrono::days{100});
  EXPECT_EQ(keys.policy().signed_keys, ceremony.input.policy.signed_keys);
  for (int day = 0; day < 100; ++day) {
    const base::Time now = testing::first_start() + std::chrono::days{day};
    EXPECT_TRUE(keys.check(ceremony.input.zsks, now)) << day;
    EXPECT_NE(keys.at(now), nullptr) << day;
  }
}

TEST(Ceremony, CdsDigestTypesComeFromThePolicy) {
  Ceremony ceremony;
  ceremony.input.policy.signed_keys.cds_digest_types = {2, 4};
  const auto keys =
      SignedKeys::parse(hold_ceremony(ceremony.input).value(), ceremony.input.apex).value();
  EXPECT_EQ(keys.slots()[0].find(dns::RRType::CDS)->rrset.rdatas.size(), 2U);
  ceremony.input.policy.signed_keys.cds_digest_types = {};
  const auto bare =
      SignedKeys::parse(hold_ceremony(ceremony.input).value(), ceremony.input.apex).value();
  EXPECT_EQ(bare.types(), std::set<dns::RRType>{dns::RRType::DNSKEY});
}

TEST(Ceremony, TheRootAndDeepNamesWork) {
  for (const char* apex : {".", "co.kz.", "xn--80ao21a."}) {
    Ceremony ceremony;
    ceremony.input.apex = testing::name(apex);
    const auto text = hold_ceremony(ceremony.input);
    ASSERT_TRUE(text) << apex << ": " << text.error().message;
  }
}

TEST(Ceremony, SaysWhenItWasMadeAndCountsItsSignatures) {
  Ceremony ceremony;
  std::size_t calls = 0, total = 0;
  ceremony.input.progress = [&](std::size_t done, std::size_t all) {
    EXPECT_EQ(done, ++calls);
    total = all;
  };
  EXPECT_THAT(hold_ceremony(ceremony.input).value(),
              HasSubstr(";; SignedKeyResponse 1.0 generated at 20251231220000 by pdns-tld "));
  EXPECT_EQ(calls, 27U);
  EXPECT_EQ(total, 27U);
}

TEST(Ceremony, KeysThatDoNotFitAreRefused) {
  Ceremony ceremony;
  ceremony.input.policy.algorithm = testing::rsa;
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-ALGORITHM"));
  ceremony = Ceremony{};
  ceremony.input.zsks.push_back(make_key(testing::rsa).zsk());
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-ALGORITHM"));
  ceremony = Ceremony{};
  ceremony.input.zsks.clear();
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-ZSK"));
  ceremony.input.zsks = {ceremony.zsk.zsk(), ceremony.zsk.zsk()};
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-ZSK"));
  ceremony.input.zsks = {ceremony.zsk.ksk()};
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-ZSK"));
}

// The KSK's own public key given as a ZSK: the offline key would be the online one.
TEST(Ceremony, KskGivenAsZskIsRefused) {
  Ceremony ceremony;
  ceremony.input.zsks = {ceremony.ksk.zsk()};
  EXPECT_THAT(ceremony.fault(), HasSubstr("SKR-KEY"));
}

TEST(Ceremony, KskAndZskWithOneTagAreRefused) {
  std::map<std::uint16_t, Key> zsk_by_tag;
  for (int i = 0; i < 20000; ++i) {
    const Key key = make_key_of_any_tag();
    const auto other = zsk_by_tag.find(key.ksk().key_tag());
    if (other != zsk_by_tag.end()) {
      Ceremony ceremony;
      ceremony.input.ksk = key.info.public_key;
      ceremony.expect_no_signature();
      ceremony.input.zsks = {other->second.zsk()};
      EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-KEY-TAG"));
      return;
    }
    zsk_by_tag.emplace(key.zsk().key_tag(), key);
  }
  FAIL() << "no two keys with one tag among 20,000";
}

// A token with another key under that id, or a broken one: nothing of it leaves the room.
TEST(Ceremony, WrongSignaturesAreRefused) {
  Ceremony ceremony;
  ceremony.input.sign = testing::signer(make_key());
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-SIGNATURE"));
  ceremony.input.sign = [](const std::string&) { return std::string(64, '\1'); };
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-SIGNATURE"));
}

TEST(Ceremony, WhatTheTokenSaysIsPassedOn) {
  Ceremony ceremony;
  ceremony.input.sign = [](const std::string&) { return base::unavailable("token is gone"); };
  const auto text = hold_ceremony(ceremony.input);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, base::ErrorKind::unavailable);
}

TEST(Ceremony, TimesThatAnRrsigCannotSayAreRefused) {
  Ceremony ceremony;
  ceremony.input.start = last_time - std::chrono::days{100};
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-TIME"));
  ceremony.input.start = base::Time{} + std::chrono::hours{23};
  EXPECT_THAT(ceremony.fault(), HasSubstr("CEREMONY-TIME"));
}

TEST(Ceremony, PolicyIsCheckedBeforeSigning) {
  Ceremony ceremony;
  ceremony.expect_no_signature();
  ceremony.input.policy.signed_keys.slot = std::chrono::days{30};
  EXPECT_THAT(ceremony.fault(), HasSubstr("POLICY-OVERLAP"));
}

TEST(Ceremony, TrustAnchorIsTheKsksRecord) {
  const Ceremony ceremony;
  const std::string text =
      trust_anchor_text(ceremony.input.apex, ceremony.input.ksk, ceremony.input.policy).value();
  const dns::Dnskey ksk = ceremony.ksk.ksk();
  EXPECT_THAT(text, HasSubstr("\nkz. 3600 IN DNSKEY " +
                              dns::rdata_text(dns::RRType::DNSKEY, ksk.wire()) + "\n"));
  const auto ds = dns::make_ds(ceremony.input.apex, ksk, 2).value();
  EXPECT_THAT(text, HasSubstr("; kz. IN DS " + dns::rdata_text(dns::RRType::DS, ds.wire())));
}

}  // namespace
}  // namespace tld::keys
