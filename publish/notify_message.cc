// SPDX-License-Identifier: GPL-2.0-only
#include "publish/notify_message.h"

namespace tld::publish {
namespace {

constexpr std::size_t header_size = 12;
constexpr char opcode_notify = 4 << 3;
constexpr char aa = 1 << 2;

std::string question(dns::NameView apex) {
  return std::string(apex.wire()) + std::string("\0\6\0\1", 4);  // SOA, IN
}

std::string id_octets(std::uint16_t id) {
  return {static_cast<char>(id >> 8), static_cast<char>(id & 0xff)};
}

char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace

std::string notify_request(std::uint16_t id, dns::NameView apex) {
  // AA and nothing else is set: RFC 1996 §3.7 and its example in §4.
  return id_octets(id) + std::string{static_cast<char>(opcode_notify | aa)} +
         std::string("\0\0\1\0\0\0\0\0\0", 9) + question(apex);
}

std::optional<unsigned> notify_response(std::string_view octets, std::uint16_t id,
                                        dns::NameView apex) {
  const std::string asked = question(apex);
  if (octets.size() < header_size + asked.size()) return std::nullopt;
  const auto flags = static_cast<unsigned char>(octets[2]);
  constexpr unsigned qr_and_opcode = 0xf8;
  if (octets.substr(0, 2) != id_octets(id)) return std::nullopt;
  if ((flags & qr_and_opcode) != (0x80u | opcode_notify)) return std::nullopt;
  if (octets.substr(4, 2) != std::string_view("\0\1", 2)) return std::nullopt;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (fold(octets[header_size + i]) != asked[i]) return std::nullopt;
  }
  return static_cast<unsigned char>(octets[3]) & 0x0fu;
}

std::string rcode_text(unsigned rcode) {
  static constexpr const char* names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                          "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                          "NXRRSET", "NOTAUTH", "NOTZONE"};
  return rcode < std::size(names) ? names[rcode] : "RCODE" + std::to_string(rcode);
}

}  // namespace tld::publish
