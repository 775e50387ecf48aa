// SPDX-License-Identifier: GPL-2.0-only
#include "epp/addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "epp/reader.h"

namespace tld::epp {
namespace {

struct Block {
  int family;
  std::array<std::uint8_t, 16> prefix;
  unsigned bits;
  const char* what;
};

constexpr Block blocks[] = {
    {AF_INET, {0}, 8, "\"this network\", 0.0.0.0/8 (RFC 791)"},
    {AF_INET, {10}, 8, "private, 10.0.0.0/8 (RFC 1918)"},
    {AF_INET, {100, 64}, 10, "shared, 100.64.0.0/10 (RFC 6598)"},
    {AF_INET, {127}, 8, "loopback, 127.0.0.0/8 (RFC 1122)"},
    {AF_INET, {169, 254}, 16, "link-local, 169.254.0.0/16 (RFC 3927)"},
    {AF_INET, {172, 16}, 12, "private, 172.16.0.0/12 (RFC 1918)"},
    {AF_INET, {192, 0, 0}, 24, "for protocols, 192.0.0.0/24 (RFC 6890)"},
    {AF_INET, {192, 168}, 16, "private, 192.168.0.0/16 (RFC 1918)"},
    {AF_INET, {198, 18}, 15, "for benchmarks, 198.18.0.0/15 (RFC 2544)"},
    {AF_INET, {224}, 4, "multicast, 224.0.0.0/4 (RFC 5771)"},
    {AF_INET, {240}, 4, "reserved, 240.0.0.0/4 (RFC 1112)"},
    {AF_INET6, {0}, 96, "unspecified, loopback or IPv4-compatible, ::/96 (RFC 4291)"},
    {AF_INET6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, "IPv4-mapped (RFC 4291)"},
    {AF_INET6, {0x01, 0}, 64, "discard-only, 100::/64 (RFC 6666)"},
    {AF_INET6, {0xfc}, 7, "unique local, fc00::/7 (RFC 4193)"},
    {AF_INET6, {0xfe, 0x80}, 10, "link-local, fe80::/10 (RFC 4291)"},
    {AF_INET6, {0xff}, 8, "multicast, ff00::/8 (RFC 4291)"},
};

bool is_in(const std::array<std::uint8_t, 16>& address, const Block& block) {
  for (unsigned bit = 0; bit < block.bits; bit += 8) {
    const unsigned left = std::min(8U, block.bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - left));
    if ((address[bit / 8] & mask) != (block.prefix[bit / 8] & mask)) return false;
  }
  return true;
}

}  // namespace

Answer<AddressAt> read_address(const Element& element) {
  TLD_TRY(const std::string text, token(element));
  const std::string* ip = element.attribute("ip");
  const bool v6 = ip != nullptr && *ip == "v6";
  std::array<std::uint8_t, 16> octets{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  const int family = v6 ? AF_INET6 : AF_INET;
  // The text may hold no NUL: XML has none.
  if (inet_pton(family, text.c_str(), octets.data()) != 1 ||
      inet_ntop(family, octets.data(), canonical.data(), canonical.size()) == nullptr) {
    return Refusal(Code::parameter_syntax,
                   std::string("it is no ") + (v6 ? "IPv6" : "IPv4") + " address", &element);
  }
  return AddressAt{canonical.data(), &element};
}

Answer<void> check_address(const AddressAt& address) {
  const int family = address.address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(family, address.address.c_str(), octets.data()) != 1) {
    return Refusal(Code::failed, "an address is not in its canonical form");
  }
  const auto* block = std::ranges::find_if(
      blocks, [&](const Block& one) { return one.family == family && is_in(octets, one); });
  if (block == std::end(blocks)) return boost::outcome_v2::success();
  return Refusal(Code::parameter_policy,
                 std::string("no name server can be reached there: ") + block->what, address.at);
}

}  // namespace tld::epp
