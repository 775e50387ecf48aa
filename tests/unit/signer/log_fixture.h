// SPDX-License-Identifier: GPL-2.0-only
//
// A zone whose signatures go to a log in a folder of the test's own; restarts with empty memory.
//
// Thread rule: one thread.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "signer/log/signature_log.h"
#include "tests/unit/signer/signer_fixture.h"

namespace tld::signer {

inline std::string octets_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_octets(const std::filesystem::path& path, const std::string& octets) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << octets;
}

template <class Condition>
bool becomes_true(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

class LogTest : public SignerTest {
 protected:
  LogTest() {
    char pattern[] = "/tmp/tld-signature-log-XXXXXX";
    top = mkdtemp(pattern);
    options.zone = dns::Name::from_text("example.").value();
    options.sync_interval = std::chrono::milliseconds{1};
    options.retry_first = std::chrono::milliseconds{10};
    options.retry_last = std::chrono::milliseconds{50};
  }
  ~LogTest() override {
    stop();
    std::filesystem::remove_all(top);
  }

  std::filesystem::path folder() const { return zone_folder(top, options.zone); }

  // A fresh process, as far as memory goes.
  void start() { start(make_log_folder(folder())); }
  void start(std::unique_ptr<LogFolder> on) {
    stop();
    signature_log = std::make_shared<SignatureLog>(
        options, std::move(on), [this] { return *live.read(); }, clock, log);
    serve(tests::example_zone(ds_digit));
  }
  void serve(const std::string& text) {
    zone = std::make_shared<SignedZone>(tests::zone_of(text, "example.", 1), keys(), policy,
                                        signature_log);
    *live.lock() = zone;
  }
  void stop() {
    if (signature_log) signature_log->close();
    *live.lock() = nullptr;
    zone = nullptr;
    // A thread of the service lets go of a zone a moment after its flight has landed, and until
    // then the log has the folder's lock.
    EXPECT_TRUE(becomes_true([this] { return signature_log.use_count() <= 1; }));
    signature_log = nullptr;
  }
  SignedZone::Keys keys() const { return used_keys.empty() ? SignedZone::Keys{{key}} : used_keys; }

  // How many signatures the token had to make for it.
  std::size_t sign_all_of_it() {
    const std::size_t before = door->sign_calls();
    zone->zone().for_each_slot([&](zones::Slot slot) {
      const auto flight = service.start(zone, 0, slot, Reason::background);
      ASSERT_TRUE(flight);
      EXPECT_TRUE(flight->wait_until(soon()).value());
    });
    return door->sign_calls() - before;
  }
  std::size_t wanted() const { return zone->zone().signature_count(); }
  void expect_all_verify() const {
    zone->zone().for_each_slot([&](zones::Slot slot) {
      Signature signature;
      if (!zone->table(0).get(slot, signature)) return;
      const auto to_sign = zone->to_sign(0, slot, signature.validity);
      EXPECT_TRUE(key->verifier().verify(to_sign.input, signature.view()));
    });
  }
  std::vector<std::filesystem::path> segments() const {
    std::set<std::filesystem::path> found;
    for (const auto& file : std::filesystem::directory_iterator(folder())) {
      if (file.path().extension() == ".log") found.insert(file.path());
    }
    return {found.begin(), found.end()};
  }
  std::vector<std::filesystem::path> set_aside() const {
    std::vector<std::filesystem::path> found;
    for (const auto& file : std::filesystem::directory_iterator(top)) {
      if (file.path().string().find(".aside-") != std::string::npos) found.push_back(file.path());
    }
    return found;
  }

  std::filesystem::path top;
  SignatureLog::Options options;
  SignaturePolicy policy;
  SignedZone::Keys used_keys;
  char ds_digit = '1';
  base::Guarded<std::shared_ptr<const SignedZone>> live;
  std::shared_ptr<const SignedZone> zone;
  std::shared_ptr<SignatureLog> signature_log;
};

}  // namespace tld::signer
