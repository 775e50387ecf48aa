// SPDX-License-Identifier: GPL-2.0-only
//
// Private keys as the rest of the server sees them: a public key to compare with, and a door that
// turns octets into signatures. What is behind the door (tld-hsmd and its token, or a software key
// in tests) does not show.
//
// Thread rule: KeyDoor is safe to call from any thread; values otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tld::hsm {

// Values are DNSSEC algorithm numbers, so that an edge needs no table to translate them.
enum class Algorithm : std::uint8_t {
  rsasha256 = 8,         // PKCS #1 v1.5 over SHA-256 (RFC 5702)
  ecdsap256sha256 = 13,  // r | s, 64 octets (RFC 6605 §4)
};
const char* to_string(Algorithm algorithm);

struct PublicKey {
  Algorithm algorithm = Algorithm::ecdsap256sha256;
  std::string octets;  // as in a DNSKEY's public key field: RFC 3110 §2, RFC 6605 §4
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

// A key in a token: CKA_ID, 16 random octets for keys made here, any length for adopted ones.
using KeyId = std::string;

struct KeyInfo {
  KeyId id;
  std::string label;
  PublicKey public_key;
  bool retired = false;  // kept, and never to sign again
};

struct Health {
  bool reachable = false;  // the process answers
  bool logged_in = false;  // the token is present and the PIN was right
  std::string detail;      // why not, for the operator
  std::uint32_t sessions = 0;
  std::uint32_t queued = 0;
  std::uint64_t signatures = 0;
};

struct Signature {
  std::string octets;      // in DNSSEC form (RFC 5702 §3, RFC 6605 §4)
  std::size_t member = 0;  // which of the door's members made it, for KeyDoor::judge()
};

class KeyDoor {
 public:
  using SignDone = std::function<void(base::Result<Signature> signature)>;

  virtual ~KeyDoor() = default;

  // Signs `message` (hashed behind the door) with the key named `id`. `done` is called exactly
  // once, from any thread, perhaps before sign() returns; by `deadline` at the latest, give or take
  // scheduling, with timed_out. It must be quick and must not call sign() recursively without
  // bound.
  virtual void sign(const KeyId& id, std::string message, base::Deadline deadline,
                    SignDone done) = 0;
  // What keys are there (those that the process is configured for). Blocks until `deadline`.
  virtual base::Result<std::vector<KeyInfo>> list(base::Deadline deadline) = 0;
  virtual Health health(base::Deadline deadline) = 0;
  // A signature over proof_message(nonce) (hsm/proof.h): what shows that the key is there. Blocks
  // until `deadline`. REQUIRES: a nonce of 16 to 64 octets; else invalid_input.
  virtual base::Result<std::string> prove(const KeyId& id, std::string_view nonce,
                                          base::Deadline deadline);

  // How many there are behind the door that can make the same signature (hsm/pool.h).
  virtual std::size_t members() const { return 1; }
  // What became of a signature of `member`: does it verify with the published DNSKEY? Whoever
  // verifies says so for each one; after a wrong one, sign() may be tried again: that member is not
  // asked.
  virtual void judge(const KeyId& id, std::size_t member, bool verifies);
};

// What sign() gives, from octets that the door's only member made.
base::Result<Signature> signature_of(base::Result<std::string> octets, std::size_t member = 0);

// Blocking form of sign().
base::Result<std::string> sign_now(KeyDoor& door, const KeyId& id, std::string message,
                                   base::Deadline deadline);

}  // namespace tld::hsm
