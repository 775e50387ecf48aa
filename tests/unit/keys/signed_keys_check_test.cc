// SPDX-License-Identifier: GPL-2.0-only
//
// The named checks: each by a file that is well-formed, truly signed, and wrong in one thing.
#include <map>

#include "tests/unit/keys/fixture.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using dns::RRType;
using ::testing::AllOf;
using testing::Draft;
using ::testing::HasSubstr;
using testing::Key;
using testing::make_key;
using testing::make_key_of_any_tag;
using testing::refusal;
using testing::replaced;
using ::testing::StartsWith;

std::string refusal_of(const Draft& draft) {
  return refusal(draft.text(), draft);
}

TEST(SignedKeysCheck, GoodFilesOfBothAlgorithmsPass) {
  EXPECT_EQ(refusal_of(Draft{}), "");
  Draft with_rsa;
  with_rsa.ksk = make_key(testing::rsa);
  with_rsa.zsks = {make_key(testing::rsa).zsk(), make_key(testing::rsa).zsk()};
  with_rsa.policy.algorithm = testing::rsa;
  EXPECT_EQ(refusal_of(with_rsa), "");
}

TEST(SignedKeysCheck, RefusalsAreOfKindRefused) {
  Draft draft;
  const auto keys = SignedKeys::parse(draft.text(), draft.apex).value();
  const auto status = keys.check({}, testing::first_start() - std::chrono::seconds{1});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, base::ErrorKind::refused);
}

TEST(SignedKeysCheck, SlotsThatAreNotOneSlotApart) {
  Draft draft;
  const std::string text = draft.text();
  EXPECT_THAT(refusal(replaced(text, "1.0 20260102000000", "1.0 20260102000001"), draft),
              StartsWith("kz.skr:16: SKR-SLOT-ORDER"));
  EXPECT_THAT(refusal(replaced(text, "1.0 20260102000000", "1.0 20260101000000"), draft),
              HasSubstr("SKR-SLOT-ORDER"));
}

TEST(SignedKeysCheck, SlotThatLacksAType) {
  Draft draft;
  draft.spoil_data = [](std::size_t index, auto& rrsets) {
    if (index == 2) rrsets.pop_back();
  };
  EXPECT_THAT(refusal_of(draft), AllOf(HasSubstr("SKR-TYPES"), StartsWith("kz.skr:24")));
}

TEST(SignedKeysCheck, CdsThatThePolicyDoesNotWant) {
  Draft draft;
  draft.policy.signed_keys.cds_digest_types = {};
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-TYPES"));
  draft.spoil_data = [](std::size_t, auto& rrsets) { rrsets.resize(1); };
  EXPECT_EQ(refusal_of(draft), "");
}

TEST(SignedKeysCheck, TtlOtherThanThePolicys) {
  Draft draft;
  draft.spoil_data = [](std::size_t index, auto& rrsets) {
    if (index == 1) rrsets[1].ttl = 7200;
  };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-TTL"));
}

// Only the record's TTL changed: the signature still verifies, with its original TTL.
TEST(SignedKeysCheck, TtlOtherThanTheSignedOne) {
  Draft draft;
  draft.spoil_slot = [](std::size_t index, Slot& slot) {
    if (index == 0) slot.rrsets[0].rrset.ttl = 60;
  };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-TTL"));
}

TEST(SignedKeysCheck, KeyOfAnotherAlgorithm) {
  Draft draft;
  draft.zsks.push_back(make_key(testing::rsa).zsk());
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-ALGORITHM"));
  draft = Draft{};
  draft.policy.algorithm = testing::rsa;
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-ALGORITHM"));
  draft = Draft{};
  draft.zsks[0].algorithm = 255;  // nobody's
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-ALGORITHM"));
}

TEST(SignedKeysCheck, KeysThatCannotBeUsed) {
  const std::pair<const char*, void (*)(Dnskey&)> faults[] = {
      {"no zone flag", [](Dnskey& key) { key.flags = 0; }},
      {"revoked", [](Dnskey& key) { key.flags |= Dnskey::flag_revoke; }},
      {"unknown flag", [](Dnskey& key) { key.flags |= 2; }},
      {"protocol", [](Dnskey& key) { key.protocol = 2; }},
      {"not on the curve", [](Dnskey& key) { key.public_key.back() ^= 1; }},
      {"too short", [](Dnskey& key) { key.public_key.pop_back(); }},
  };
  for (const auto& [what, spoil] : faults) {
    Draft draft;
    spoil(draft.zsks[0]);
    EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-KEY:")) << what;
  }
}

