// SPDX-License-Identifier: GPL-2.0-only
//
// A token's keys behind the common door, PKCS #11 in the calling process: for tldctl (key
// generation, ceremonies). The server uses HsmClient instead.
//
// Thread rule: as KeyDoor; one session, calls wait for each other. Deadlines are looked at before a
// call to the token, which cannot be interrupted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "hsm/key.h"
#include "hsm/token.h"

namespace tld::hsm {

class TokenDoor final : public KeyDoor {
 public:
  // Loads the module, finds the token, reads the PIN file, logs in: once. A wrong PIN is `refused`.
  static base::Result<std::unique_ptr<TokenDoor>> open(const std::string& uri);

  base::Result<KeyInfo> generate(Algorithm algorithm, unsigned rsa_bits = 2048);

  void sign(const KeyId& id, std::string message, base::Deadline deadline, SignDone done) override;
  base::Result<std::vector<KeyInfo>> list(base::Deadline deadline) override;
  Health health(base::Deadline deadline) override;

 private:
  struct State {
    std::shared_ptr<Token> token;
    std::unique_ptr<Session> session;
    std::uint64_t signatures = 0;
  };
  explicit TokenDoor(State state) : state_(std::move(state)) {}
  base::Result<std::string> sign_with_token(const KeyId& id, std::string_view message);

  base::Guarded<State> state_;
};

}  // namespace tld::hsm
