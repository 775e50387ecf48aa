// SPDX-License-Identifier: GPL-2.0-only
//
// What goes over tld-hsmd's socket. Both sides send frames, in network byte order:
//
//   length 4 | version 1 | kind 1 | request id 8 | body        (length counts what follows it)
//
//   request   body                                        reply's body when status is 0
//   sign      remaining ms 4 | id length 2 | id | message   signature
//   prove     remaining ms 4 | id length 2 | id | nonce     signature over proof_message(nonce)
//   list      -                                             (id, label, public key)*, see encode()
//   health    -                                             logged_in 1, sessions 4, queued 4,
//                                                           signatures 8, detail
//
// A reply has the request's kind with the high bit set, its id, and a status octet in front of the
// body: 0, or an ErrorKind + 1 with the message as body. Replies come in any order.
//
// Thread rule: values and pure functions; a FrameReader is used by one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hsm/key.h"

namespace tld::hsm {

// An RRset's signing input repeats its owner in each RR, so it can be longer than a DNS message.
constexpr std::size_t largest_frame = 4U << 20;

enum class Kind : std::uint8_t { sign = 1, prove = 2, list = 3, health = 4 };

struct Request {
  Kind kind = Kind::health;
  std::uint64_t id = 0;
  std::chrono::milliseconds remaining{0};  // sign, prove
  KeyId key = {};                          // sign, prove
  std::string message = {};                // sign: RRSIG input; prove: nonce
};

struct Reply {
  Kind kind = Kind::health;
  std::uint64_t id = 0;
  std::optional<base::ErrorKind> error;  // none: success
  std::string body;                      // on an error its message

  // The answer to the request that `start` names (its kind and id).
  static Reply to(const Reply& start, base::Result<std::string> result);
  base::Result<std::string> result() &&;
};

std::string encode(const Request& request);
std::string encode(const Reply& reply);
// `frame` is what FrameReader gave. invalid_input when it is no such thing.
base::Result<Request> decode_request(std::string_view frame);
base::Result<Reply> decode_reply(std::string_view frame);

// Bodies of replies.
std::string encode(const std::vector<KeyInfo>& keys);
base::Result<std::vector<KeyInfo>> decode_keys(std::string_view body);
std::string encode(const Health& health);
base::Result<Health> decode_health(std::string_view body);

// Cuts a stream of octets into frames.
class FrameReader {
 public:
  void add(std::string_view octets);
  // The next whole frame without its length, valid until add() is called; nullopt when more octets
  // are needed; invalid_input when the stream cannot be one of ours (it stays so).
  base::Result<std::optional<std::string_view>> next();

 private:
  std::string buffer_;
  std::size_t used_ = 0;
};

}  // namespace tld::hsm