// The key that signs everything else must not be the offline one.
TEST(SignedKeysCheck, KskThatIsAlsoAZsk) {
  Draft draft;
  draft.zsks = {draft.ksk.zsk()};
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-KEY:"));
}

// KSK and ZSK with one tag: some validators give up at the second key they must try.
TEST(SignedKeysCheck, KeysWithOneTag) {
  std::map<std::uint16_t, Key> zsk_by_tag;
  for (int i = 0; i < 20000; ++i) {
    const Key key = make_key_of_any_tag();
    const auto other = zsk_by_tag.find(key.ksk().key_tag());
    if (other != zsk_by_tag.end()) {
      Draft draft;
      draft.ksk = key;
      draft.zsks = {other->second.zsk()};
      EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-KEY-TAG"));
      return;
    }
    zsk_by_tag.emplace(key.zsk().key_tag(), key);
  }
  FAIL() << "no two keys with one tag among 20,000";
}

TEST(SignedKeysCheck, SlotWithoutKsk) {
  Draft draft;
  draft.spoil_data = [&draft](std::size_t, auto& rrsets) {
    rrsets[0].rdatas = {draft.zsks[0].wire()};
  };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-NO-KSK"));
}

TEST(SignedKeysCheck, OneWrongBitInASignatureOfTheLastSlot) {
  Draft draft;
  draft.spoil_signature = [](std::size_t index, dns::Rrsig& rrsig) {
    if (index == 2 && rrsig.type_covered == RRType::CDNSKEY) rrsig.signature[7] ^= 1;
  };
  EXPECT_THAT(refusal_of(draft), AllOf(HasSubstr("SKR-VERIFY"), StartsWith("kz.skr:24")));
}

// A second, wrong signature beside a right one would make some validators fail.
TEST(SignedKeysCheck, EverySignatureCounts) {
  Draft draft;
  draft.spoil_slot = [](std::size_t, Slot& slot) {
    slot.rrsets[0].rrsigs.push_back(slot.rrsets[0].rrsigs[0]);
    slot.rrsets[0].rrsigs[1].signature[0] ^= 1;
  };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-VERIFY"));
}

TEST(SignedKeysCheck, SignatureByAKeyThatIsNoKskOfTheSlot) {
  Draft draft;
  const Key stranger = make_key();
  draft.spoil_data = [&stranger](std::size_t, auto& rrsets) {
    rrsets[0].rdatas = {stranger.ksk().wire(), make_key().zsk().wire()};
    dns::canonicalise(rrsets[0].rdatas);
  };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-VERIFY"));
  Draft by_zsk;  // truly signed, by a key of the slot that has no SEP flag
  by_zsk.spoil_rrsig = [&by_zsk](std::size_t, dns::Rrsig& rrsig) {
    rrsig.key_tag = by_zsk.ksk.zsk().key_tag();
  };
  by_zsk.spoil_data = [&](std::size_t, auto& rrsets) {
    rrsets[0].rdatas = {stranger.ksk().wire(), by_zsk.ksk.zsk().wire()};
    dns::canonicalise(rrsets[0].rdatas);
  };
  EXPECT_THAT(refusal_of(by_zsk), HasSubstr("SKR-VERIFY"));
}

// RFC 4035 §5.3.1: fewer labels than the owner means a wildcard.
TEST(SignedKeysCheck, LabelCountOtherThanTheApexs) {
  Draft draft;
  draft.spoil_rrsig = [](std::size_t, dns::Rrsig& rrsig) { rrsig.labels = 0; };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-VERIFY"));
}

TEST(SignedKeysCheck, SignatureTimesOtherThanThePolicys) {
  for (const int shift : {-1, 1}) {
    Draft draft;
    draft.spoil_rrsig = [shift](std::size_t, dns::Rrsig& rrsig) {
      rrsig.expiration += static_cast<std::uint32_t>(shift);
    };
    EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-WINDOW"));
    draft.spoil_rrsig = [shift](std::size_t, dns::Rrsig& rrsig) {
      rrsig.inception += static_cast<std::uint32_t>(shift);
    };
    EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-WINDOW"));
  }
}

