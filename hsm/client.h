// SPDX-License-Identifier: GPL-2.0-only
//
// The client of one tld-hsmd: keys of a token in another process, behind the common door.
//
// Requests are pipelined over one connection, which a thread of the client opens, reads and opens
// again when it breaks (at most a second between tries). While there is none, sign() fails at once
// with unavailable. A process that is dead, hung or talks nonsense costs a caller its deadline and
// nothing else: every callback comes exactly once.
//
// Thread rule: as KeyDoor. Callbacks run on the client's thread (or on the caller's, when sign()
// fails at once); they must not call list(), health() or prove().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "hsm/key.h"

namespace tld::hsm {

class HsmClient final : public KeyDoor {
 public:
  struct Options {
    std::string token = {};   // for messages
    std::string socket = {};  // tld-hsmd's
  };
  struct Statistics {
    bool connected = false;
    std::uint64_t connections = 0;       // made since the start
    std::uint64_t requests = 0;          // sent
    std::uint64_t timed_out = 0;         // no reply before the deadline
    std::uint64_t late_replies = 0;      // came after that
    std::uint64_t malformed_frames = 0;  // each dropped its connection
  };

  HsmClient(Options options, std::shared_ptr<base::Log> log);
  ~HsmClient() override;  // open requests get unavailable
  HsmClient(const HsmClient&) = delete;
  HsmClient& operator=(const HsmClient&) = delete;

  void sign(const KeyId& id, std::string message, base::Deadline deadline, SignDone done) override;
  // Waits for a connection, too.
  base::Result<std::vector<KeyInfo>> list(base::Deadline deadline) override;
  Health health(base::Deadline deadline) override;

  // Waits for a connection, too.
  base::Result<std::string> prove(const KeyId& id, std::string_view nonce,
                                  base::Deadline deadline) override;

  Statistics statistics() const;

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tld::hsm
