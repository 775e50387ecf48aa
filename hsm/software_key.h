// SPDX-License-Identifier: GPL-2.0-only
//
// Software keys behind the same door as a token's, for tests and drills only: the server's
// configuration cannot name one. Faults can be injected.
//
// Thread rule: as KeyDoor.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "hsm/key.h"

namespace tld::hsm {

class SoftwareKeys final : public KeyDoor {
 public:
  struct Faults {
    std::atomic<bool> away{false};              // every call: unavailable
    std::atomic<bool> wrong_signatures{false};  // one bit of each signature is wrong
    std::atomic<std::int64_t> delay_ms{0};      // before each answer
  };

  SoftwareKeys();
  ~SoftwareKeys() override;

  // Makes a key; returns its identification. RSA: 2048 bits unless `rsa_bits` says otherwise.
  // Its CKA_ID is random unless `id` is given; a key with the same id goes.
  base::Result<KeyInfo> generate(Algorithm algorithm, unsigned rsa_bits = 2048, KeyId id = {});
  // All keys of `other` are here too, as in a token that was restored from the other's backup.
  void copy_keys_of(const SoftwareKeys& other);

  Faults& faults();
  std::uint64_t sign_calls() const;

  void sign(const KeyId& id, std::string message, base::Deadline deadline, SignDone done) override;
  base::Result<std::vector<KeyInfo>> list(base::Deadline deadline) override;
  Health health(base::Deadline deadline) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tld::hsm
