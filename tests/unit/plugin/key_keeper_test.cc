// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/key_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "hsm/software_key.h"
#include "keys/ceremony.h"
#include "signer/signing_service.h"
#include "tests/unit/zones_for_tests.h"

namespace tld::plugin {
namespace {

using keys::KeyEventKind;
using signer::KeyUse;
using std::chrono::days;
using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr base::Time start{std::chrono::seconds{1'767'225'600}};  // 2026-01-01

class KeptLog final : public base::Log {
 public:
  void write(base::Level, std::string_view message) override { messages.emplace_back(message); }
  std::vector<std::string> messages;
};

class KeyKeeperTest : public testing::Test {
 protected:
  KeyKeeperTest() {
    char pattern[] = "/tmp/tld-keeper-XXXXXX";
    folder = mkdtemp(pattern);
    for (int i = 0; i < 3; ++i) {
      infos.push_back(door->generate(hsm::Algorithm::ecdsap256sha256).value());
      zsks.push_back(keys::dnskey_of(infos.back().public_key, false));
    }
    ksk = door->generate(hsm::Algorithm::ecdsap256sha256).value();
    keys::KeyRegister fresh(apex);
    for (std::size_t i = 0; i < zsks.size(); ++i) {
      EXPECT_TRUE(fresh.add_key(zsks[i], false, infos[i].id, start - days{30}));
    }
    EXPECT_TRUE(
        fresh.add_key(keys::dnskey_of(ksk.public_key, true), false, ksk.id, start - days{30}));
    EXPECT_TRUE(fresh.replace_file(file()));
    signed_keys = ceremony(zsks);
    zone =
        std::make_shared<signer::SignedZone>(tests::zone_of(tests::example_zone(), "example.", 1),
                                             signer::SignedZone::Keys{}, signer::SignaturePolicy{});
    keeper.emplace(KeyKeeper::Setup{apex, file(), policy, door,
                                    [this](const hsm::KeyId& id, const hsm::Verifier&) {
                                      proved.push_back(id);
                                      return proof;
                                    },
                                    log});
  }
  ~KeyKeeperTest() override { std::filesystem::remove_all(folder); }

  std::filesystem::path file() const { return folder / "kz.keys"; }
  keys::KeyRegister registered() const {
    return keys::KeyRegister::read_file(file(), apex).value();
  }
  bool has(std::size_t key, KeyEventKind kind) const { return registered().keys()[key].has(kind); }
  void happened(std::size_t key, KeyEventKind kind, base::Time time) {
    auto all = registered();
    ASSERT_TRUE(all.add_event({key, kind}, time));
    ASSERT_TRUE(all.replace_file(file()));
  }

  // One look while no file can grow, which stops root too.
  std::string look_at_full_disk(base::Time now) {
    rlimit old{};
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit none = old;
    none.rlim_cur = 0;
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    const std::string found = look(now);
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, old_handler);
    return found;
  }

  // `listed`: in all slots; `at_first`: also in the first five, fifty days.
  std::optional<keys::SignedKeys> ceremony(const std::vector<dns::Dnskey>& listed,
                                           const std::vector<dns::Dnskey>& at_first = {}) {
    keys::SigningPlan plan{apex, policy, {}, {}, {}};
    plan.ksks.push_back({ksk.public_key, [this](std::string message) {
                           return hsm::sign_now(
                               *door, ksk.id, std::move(message),
                               std::chrono::steady_clock::now() + std::chrono::seconds{5});
                         }});
    for (int slot = 0; slot < 9; ++slot) {
      auto zsks_of_slot = listed;
      if (slot < 5) zsks_of_slot.insert(zsks_of_slot.end(), at_first.begin(), at_first.end());
      plan.slots.push_back(
          {start + slot * policy.signed_keys.slot, std::move(zsks_of_slot), {0}, {0}});
    }
    const auto text = keys::signed_keys_file(plan, start);
    EXPECT_TRUE(text) << text.error().message;
    return keys::SignedKeys::parse(text.value(), apex).value();
  }

  // One look; the zone is signed with what it says from then on. "1 signing, 2 warming"
  std::string look(base::Time now) {
    auto found = keeper->look(*signed_keys, zone->key_count() == 0 ? nullptr : zone.get(), now);
    if (!found) return found.error().message;
    zone = signer::SignedZone::with_keys(*zone, found.value());
    std::string text;
    for (const signer::UsedKey& used : found.value()) {
      const auto place = std::ranges::find(zsks, used.key->dnskey()) - zsks.begin();
      text += (text.empty() ? "" : ", ") + std::to_string(place) + " " + to_string(used.use);
    }
    return text;
  }
  void sign_all_with(const dns::Dnskey& key) {
    for (std::size_t i = 0; i < zone->key_count(); ++i) {
      if (zone->key(i).dnskey() != key) continue;
      zone->zone().for_each_slot([&](zones::Slot slot) {
        const auto flight = service.start(zone, i, slot, signer::Reason::background);
        ASSERT_TRUE(flight->wait_until(base::Deadline::max()).value());
      });
    }
  }

  const dns::Name apex = dns::Name::from_text("example.").value();
  keys::Policy policy;
  std::filesystem::path folder;
  std::shared_ptr<hsm::SoftwareKeys> door = std::make_shared<hsm::SoftwareKeys>();
  std::shared_ptr<KeptLog> log = std::make_shared<KeptLog>();
  signer::SigningService service{{}, std::make_shared<base::SystemClock>(), log};
  std::vector<hsm::KeyInfo> infos;
  std::vector<dns::Dnskey> zsks;
  hsm::KeyInfo ksk;
  std::optional<keys::SignedKeys> signed_keys;
  std::shared_ptr<const signer::SignedZone> zone;
  std::vector<hsm::KeyId> proved;
  base::Status proof = base::ok();
  std::optional<KeyKeeper> keeper;
};

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
  const hsm::KeyInfo next = door->generate(hsm::Algorithm::ecdsap256sha256).value();
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
  const auto rsa = door->generate(hsm::Algorithm::rsasha256).value();
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
