// SPDX-License-Identifier: GPL-2.0-only
//
// A KeyKeeper of a zone with three ZSKs and a KSK, whose tokens prove what the test lets them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "hsm/software_key.h"
#include "keys/ceremony.h"
#include "plugin/key_keeper.h"
#include "signer/signing_service.h"
#include "tests/unit/distinct_tags.h"
#include "tests/unit/zones_for_tests.h"

namespace tld::plugin {
using keys::KeyEventKind;
using signer::KeyUse;
using std::chrono::days;
using std::chrono::hours;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

inline constexpr base::Time start{std::chrono::seconds{1'767'225'600}};  // 2026-01-01

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
      infos.push_back(make_key());
      zsks.push_back(keys::dnskey_of(infos.back().public_key, false));
    }
    ksk = make_key();
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
    start_keeper(policy);
  }
  ~KeyKeeperTest() override { std::filesystem::remove_all(folder); }

  hsm::KeyInfo make_key(hsm::Algorithm algorithm = hsm::Algorithm::ecdsap256sha256) {
    hsm::KeyInfo key;
    do {
      key = door->generate(algorithm).value();
    } while (!tags.take(keys::dnskey_of(key.public_key, false)));
    return key;
  }

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

  void start_keeper(const keys::Policy& rules) {
    keeper.emplace(KeyKeeper::Setup{apex, file(), rules, door,
                                    [this](const hsm::KeyId& id, const hsm::Verifier&) {
                                      proved.push_back(id);
                                      return proof;
                                    },
                                    log});
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
  tests::DistinctTags tags;
  std::vector<hsm::KeyInfo> infos;
  std::vector<dns::Dnskey> zsks;
  hsm::KeyInfo ksk;
  std::optional<keys::SignedKeys> signed_keys;
  std::shared_ptr<const signer::SignedZone> zone;
  std::vector<hsm::KeyId> proved;
  base::Status proof = base::ok();
  std::optional<KeyKeeper> keeper;
};

}  // namespace tld::plugin
