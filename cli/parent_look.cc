// SPDX-License-Identifier: GPL-2.0-only
#include "cli/parent_look.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <array>
#include <memory>

#include "cli/validating_resolver.h"
#include "dns/rdata.h"

namespace tld::cli {
namespace {

using dns::RRType;

constexpr std::size_t max_servers = 64;

base::Deadline deadline_of(const ParentLook& look) {
  return std::chrono::steady_clock::now() + look.timeout;
}

struct Server {
  std::string name;  // "" where the address was given
  base::SocketAddress address;
  std::string text() const { return (name.empty() ? "" : name + " ") + address.text(); }
};

// --- who the servers are ---

base::Result<std::vector<dns::Name>> find_names(const ParentLook& look,
                                                const ValidatingResolver& resolver) {
  const auto answer = ask({{&resolver, look.parent, RRType::NS}}, deadline_of(look)).front();
  const std::string what = "NS RRset of the parent " + look.parent.text();
  if (!answer.fault.empty()) return base::unavailable(what + ": " + answer.fault);
  if (answer.rdatas.empty()) return base::unavailable(what + ": there is none; give --parent");
  if (!answer.secure) return base::unavailable(what + ": not secure by the trust anchor");
  std::vector<dns::Name> names;
  for (const std::string& rdata : answer.rdatas) {
    TLD_TRY(auto name, dns::Name::from_wire(rdata));
    names.push_back(std::move(name));
  }
  return names;
}

base::Result<base::SocketAddress> address_of(const std::string& octets, std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = octets.size() == 4 ? AF_INET : AF_INET6;
  if ((octets.size() != 4 && octets.size() != 16) ||
      ::inet_ntop(family, octets.data(), text.data(), text.size()) == nullptr) {
    return base::unavailable("an address RRset with something else in it");
  }
  return base::SocketAddress::from_text(text.data(), port);
}

base::Result<std::vector<Server>> find_addresses(const ParentLook& look,
                                                 const ValidatingResolver& resolver,
                                                 const std::vector<dns::Name>& names) {
  std::vector<Question> questions;
  for (const dns::Name& name : names) {
    questions.push_back({&resolver, name, RRType::A});
    if (!look.ipv4_only) questions.push_back({&resolver, name, RRType::AAAA});
  }
  const auto answers = ask(questions, deadline_of(look));
  std::vector<Server> servers;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string name = questions[i].name.text();
    if (!answers[i].fault.empty()) {
      return base::unavailable("addresses of " + name + ": " + answers[i].fault);
    }
    for (const std::string& octets : answers[i].rdatas) {
      TLD_TRY(auto address, address_of(octets, look.port));
      servers.push_back({name, std::move(address)});
    }
  }
  for (const dns::Name& name : names) {
    if (std::ranges::count(servers, name.text(), &Server::name) > 0) continue;
    return base::unavailable("the parent's server " + name.text() + " has no address");
  }
  return servers;
}

base::Result<std::vector<Server>> find_servers(const ParentLook& look) {
  std::vector<Server> servers;
  if (look.servers.empty()) {
    TLD_TRY(const auto resolver,
            ValidatingResolver::make(look.trust_anchor, {{}, {}, look.resolver}));
    TLD_TRY(const auto names, find_names(look, resolver));
    TLD_TRY(servers, find_addresses(look, resolver, names));
  }
  for (const base::SocketAddress& address : look.servers) servers.push_back({"", address});
  if (servers.size() <= max_servers) return servers;
  return base::unavailable(fmt::format("the parent has {} server addresses; at most {} are asked",
                                       servers.size(), max_servers));
}

// --- what they say ---

struct DeletePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
struct DeleteBuffer {
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
};

base::Result<dns::Rrsig> rrsig_of(const ldns_rr* rr) {
  const std::unique_ptr<ldns_buffer, DeleteBuffer> rdata(ldns_buffer_new(LDNS_MAX_PACKETLEN));
  if (!rdata || ldns_rr_rdata2buffer_wire(rdata.get(), rr) != LDNS_STATUS_OK) {
    return base::unavailable("an RRSIG that ldns cannot read");
  }
  return dns::Rrsig::from_wire(
      std::string_view(reinterpret_cast<const char*>(ldns_buffer_begin(rdata.get())),
                       ldns_buffer_position(rdata.get())));
}

// RFC 4034 §3.1.4: the TTL that the parent has given the RRset; the one beside the record is not
// signed, and validators do not go above this (RFC 4035 §5.3.3).
base::Result<std::chrono::seconds> original_ttl(const ParentLook& look,
                                                const std::string& message) {
  ldns_pkt* read = nullptr;
  const auto* octets = reinterpret_cast<const std::uint8_t*>(message.data());
  const ldns_status status = ldns_wire2pkt(&read, octets, message.size());
  const std::unique_ptr<ldns_pkt, DeletePacket> packet(read);
  if (status != LDNS_STATUS_OK) return base::unavailable(ldns_get_errorstr_by_id(status));
  std::optional<std::uint32_t> ttl;
  const ldns_rr_list* answer = ldns_pkt_answer(packet.get());
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(answer); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(answer, i);
    if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG) continue;
    TLD_TRY(const dns::Rrsig rrsig, rrsig_of(rr));
    if (rrsig.type_covered != RRType::DS) continue;
    if (rrsig.signer != look.parent) {
      return base::unavailable("the DS is signed by " + rrsig.signer.text() +
                               ", not by the parent");
    }
    if (ttl && *ttl != rrsig.original_ttl) {
      return base::unavailable("its RRSIGs have different original TTLs");
    }
    ttl = rrsig.original_ttl;
  }
  if (!ttl) return base::unavailable("the DS came without RRSIG");
  return std::chrono::seconds{*ttl};
}

