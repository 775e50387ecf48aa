// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/plugin/key_keeper_fixture.h"

namespace tld::plugin {
namespace {

// Catches: a key that signs although no token has shown that it holds it.
TEST_F(KeyKeeperTest, TheFirstZskSignsOnceItIsProved) {
  proof = base::refused("token b: another key");
  EXPECT_THAT(look(start), HasSubstr("token b: another key"));
  EXPECT_TRUE(has(0, KeyEventKind::published));
  EXPECT_FALSE(has(0, KeyEventKind::activated));
  proof = base::ok();
  EXPECT_EQ(look(start + hours{1}), "0 signing");
  EXPECT_TRUE(has(0, KeyEventKind::activated));
  EXPECT_EQ(proved.back(), infos[0].id);
}

// A whole roll. Catches: a new ZSK that takes over before its time or its signatures, an old one
// that goes before it is replaced, a roll that is forgotten over a restart.
TEST_F(KeyKeeperTest, ARollWarmsProvesAndTakesOver) {
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  EXPECT_EQ(look(start + hours{1}), "0 signing");
  EXPECT_TRUE(has(0, KeyEventKind::signed_all));
  const base::Time due = start + policy.keys.zsk.lifetime;
  EXPECT_EQ(look(due - hours{7}), "0 signing");
  EXPECT_EQ(look(due - hours{5}), "0 signing, 1 warming");
  EXPECT_THAT(keeper->waits_for(), IsEmpty());
  EXPECT_EQ(look(due), "0 signing, 1 warming");
  EXPECT_THAT(keeper->waits_for(), HasSubstr("% of its signatures are made"));
  sign_all_with(zsks[1]);
  proof = base::refused("token b: another key");
  EXPECT_EQ(look(due + hours{1}), "0 signing, 1 warming");
  EXPECT_THAT(keeper->waits_for(), HasSubstr("token b: another key"));
  proof = base::ok();
  EXPECT_EQ(look(due + hours{2}), "0 leaving, 1 signing");
  EXPECT_TRUE(zone->is_signed());
  EXPECT_TRUE(has(0, KeyEventKind::retired));
  EXPECT_EQ(look(due + hours{3}), "1 signing");
  EXPECT_TRUE(has(0, KeyEventKind::signatures_gone));
  EXPECT_FALSE(has(0, KeyEventKind::removed));  // that is the signed-key file's to say
}

// Catches: a key that takes over and is in no DNSKEY RRset soon after.
TEST_F(KeyKeeperTest, AKeyThatIsNotListedLongEnoughDoesNotTakeOver) {
  signed_keys = ceremony({zsks[0]}, {zsks[1]});
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  const base::Time due = start + policy.keys.zsk.lifetime;
  ASSERT_EQ(look(due - hours{1}), "0 signing, 1 warming");
  sign_all_with(zsks[1]);
  EXPECT_EQ(look(due), "0 signing, 1 warming");
  EXPECT_THAT(keeper->waits_for(), HasSubstr("import the next response"));
  signed_keys = ceremony({zsks[0], zsks[1]});
  EXPECT_EQ(look(due + hours{1}), "0 leaving, 1 signing");
}

// Catches: a key that takes over while validators remember a DNSKEY RRset without it, for the TTL
// that it was served with.
TEST_F(KeyKeeperTest, ATtlAboveThePolicysIsWaitedFor) {
  keys::Policy fast = policy;
  fast.keys.zsk.prepublish = days{1};
  start_keeper(fast);
  policy.signed_keys.dnskey_ttl = days{3};
  signed_keys = ceremony({zsks[0]});
  policy.signed_keys.dnskey_ttl = hours{1};
  ASSERT_TRUE(keeper->publishable(*signed_keys, start));
  EXPECT_THAT(log->messages, IsEmpty()) << "nothing of it is published yet";
  ASSERT_EQ(look(start), "0 signing");
  EXPECT_THAT(log->messages, Contains(HasSubstr("PLAN-TTL: DNSKEY is signed with TTL P3D")));
  happened(3, KeyEventKind::ds_submitted, start);
  happened(3, KeyEventKind::ds_seen, start);
  sign_all_with(zsks[0]);
  ASSERT_EQ(look(start + hours{1}), "0 signing");
  signed_keys = ceremony({zsks[0], zsks[1]});
  const base::Time due = start + policy.keys.zsk.lifetime, listed = due - days{2};
  ASSERT_EQ(look(listed), "0 signing");
  EXPECT_EQ(look(due), "0 signing");
  EXPECT_EQ(look(listed + days{3}), "0 signing, 1 warming");
  sign_all_with(zsks[1]);
  EXPECT_EQ(look(listed + days{3} + hours{1}), "0 signing, 1 warming");
  EXPECT_EQ(look(listed + days{3} + hours{2}), "0 leaving, 1 signing");
}

// Catches: a key that signs and is lost with its token, and a server that does not say why it
// waits.
TEST_F(KeyKeeperTest, AKeyWithoutProvedBackupDoesNotTakeOver) {
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  policy.keys.backup_required = true;
  keeper.emplace(
      KeyKeeper::Setup{apex, file(), policy, door,
                       [](const hsm::KeyId&, const hsm::Verifier&) { return base::ok(); }, log});
  const base::Time due = start + policy.keys.zsk.lifetime;
  EXPECT_EQ(look(due - hours{1}), "0 signing");
  EXPECT_THAT(keeper->waits_for(), IsEmpty());
  EXPECT_EQ(look(due), "0 signing");
  EXPECT_THAT(keeper->waits_for(), HasSubstr("KEY-BACKUP"));
  EXPECT_THAT(keeper->waits_for(), HasSubstr("tldctl key prove-backup"));
  happened(1, KeyEventKind::backup_proved, due);
  EXPECT_EQ(look(due + hours{1}), "0 signing, 1 warming");
  sign_all_with(zsks[1]);
  EXPECT_EQ(look(due + hours{2}), "0 leaving, 1 signing");
  EXPECT_THAT(keeper->waits_for(), IsEmpty());
}

TEST_F(KeyKeeperTest, ACompromisedZskIsReplacedAtOnce) {
  policy.keys.on_compromise = keys::OnCompromise::retire_now;
  keeper.emplace(
      KeyKeeper::Setup{apex, file(), policy, door,
                       [](const hsm::KeyId&, const hsm::Verifier&) { return base::ok(); }, log});
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  ASSERT_EQ(look(start + days{8}), "0 signing");
  happened(0, KeyEventKind::compromised, start + days{8});
  EXPECT_EQ(look(start + days{8} + hours{1}), "0 leaving, 1 signing");
  EXPECT_TRUE(has(0, KeyEventKind::retired));
}

// replace-then-retire: catches a compromised key that goes while the zone is not signed without it.
TEST_F(KeyKeeperTest, ACompromisedZskStaysUntilItIsReplacedWherePolicySaysSo) {
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  ASSERT_EQ(look(start + days{8}), "0 signing");
  happened(0, KeyEventKind::compromised, start + days{8});
  EXPECT_EQ(look(start + days{8} + hours{1}), "0 leaving, 1 signing");
  EXPECT_FALSE(has(0, KeyEventKind::retired));
  sign_all_with(zsks[1]);
  look(start + days{8} + hours{2});
  EXPECT_TRUE(has(1, KeyEventKind::signed_all));
  EXPECT_TRUE(has(0, KeyEventKind::retired));
}

// Catches: a slot that lets the KSK go while somebody remembers its DS, and a silence about it.
TEST_F(KeyKeeperTest, ASlotWithoutTheKskIsHeldBackWhileItsDsIsThere) {
  ASSERT_EQ(look(start), "0 signing");
  happened(3, KeyEventKind::ds_submitted, start + hours{1});
  const hsm::KeyInfo next = make_key();
  auto all = registered();
  ASSERT_TRUE(all.add_key(keys::dnskey_of(next.public_key, true), false, next.id, start));
  ASSERT_TRUE(all.replace_file(file()));
  ksk = next;
  signed_keys = ceremony(zsks);
  EXPECT_EQ(look(start + hours{2}), "0 signing");
  EXPECT_THAT(keeper->waits_for(), HasSubstr("is not published: KEY-PREPUBLISH"));
  EXPECT_FALSE(has(3, KeyEventKind::removed));
  EXPECT_FALSE(has(4, KeyEventKind::published));
  EXPECT_TRUE(keeper->publishable(*signed_keys, start + hours{2}).value().starts.empty());
}

// RFC 6781 §4.1.4. Catches: a new algorithm that signs some of the zone only, old signatures that
// stay for ever.
TEST_F(KeyKeeperTest, AnAlgorithmRollSignsAllBeforeItIsServed) {
  ASSERT_EQ(look(start), "0 signing");
  const auto rsa = make_key(hsm::Algorithm::rsasha256);
  zsks.push_back(keys::dnskey_of(rsa.public_key, false));
  auto all = registered();
  ASSERT_TRUE(all.add_key(zsks.back(), false, rsa.id, start));
  ASSERT_TRUE(all.replace_file(file()));
  policy.algorithm = hsm::Algorithm::rsasha256;
  keeper.emplace(KeyKeeper::Setup{apex, file(), policy, door,
                                  [this](const hsm::KeyId&, const hsm::Verifier&) { return proof; },
                                  log});
  EXPECT_EQ(look(start + hours{1}), "0 signing, 3 warming");
  EXPECT_THAT(keeper->waits_for(), HasSubstr("less than 100 %"));
  sign_all_with(zsks[3]);
  EXPECT_EQ(look(start + hours{2}), "0 signing, 3 signing");
  EXPECT_TRUE(has(4, KeyEventKind::activated));
  EXPECT_FALSE(has(4, KeyEventKind::published));
  look(start + hours{3});
  EXPECT_TRUE(has(4, KeyEventKind::signed_all));
}

// Moving out: catches a server that stops to sign while it is still asked.
TEST_F(KeyKeeperTest, AfterAHandOverItSignsOnUntilItIsOutOfUse) {
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  look(start + hours{1});
  const auto theirs = door->generate(hsm::Algorithm::ecdsap256sha256).value();
  auto all = registered();
  const auto place =
      all.add_key(keys::dnskey_of(theirs.public_key, false), true, "", start + hours{1}).value();
  ASSERT_TRUE(all.add_event({place, KeyEventKind::activated}, start + hours{2}));
  ASSERT_TRUE(all.add_event({0, KeyEventKind::retired}, start + hours{2}));
  ASSERT_TRUE(all.replace_file(file()));
  EXPECT_EQ(look(start + hours{3}), "0 signing");
  EXPECT_EQ(look(start + days{3}), "0 signing");
  EXPECT_FALSE(has(0, KeyEventKind::signatures_gone));
}

}  // namespace
}  // namespace tld::plugin
