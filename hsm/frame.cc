// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/frame.h"

#include <algorithm>

#include "hsm/algorithm.h"
#include "hsm/octets.h"

namespace tld::hsm {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t reply_bit = 0x80;
constexpr std::size_t length_octets = 4;
constexpr std::size_t header_octets = 10;  // version, kind, request id

bool carries_key(Kind kind) {
  return kind == Kind::sign || kind == Kind::prove;
}

std::string start_frame(std::uint8_t kind, std::uint64_t id, std::size_t body_octets) {
  std::string out;
  out.reserve(length_octets + header_octets + body_octets);
  put(out, static_cast<std::uint32_t>(header_octets + body_octets));
  put(out, version);
  put(out, kind);
  put(out, id);
  return out;
}

std::optional<Kind> to_kind(std::uint8_t number) {
  if (number < 1 || number > 4) return std::nullopt;
  return static_cast<Kind>(number);
}

base::Error malformed(const char* what) {
  return base::invalid_input(std::string("malformed frame: ") + what);
}

std::uint8_t status_of(const Reply& reply) {
  return reply.error ? static_cast<std::uint8_t>(static_cast<int>(*reply.error) + 1) : 0;
}

}  // namespace

std::string encode(const Request& request) {
  const bool key = carries_key(request.kind);
  std::string out =
      start_frame(static_cast<std::uint8_t>(request.kind), request.id,
                  key ? 4 + 2 + request.key.size() + request.message.size() : std::size_t{0});
  if (!key) return out;
  put(out, static_cast<std::uint32_t>(
               std::clamp<std::int64_t>(request.remaining.count(), 0, 0xffffffffL)));
  put_counted(out, request.key);
  return out.append(request.message);
}

Reply Reply::to(const Reply& start, base::Result<std::string> result) {
  if (result.has_value()) return {start.kind, start.id, {}, std::move(result.value())};
  return {start.kind, start.id, result.error().kind, std::move(result.error().message)};
}

base::Result<std::string> Reply::result() && {
  if (error) return base::Error{*error, std::move(body)};
  return std::move(body);
}

std::string encode(const Reply& reply) {
  std::string out = start_frame(static_cast<std::uint8_t>(reply.kind) | reply_bit, reply.id,
                                1 + reply.body.size());
  put(out, status_of(reply));
  return out.append(reply.body);
}

base::Result<Request> decode_request(std::string_view frame) {
  OctetReader in(frame);
  if (in.number<std::uint8_t>() != version) return malformed("another protocol version");
  const auto kind = to_kind(in.number<std::uint8_t>());
  if (!kind) return malformed("unknown kind of request");
  Request out{
      .kind = *kind, .id = in.number<std::uint64_t>(), .remaining = {}, .key = {}, .message = {}};
  if (carries_key(*kind)) {
    out.remaining = std::chrono::milliseconds(in.number<std::uint32_t>());
    out.key = in.counted();
    out.message = in.rest();
  }
  if (!in.at_end()) return malformed("wrong length");
  return out;
}

base::Result<Reply> decode_reply(std::string_view frame) {
  OctetReader in(frame);
  if (in.number<std::uint8_t>() != version) return malformed("another protocol version");
  const auto kind_octet = in.number<std::uint8_t>();
  const auto kind = to_kind(kind_octet & ~reply_bit);
  if (!kind || (kind_octet & reply_bit) == 0) return malformed("unknown kind of reply");
  const auto id = in.number<std::uint64_t>();
  const auto status = in.number<std::uint8_t>();
  if (!in.good()) return malformed("wrong length");
  if (status > static_cast<int>(base::ErrorKind::internal) + 1) return malformed("unknown status");
  Reply out{*kind, id, {}, std::string(in.rest())};
  if (status != 0) out.error = static_cast<base::ErrorKind>(status - 1);
  return out;
}

std::string encode(const std::vector<KeyInfo>& keys) {
  std::string out;
  for (const KeyInfo& key : keys) {
    put_counted(out, key.id);
    put_counted(out, key.label);
    put(out, static_cast<std::uint8_t>(key.public_key.algorithm));
    put_counted(out, key.public_key.octets);
  }
  return out;
}

base::Result<std::vector<KeyInfo>> decode_keys(std::string_view body) {
  std::vector<KeyInfo> out;
  OctetReader in(body);
  while (!in.at_end()) {
    KeyInfo key;
    key.id = in.counted();
    key.label = in.counted();
    const AlgorithmFacts* algorithm = find_algorithm(in.number<std::uint8_t>());
    key.public_key.octets = in.counted();
    if (!in.good()) return malformed("list of keys is cut off");
    if (algorithm == nullptr) return malformed("a key of an unknown algorithm");
    key.public_key.algorithm = algorithm->algorithm;
    out.push_back(std::move(key));
  }
  return out;
}

std::string encode(const Health& health) {
  std::string out;
  put(out, static_cast<std::uint8_t>(health.logged_in));
  put(out, health.sessions);
  put(out, health.queued);
  put(out, health.signatures);
  return out.append(health.detail);
}

base::Result<Health> decode_health(std::string_view body) {
  OctetReader in(body);
  Health out;
  out.reachable = true;
  out.logged_in = in.number<std::uint8_t>() == 1;
  out.sessions = in.number<std::uint32_t>();
  out.queued = in.number<std::uint32_t>();
  out.signatures = in.number<std::uint64_t>();
  out.detail = in.rest();
  if (!in.good()) return malformed("health is cut off");
  return out;
}

void FrameReader::add(std::string_view octets) {
  if (used_ == buffer_.size()) {
    buffer_.clear();
    used_ = 0;
  } else if (used_ > (1U << 16)) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
  buffer_.append(octets);
}

base::Result<std::optional<std::string_view>> FrameReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(used_);
  if (rest.size() < length_octets) return std::optional<std::string_view>();
  const auto length = OctetReader(rest).number<std::uint32_t>();
  if (length < header_octets || length > largest_frame) return malformed("impossible length");
  if (rest.size() < length_octets + length) return std::optional<std::string_view>();
  used_ += length_octets + length;
  return std::optional(rest.substr(length_octets, length));
}

}  // namespace tld::hsm
