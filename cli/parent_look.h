// SPDX-License-Identifier: GPL-2.0-only
//
// A look at all servers of a zone's parent: each is asked by itself for the zone's DS RRset, and
// what it says is validated from a trust anchor. Bounded in time and in the number of servers.
//
// Thread rule: as cli/validating_resolver.h.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/socket_address.h"
#include "dns/name.h"
#include "keys/parent_ds.h"

namespace tld::cli {

struct ParentLook {
  dns::Name zone, parent;
  std::filesystem::path trust_anchor;
  // Empty: all addresses of all names in the parent's NS RRset, which must be secure.
  std::vector<base::SocketAddress> servers;
  std::optional<base::SocketAddress> resolver;  // whom to ask for these; default: from the root on
  std::uint16_t port = 53;                      // of the servers that are looked up
  bool ipv4_only = false;
  std::chrono::seconds timeout{15};  // for each of the three rounds: NS, addresses, DS
};

struct ServerSeen {
  keys::ParentAnswer answer;
  std::optional<std::uint32_t> serial;  // of the parent's SOA there
};
// invalid_input: the trust anchor; unavailable: who the parent's servers are cannot be found out.
base::Result<std::vector<ServerSeen>> look_at_parent(const ParentLook& look);

}  // namespace tld::cli
