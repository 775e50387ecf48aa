// SPDX-License-Identifier: GPL-2.0-only
//
// A register that cannot be read or written, or says what cannot be.
#include "tests/unit/plugin/key_keeper_fixture.h"

namespace tld::plugin {
namespace {

// Catches: keys in use that change because a file cannot be read, and a register that is made anew.
TEST_F(KeyKeeperTest, ARegisterThatCannotBeReadIsAnError) {
  ASSERT_EQ(look(start), "0 signing");
  std::filesystem::remove(file());
  EXPECT_THAT(look(start + hours{1}), HasSubstr("kz.keys"));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

// Catches: events told to people (and to the audit log) again and again that are in no register,
// and a roll that goes on without it.
TEST_F(KeyKeeperTest, WhatCannotBeWrittenHasNotHappened) {
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  log->messages.clear();
  EXPECT_THAT(look_at_full_disk(start + hours{1}), HasSubstr("cannot write"));
  EXPECT_THAT(log->messages, IsEmpty());
  EXPECT_FALSE(has(0, KeyEventKind::signed_all));
  EXPECT_EQ(look(start + hours{2}), "0 signing");
  ASSERT_EQ(log->messages.size(), 1u);
  EXPECT_THAT(log->messages[0], HasSubstr("signed-all"));
}

// Catches: a server that is started while the register's disk is read-only, and serves nothing.
TEST_F(KeyKeeperTest, AtAStartARegisterThatCannotBeWrittenIsUsedAsItIs) {
  EXPECT_THAT(look_at_full_disk(start), HasSubstr("cannot write"));  // no ZSK signs by it yet
  ASSERT_EQ(look(start), "0 signing");
  sign_all_with(zsks[0]);
  signed_keys = ceremony({zsks[0], zsks[1]});  // the third key goes: that is new
  zone = std::make_shared<signer::SignedZone>(zone->zone_pointer(), signer::SignedZone::Keys{},
                                              signer::SignaturePolicy{});
  EXPECT_EQ(look_at_full_disk(start + days{1}), "0 signing");
  EXPECT_FALSE(has(2, KeyEventKind::removed));
}

// Catches: a key that takes over before the time that the register names.
TEST_F(KeyKeeperTest, WhatTheRegisterTellsOfTheFutureHasNotHappened) {
  ASSERT_EQ(look(start), "0 signing");
  happened(1, KeyEventKind::activated, start + days{3});
  happened(0, KeyEventKind::retired, start + days{3});
  EXPECT_THAT(look(start + days{1}), HasSubstr("REGISTER-FUTURE"));
  EXPECT_TRUE(keeper->publishable(*signed_keys, start + days{1}));
  log->messages.clear();
  const auto live = zone;
  zone = std::make_shared<signer::SignedZone>(zone->zone_pointer(), signer::SignedZone::Keys{},
                                              signer::SignaturePolicy{});
  EXPECT_EQ(look(start + days{1}), "0 signing") << "at a start";
  EXPECT_THAT(keeper->waits_for(), HasSubstr("activated at"));
  EXPECT_EQ(log->messages.size(), 1u);
  zone = live;
  EXPECT_EQ(look(start + days{3} - std::chrono::seconds{59}), "0 leaving, 1 signing");
}

// Catches: a server that says nothing of a register by which no KSK step is ever refused.
TEST_F(KeyKeeperTest, ARegisterWithoutDsIsSaidOnce) {
  const auto said = [this] {
    return std::ranges::count_if(log->messages, [](const std::string& message) {
      return message.find("DS NOT KNOWN") != std::string::npos;
    });
  };
  ASSERT_EQ(look(start), "0 signing");
  ASSERT_EQ(look(start + hours{1}), "0 signing");
  EXPECT_EQ(said(), 1);
  happened(3, KeyEventKind::ds_submitted, start + hours{2});
  ASSERT_EQ(look(start + hours{3}), "0 signing");
  EXPECT_EQ(said(), 1);
}

TEST_F(KeyKeeperTest, AfterARestartTheSameKeySigns) {
  ASSERT_EQ(look(start), "0 signing");
  proof = base::refused("no token yet");
  keeper.emplace(KeyKeeper::Setup{apex, file(), policy, door,
                                  [this](const hsm::KeyId&, const hsm::Verifier&) { return proof; },
                                  log});
  EXPECT_EQ(look(start + days{1}), "0 signing");
}

}  // namespace
}  // namespace tld::plugin
