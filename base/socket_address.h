// SPDX-License-Identifier: GPL-2.0-only
//
// The address of a server: IPv4 or IPv6 and a port, always numeric, so that nothing waits for a
// resolver.
//
// Thread rule: values.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tld::base {

class SocketAddress {
 public:
  // "192.0.2.1", "192.0.2.1:5300", "2001:db8::1", "[2001:db8::1]:5300"; without a port,
  // `default_port`. invalid_input for everything else, names too.
  static Result<SocketAddress> from_text(const std::string& text, std::uint16_t default_port);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const;
  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;
  std::string text() const;  // always with the port

  friend bool operator==(const SocketAddress& a, const SocketAddress& b) {
    return a.text() == b.text();
  }

 private:
  SocketAddress() = default;
  bool set(const std::string& host, std::uint16_t port);
  sockaddr_storage storage_{};
};

}  // namespace tld::base
