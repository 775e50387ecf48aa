// SPDX-License-Identifier: GPL-2.0-only
//
// What a peer of tld-hsmd can send: cut into frames, decoded, and let through the RRSIG gate. Also
// the client's side, since what answers on the socket need not be a tld-hsmd. Whatever decodes must
// encode to the same octets again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hsm/frame.h"
#include "hsm/rrsig_gate.h"

namespace {

using namespace tld;

void require(bool holds) {
  if (!holds) std::abort();
}

std::uint64_t number(std::string_view octets, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (; count > 0; --count) value = value << 8 | static_cast<unsigned char>(octets[at++]);
  return value;
}

// docs/attacker.md, read from the octets without the gate's help: no type that is not the ZSK's,
// none of another zone, none that lives too long, one RRset and nothing behind it.
void require_signable(std::string_view message, base::Time now) {
  const std::uint64_t type = number(message, 0, 2);
  for (const std::uint64_t never : {0, 41, 46, 48, 59, 60, 65535}) require(type != never);
  require(type < 128 || type > 255);
  const std::string_view behind = message.substr(18);
  const bool is_kz = behind.starts_with(std::string_view("\x02kz\x00", 4));
  require(is_kz || behind.starts_with('\0'));
  const auto today = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const std::uint64_t limit = (is_kz ? 31 : 1) * 86'400;
  require(number(message, 8, 4) > today && number(message, 8, 4) <= today + limit + 3600);
  require(number(message, 8, 4) - number(message, 12, 4) <= limit);
  std::string_view rrs = behind.substr(is_kz ? 4 : 1);
  for (std::string_view first; !rrs.empty();) {
    std::size_t at = 0;
    while (rrs.at(at) != '\0') at += static_cast<unsigned char>(rrs[at]) + 1U;
    ++at;
    require(rrs.size() >= at + 10);
    if (first.empty()) first = rrs.substr(0, at);
    require(rrs.substr(0, at) == first);
    if (is_kz) require(first.ends_with(std::string_view("\x02kz\x00", 4)));
    require(number(rrs, at, 2) == type && number(rrs, at + 2, 2) == 1);
    require(number(rrs, at + 4, 4) == number(message, 4, 4));
    require(rrs.size() >= at + 10 + number(rrs, at + 8, 2));
    rrs.remove_prefix(at + 10 + number(rrs, at + 8, 2));
  }
}

void try_gate(std::string_view message) {
  static const hsm::GateZone zones[] = {{std::string("\x02kz\x00", 4), std::chrono::hours(31 * 24)},
                                        {std::string(1, '\0'), std::chrono::hours(24)}};
  const base::Time now{std::chrono::seconds{1'800'000'000}};
  for (const auto algorithm : {hsm::Algorithm::rsasha256, hsm::Algorithm::ecdsap256sha256}) {
    const auto status = hsm::check_rrsig_input(message, algorithm, zones, now);
    if (!status.has_value()) continue;
    require(message.size() > 18 && static_cast<unsigned>(message[2]) == unsigned(algorithm));
    require_signable(message, now);
  }
}

void try_request(std::string_view frame) {
  const auto request = hsm::decode_request(frame);
  if (!request.has_value()) return;
  require(std::string_view(hsm::encode(request.value())).substr(4) == frame);
  try_gate(request.value().message);
}

void try_reply(std::string_view frame) {
  const auto reply = hsm::decode_reply(frame);
  if (!reply.has_value()) return;
  require(std::string_view(hsm::encode(reply.value())).substr(4) == frame);
  const auto keys = hsm::decode_keys(reply.value().body);
  if (keys.has_value()) require(hsm::encode(keys.value()) == reply.value().body);
  (void)hsm::decode_health(reply.value().body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  try_gate(octets);
  hsm::FrameReader reader;
  // In two pieces, as a stream may come.
  reader.add(octets.substr(0, size / 2));
  for (int piece = 0; piece < 2; ++piece) {
    for (;;) {
      const auto frame = reader.next();
      if (!frame.has_value() || !frame.value()) break;
      try_request(*frame.value());
      try_reply(*frame.value());
    }
    if (piece == 0) reader.add(octets.substr(size / 2));
  }
  return 0;
}
