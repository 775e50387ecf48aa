// SPDX-License-Identifier: GPL-2.0-only
//
// A zone, a software ZSK and a signing service for tests.
#pragma once

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "hsm/software_key.h"
#include "signer/signed_zone.h"
#include "signer/signing_service.h"
#include "tests/unit/zones_for_tests.h"

namespace tld::signer {

class CollectingLog final : public base::Log {
 public:
  void write(base::Level, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(message);
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class SignerTest : public testing::Test {
 protected:
  SignerTest() : SignerTest(hsm::Algorithm::ecdsap256sha256) {}
  explicit SignerTest(hsm::Algorithm algorithm) { key = make_key(algorithm); }

  std::shared_ptr<const ZoneKey> make_key(hsm::Algorithm algorithm) {
    const hsm::KeyInfo info = door->generate(algorithm).value();
    dns::Dnskey dnskey;
    dnskey.algorithm = static_cast<std::uint8_t>(algorithm);
    dnskey.public_key = info.public_key.octets;
    return ZoneKey::make(dnskey, info.id, door).value();
  }

  std::shared_ptr<const SignedZone> signed_zone(char ds_digit = '1', std::uint32_t serial = 1) {
    return std::make_shared<SignedZone>(
        tests::zone_of(tests::example_zone(ds_digit), "example.", serial),
        SignedZone::Keys{{key}}, SignaturePolicy{});
  }

  static base::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds{5}; }

  std::shared_ptr<hsm::SoftwareKeys> door = std::make_shared<hsm::SoftwareKeys>();
  std::shared_ptr<const ZoneKey> key;
  std::shared_ptr<base::ManualClock> clock =
      std::make_shared<base::ManualClock>(base::Time{std::chrono::seconds{1'800'000'000}});
  std::shared_ptr<CollectingLog> log = std::make_shared<CollectingLog>();
  SigningService service{SigningService::Options{}, clock, log};
};

}  // namespace tld::signer
