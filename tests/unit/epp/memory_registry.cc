// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/epp/memory_registry.h"

#include <algorithm>

#include "base/bytes.h"

namespace tld::epp::testing {
namespace {

using zones::Delegation;
using zones::Host;

class MemoryTransaction final : public zones::RegistryTransaction {
 public:
  explicit MemoryTransaction(MemoryRegistry& registry)
      : registry_(registry), objects_(registry.objects) {}

  base::Result<std::optional<Delegation>> delegation(dns::NameView name) override {
    TLD_TRY(count_call());
    const auto found = objects_.delegations.find(name);
    if (found == objects_.delegations.end()) return std::optional<Delegation>();
    return std::optional(found->second);
  }
  base::Status put(const Delegation& delegation) override {
    TLD_TRY(count_call());
    for (const dns::Name& one : delegation.nameservers) {
      if (!objects_.hosts.contains(one)) return base::not_found("no host " + one.text());
    }
    objects_.delegations[delegation.name] = delegation;
    return base::ok();
  }
  base::Status remove_delegation(dns::NameView name) override {
    TLD_TRY(count_call());
    if (objects_.delegations.erase(dns::Name(name)) > 0) return base::ok();
    return base::not_found("no delegation " + name.text());
  }
  base::Result<std::optional<Host>> host(dns::NameView name) override {
    TLD_TRY(count_call());
    const auto found = objects_.hosts.find(name);
    if (found == objects_.hosts.end()) return std::optional<Host>();
    return std::optional(found->second);
  }
  base::Status put(const Host& host) override {
    TLD_TRY(count_call());
    objects_.hosts[host.name] = host;
    return base::ok();
  }
  base::Status rename_host(dns::NameView from, dns::NameView to) override {
    TLD_TRY(count_call());
    if (objects_.hosts.contains(to)) return base::refused("there is a host " + to.text());
    auto node = objects_.hosts.extract(dns::Name(from));
    if (node.empty()) return base::not_found("no host " + from.text());
    node.key() = dns::Name(to);
    node.mapped().name = dns::Name(to);
    objects_.hosts.insert(std::move(node));
    for (auto& [name, delegation] : objects_.delegations) {
      std::ranges::replace(delegation.nameservers, dns::Name(from), dns::Name(to));
      std::ranges::sort(delegation.nameservers, dns::CanonicalLess());
    }
    return base::ok();
  }
  base::Status remove_host(dns::NameView name) override {
    TLD_TRY(count_call());
    if (!users(name, 1).empty()) return base::refused("host in use: " + name.text());
    if (objects_.hosts.erase(dns::Name(name)) > 0) return base::ok();
    return base::not_found("no host " + name.text());
  }
  base::Result<std::vector<dns::Name>> delegations_of(dns::NameView host,
                                                      std::size_t limit) override {
    TLD_TRY(count_call());
    return users(host, limit);
  }
  base::Result<std::vector<dns::Name>> hosts_below(dns::NameView name, std::size_t limit) override {
    TLD_TRY(count_call());
    std::vector<dns::Name> found;
    for (const auto& [host, data] : objects_.hosts) {
      if (host.view().is_below(name) && found.size() < limit) found.push_back(host);
    }
    return found;
  }
  base::Status commit() override {
    TLD_TRY(count_call());
    registry_.objects = objects_;
    ++registry_.committed;
    return base::ok();
  }

 private:
  base::Status count_call() {
    if (++registry_.calls != registry_.fail_call) return base::ok();
    return base::unavailable(registry_.failure);
  }
  std::vector<dns::Name> users(dns::NameView host, std::size_t limit) const {
    std::vector<dns::Name> found;
    for (const auto& [name, delegation] : objects_.delegations) {
      const bool uses = std::ranges::any_of(delegation.nameservers,
                                            [&](const dns::Name& one) { return one == host; });
      if (uses && found.size() < limit) found.push_back(name);
    }
    return found;
  }

  MemoryRegistry& registry_;
  Objects objects_;
};

std::string broken_rule_of(const Delegation& delegation, const Objects& objects,
                           dns::NameView apex) {
  const auto& servers = delegation.nameservers;
  if (!delegation.name.view().is_below(apex)) return "not below the apex";
  for (dns::NameView over = delegation.name.view().parent(); over != apex; over = over.parent()) {
    if (objects.delegations.contains(over)) return "below the delegation " + over.text();
  }
  if (servers.empty() || servers.size() > 13) return "number of name servers";
  const auto in_order = [](const dns::Name& a, const dns::Name& b) {
    return dns::canonical_order(a, b) >= 0;
  };
  if (std::ranges::adjacent_find(servers, in_order) != servers.end()) return "name server order";
  for (const dns::Name& server : servers) {
    const auto host = objects.hosts.find(server);
    if (host == objects.hosts.end()) return "no host " + server.text();
    if (server.view().is_at_or_below(apex) && host->second.addresses.empty()) {
      return "no address of " + server.text();
    }
  }
  if (delegation.ds.size() > 16) return "number of DS";
  const auto ds_in_order = [](const dns::Ds& a, const dns::Ds& b) { return a.wire() >= b.wire(); };
  if (std::ranges::adjacent_find(delegation.ds, ds_in_order) != delegation.ds.end()) {
    return "DS order";
  }
  return "";
}

std::string broken_rule_of(const Host& host, dns::NameView apex) {
  const bool inside = host.name.view().is_at_or_below(apex);
  if (!inside && !host.addresses.empty()) return "addresses of a host outside";
  if (host.addresses.size() > 16) return "number of addresses";
  const auto in_order = [](const std::string& a, const std::string& b) { return a >= b; };
  if (std::ranges::adjacent_find(host.addresses, in_order) != host.addresses.end()) {
    return "address order";
  }
  return "";
}

}  // namespace

std::string Objects::text() const {
  std::string out;
  for (const auto& [name, one] : delegations) {
    out += "domain " + name.text() + " " + std::to_string(one.ns_ttl) + " " +
           std::to_string(one.ds_ttl);
    for (const dns::Name& server : one.nameservers) out += " " + server.text();
    for (const dns::Ds& ds : one.ds) {
      out += " [" + std::to_string(ds.key_tag) + " " + std::to_string(ds.algorithm) + " " +
             std::to_string(ds.digest_type) + " " + base::to_hex(ds.digest) + "]";
    }
    out += "\n";
  }
  for (const auto& [name, one] : hosts) {
    out += "host " + name.text() + " " + std::to_string(one.ttl);
    for (const std::string& address : one.addresses) out += " " + address;
    out += "\n";
  }
  return out;
}

std::string Objects::broken_rule(dns::NameView apex) const {
  for (const auto& [name, one] : delegations) {
    if (!(one.name == name)) return name.text() + ": its key";
    const std::string rule = broken_rule_of(one, *this, apex);
    if (!rule.empty()) return name.text() + ": " + rule;
  }
  for (const auto& [name, one] : hosts) {
    if (!(one.name == name)) return name.text() + ": its key";
    const std::string rule = broken_rule_of(one, apex);
    if (!rule.empty()) return name.text() + ": " + rule;
  }
  return "";
}

base::Result<std::unique_ptr<zones::RegistryTransaction>> MemoryRegistry::begin() {
  if (++calls == fail_call) return base::unavailable(failure);
  ++begun;
  return std::unique_ptr<zones::RegistryTransaction>(std::make_unique<MemoryTransaction>(*this));
}

}  // namespace tld::epp::testing
