// SPDX-License-Identifier: GPL-2.0-only
//
// A Follower over a SQLite store in a folder of its own, with a software key.
//
// Thread rule: one thread; the Follower's callbacks only touch atomics and locked state.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hsm/software_key.h"
#include "publish/follower.h"
#include "signer/filler.h"
#include "tests/unit/zones_for_tests.h"
#include "zones/zone_file.h"

namespace tld::publish {

using std::chrono::milliseconds;

class KeptLog final : public base::Log {
 public:
  void write(base::Level, std::string_view message) override {
    *texts.lock() += message;
    ++lines;
  }
  bool has(const std::string& text) { return texts.lock()->find(text) != std::string::npos; }
  std::atomic<int> lines{0};

 private:
  base::Guarded<std::string> texts;
};

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() {
    char pattern[] = "/tmp/tld-follower-XXXXXX";
    folder = mkdtemp(pattern);
    setup.apex = dns::Name::from_text("example.").value();
    setup.keys = {{make_key()}};
  }
  ~FollowerTest() override { std::filesystem::remove_all(folder); }

  std::shared_ptr<const signer::ZoneKey> make_key() {
    const hsm::KeyInfo info = door->generate(hsm::Algorithm::ecdsap256sha256).value();
    dns::Dnskey dnskey;
    dnskey.algorithm = dns::algorithm_ecdsap256sha256;
    dnskey.public_key = info.public_key.octets;
    return signer::ZoneKey::make(dnskey, info.id, door).value();
  }

  void create_store() { ASSERT_TRUE(zones::Store::create(store_path())); }
  std::filesystem::path store_path() const { return folder / "store"; }

  void import(const std::string& text) {
    const auto imported = zones::read_zone_text(text, "test", setup.apex);
    ASSERT_TRUE(imported);
    auto store = zones::Store::open(store_path(), zones::Store::Mode::read_write);
    ASSERT_TRUE(store);
    const auto done = store.value()->replace_zone(imported.value().content, imported.value().serial,
                                                  clock->now());
    ASSERT_TRUE(done) << done.error().message;
  }

  static dns::Name name(const std::string& text) { return dns::Name::from_text(text).value(); }
  std::unique_ptr<zones::Store> open_store() {
    return zones::Store::open(store_path(), zones::Store::Mode::read_write).value();
  }
  void sign_all_of_live() {
    const auto zone = live.current()->signed_zone;
    std::vector<zones::Slot> slots;
    zone->zone().for_each_slot([&](zones::Slot slot) { slots.push_back(slot); });
    ASSERT_TRUE(signer::sign_all(zone, slots, service, 8, stop));
  }

  void start(milliseconds interval = milliseconds{10}) {
    options.store = store_path();
    options.interval = interval;
    options.retry_after = milliseconds{10};
    follower.emplace(options, setup, live, service, clock, log,
                     [this](std::uint32_t serial) { last_serial = serial; });
  }

  template <class Condition>
  bool comes_true(Condition condition) {
    for (int i = 0; i < 500; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds{10});
    }
    return false;
  }
  bool lives(std::uint64_t generation) {
    return comes_true([&] { return live.generation() >= generation; });
  }

  std::filesystem::path folder;
  std::shared_ptr<hsm::SoftwareKeys> door = std::make_shared<hsm::SoftwareKeys>();
  std::shared_ptr<base::Clock> clock = std::make_shared<base::SystemClock>();
  std::shared_ptr<KeptLog> log = std::make_shared<KeptLog>();
  signer::SigningService service{signer::SigningService::Options{}, clock, log};
  ZoneSetup setup;
  LiveZone live;
  std::atomic<std::uint32_t> last_serial{0};
  Follower::Options options;
  std::atomic<bool> stop{false};
  std::optional<Follower> follower;
};

}  // namespace tld::publish
