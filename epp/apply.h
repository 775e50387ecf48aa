// SPDX-License-Identifier: GPL-2.0-only
//
// Inside epp/ only: a command carried out on the registry's objects of one zone. Nothing is
// committed here.
//
// Thread rule: an Applier is used by one thread, as its transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "epp/command.h"
#include "epp/epp.h"
#include "zones/registry.h"

namespace tld::epp {

// As many as the root zone's own; their names still fit a referral of 512 octets.
inline constexpr std::size_t max_nameservers = 13;
inline constexpr std::size_t max_addresses = 16;  // of one host

struct Done {
  bool changed = false;  // else there is nothing to commit
  std::vector<std::string> warnings;
  const NameAt* created = nullptr;  // for creData; lives as long as the command
};

class Applier {
 public:
  Applier(zones::RegistryTransaction& registry, const Settings& settings)
      : registry_(registry), settings_(settings) {}

  Answer<Done> apply(const DomainCreate& command);
  Answer<Done> apply(const DomainUpdate& command);
  Answer<Done> apply(const DomainDelete& command);
  Answer<Done> apply(const HostCreate& command);
  Answer<Done> apply(const HostUpdate& command);
  Answer<Done> apply(const HostDelete& command);

 private:
  bool in_zone(dns::NameView name) const { return name.is_at_or_below(settings_.apex); }
  // The delegation at or above `name`, below the apex: its superordinate domain (RFC 5732 §1.1).
  Answer<std::optional<dns::Name>> domain_over(dns::NameView name);

  Answer<void> may_be_domain(const NameAt& name);
  Answer<void> add_nameserver(zones::Delegation& delegation, const NameAt& nameserver);
  Answer<void> add_nameservers(zones::Delegation& delegation, const std::vector<NameAt>& added);

  Answer<zones::Host> host_to_change(const NameAt& name);
  Answer<void> may_be_host(const NameAt& name);
  Answer<void> check_glue(const zones::Host& host, dns::NameView linked_as, const Element* at);

  zones::RegistryTransaction& registry_;
  const Settings& settings_;
};

}  // namespace tld::epp
