// SPDX-License-Identifier: GPL-2.0-only
#include "base/socket_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace tld::base {
namespace {

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

bool SocketAddress::set(const std::string& host, std::uint16_t port) {
  sockaddr_in v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&storage_, &v4, sizeof v4);
    return true;
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return false;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&storage_, &v6, sizeof v6);
  return true;
}

Result<SocketAddress> SocketAddress::from_text(const std::string& text,
                                               std::uint16_t default_port) {
  const Error wrong =
      invalid_input("\"" + text +
                    "\" is no address: write 192.0.2.1, 192.0.2.1:53, 2001:db8::1 or "
                    "[2001:db8::1]:53");
  // An embedded NUL would end the text for inet_pton.
  if (text.find('\0') != std::string::npos) return wrong;
  std::string host = text;
  std::optional<std::uint16_t> port = default_port;
  const bool bracketed = text.starts_with('[');
  const std::size_t colon = text.rfind(':');
  if (bracketed) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) return wrong;
    host = text.substr(1, end - 1);
    const std::string rest = text.substr(end + 1);
    if (!rest.empty()) port = rest[0] == ':' ? port_of(rest.substr(1)) : std::nullopt;
  } else if (colon != std::string::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = port_of(text.substr(colon + 1));
  }
  SocketAddress address;
  if (!port || !address.set(host, *port)) return wrong;
  if (bracketed && address.family() != AF_INET6) return wrong;
  return address;
}

socklen_t SocketAddress::size() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

std::uint16_t SocketAddress::port() const {
  // sin_port and sin6_port are at the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, host,
              sizeof host);
    return std::string(host) + ':' + std::to_string(port());
  }
  inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr, host,
            sizeof host);
  return '[' + std::string(host) + "]:" + std::to_string(port());
}

}  // namespace tld::base