keys::ParentAnswer judged(const ParentLook& look, const Server& server,
                          const ResolverAnswer& answer) {
  keys::ParentAnswer seen{server.text(), answer.fault, {}, {}};
  if (!seen.fault.empty()) return seen;
  if (!answer.secure) {
    seen.fault = "its answer is not secure by the trust anchor";
    return seen;
  }
  seen.ds.insert(answer.rdatas.begin(), answer.rdatas.end());
  if (seen.ds.empty()) return seen;
  const auto ttl = original_ttl(look, answer.message);
  if (ttl) {
    seen.ds_ttl = ttl.value();
  } else {
    seen.fault = ttl.error().message;
  }
  return seen;
}

std::optional<std::uint32_t> serial_of(const ResolverAnswer& answer) {
  if (!answer.fault.empty() || !answer.secure || answer.rdatas.size() != 1) return std::nullopt;
  const auto soa = dns::Soa::from_wire(answer.rdatas.front());
  return soa ? std::optional(soa.value().serial) : std::nullopt;
}

}  // namespace

base::Result<std::vector<ServerSeen>> look_at_parent(const ParentLook& look) {
  TLD_TRY(const auto servers, find_servers(look));
  std::vector<ValidatingResolver> resolvers;
  std::vector<Question> questions;
  for (const Server& server : servers) {
    // For the root's servers the way is given; a forwarder for all else would go before it.
    const auto forwarder = look.parent.is_root() ? std::nullopt : look.resolver;
    TLD_TRY(auto resolver, ValidatingResolver::make(look.trust_anchor,
                                                    {look.parent, {server.address}, forwarder}));
    resolvers.push_back(std::move(resolver));
  }
  for (const ValidatingResolver& resolver : resolvers) {
    questions.push_back({&resolver, look.zone, RRType::DS});
    questions.push_back({&resolver, look.parent, RRType::SOA});
  }
  const auto answers = ask(questions, deadline_of(look));
  std::vector<ServerSeen> seen;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    seen.push_back({judged(look, servers[i], answers[2 * i]), serial_of(answers[2 * i + 1])});
  }
  return seen;
}

}  // namespace tld::cli