// A slot's header is not signed: moving it must not move what is published.
TEST(SignedKeysCheck, FirstHeaderMovedIsRefused) {
  Draft draft;
  draft.policy.signed_keys.span = draft.policy.signed_keys.slot;
  draft.slots = 1;
  EXPECT_THAT(refusal(replaced(draft.text(), "1.0 20260101000000", "1.0 20260101000001"), draft,
                      testing::first_start() + std::chrono::hours{1}),
              HasSubstr("SKR-WINDOW"));
}

TEST(SignedKeysCheck, CdsOrCdnskeyThatAsksForDeletion) {
  Draft draft;
  draft.spoil_data = [](std::size_t, auto& rrsets) {
    rrsets[1].rdatas = {std::string("\0\0\0\0\0", 5)};  // RFC 8078 §4: 0 0 0 00
  };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-CDS-DELETE"));
  draft.spoil_data = [](std::size_t, auto& rrsets) {
    rrsets[2].rdatas = {std::string("\0\0\3\0\0", 5)};  // 0 3 0 AA==
  };
  EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-CDS-DELETE"));
}

TEST(SignedKeysCheck, CdsAndCdnskeyThatDoNotMatchTheKsks) {
  const Key stranger = make_key();
  Draft draft;
  const auto cds_of = [&draft](const Dnskey& key, std::uint8_t digest_type) {
    return dns::make_ds(draft.apex, key, digest_type).value().wire();
  };
  const std::vector<std::vector<std::string>> wrong_cds = {
      {cds_of(stranger.ksk(), 2)}, {cds_of(draft.ksk.ksk(), 4)}, {cds_of(draft.zsks[0], 2)}};
  for (const auto& wrong : wrong_cds) {
    draft.spoil_data = [&wrong](std::size_t, auto& rrsets) { rrsets[1].rdatas = wrong; };
    EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-CDS-MATCH"));
  }
  for (const Dnskey& wrong : {stranger.ksk(), draft.zsks[0]}) {
    draft.spoil_data = [&wrong](std::size_t, auto& rrsets) { rrsets[2].rdatas = {wrong.wire()}; };
    EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-CDS-MATCH"));
  }
}

// The server signs with a key that validators would not find.
TEST(SignedKeysCheck, SlotWithoutTheServersZsk) {
  Draft draft;
  const std::string text = draft.text();
  draft.zsks.push_back(make_key().zsk());
  EXPECT_THAT(refusal(text, draft), AllOf(HasSubstr("SKR-ZSK-MISSING"), StartsWith("kz.skr:8")));
}

// Keys are told apart by all of their RDATA, never by the tag.
TEST(SignedKeysCheck, ZskThatDiffersInFlagsOnlyIsMissing) {
  Draft draft;
  const std::string text = draft.text();
  draft.zsks[0].flags |= Dnskey::flag_sep;
  EXPECT_THAT(refusal(text, draft), HasSubstr("SKR-ZSK-MISSING"));
}

TEST(SignedKeysCheck, FewerOrMoreSlotsThanTheSpanHolds) {
  for (const std::size_t slots : {1U, 2U, 4U}) {
    Draft draft;
    draft.slots = slots;
    EXPECT_THAT(refusal_of(draft), HasSubstr("SKR-COVERAGE")) << slots;
  }
}

TEST(SignedKeysCheck, TimeMustLieInTheFile) {
  Draft draft;
  const std::string text = draft.text();
  const base::Time start = testing::first_start();
  const base::Time end = start + std::chrono::days{2} + std::chrono::hours{60};
  const std::chrono::seconds second{1};
  EXPECT_THAT(refusal(text, draft, start - second), HasSubstr("SKR-NOT-YET-VALID"));
  EXPECT_EQ(refusal(text, draft, start), "");
  EXPECT_EQ(refusal(text, draft, end - second), "");
  EXPECT_THAT(refusal(text, draft, end), HasSubstr("SKR-EXPIRED"));
}

}  // namespace
}  // namespace tld::keys
