// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "epp/apply.h"

namespace tld::epp {
namespace {

Answer<void> remove_address(std::vector<std::string>& addresses, const AddressAt& one) {
  if (std::erase(addresses, one.address) > 0) return boost::outcome_v2::success();
  return Refusal(Code::does_not_exist, "the host has no such address", one.at);
}

Answer<void> add_addresses(std::vector<std::string>& addresses,
                           const std::vector<AddressAt>& added) {
  for (const AddressAt& one : added) {
    TLD_TRY(check_address(one));
    const auto place = std::ranges::lower_bound(addresses, one.address);
    if (place != addresses.end() && *place == one.address) {
      return Refusal(Code::exists, "the host has this address already", one.at);
    }
    addresses.insert(place, one.address);
  }
  if (!added.empty() && addresses.size() > max_addresses) {
    return Refusal(Code::data_management_policy,
                   "the host would have " + std::to_string(addresses.size()) +
                       " addresses; at most " + std::to_string(max_addresses) + " are possible",
                   added.back().at);
  }
  return boost::outcome_v2::success();
}

}  // namespace

// The name of a new host: outside the zone, or below a domain of it (RFC 5732 §1.1).
Answer<void> Applier::may_be_host(const NameAt& name) {
  TLD_TRY(const auto there, registry_.host(name.name));
  if (there) return Refusal(Code::exists, "the host exists", name.at);
  if (!in_zone(name.name)) return boost::outcome_v2::success();
  TLD_TRY(check_a_labels(name));
  TLD_TRY(const auto domain, domain_over(name.name));
  if (domain) return boost::outcome_v2::success();
  return Refusal(Code::does_not_exist, "its superordinate domain does not exist", name.at);
}

// Glue goes where it is needed and nowhere else: a host outside the zone has no address here, one
// in the zone that a delegation names keeps at least one.
Answer<void> Applier::check_glue(const zones::Host& host, dns::NameView linked_as,
                                 const Element* at) {
  if (!in_zone(host.name)) {
    if (host.addresses.empty()) return boost::outcome_v2::success();
    return Refusal(Code::parameter_policy,
                   "a host outside " + settings_.apex.text() + " has no addresses here", at);
  }
  if (!host.addresses.empty()) return boost::outcome_v2::success();
  TLD_TRY(const auto users, registry_.delegations_of(linked_as, 1));
  if (users.empty()) return boost::outcome_v2::success();
  return Refusal(Code::association_prohibits,
                 "no address would be left, and it is a name server of " + users.front().text(),
                 at);
}

Answer<Done> Applier::apply(const HostCreate& command) {
  TLD_TRY(may_be_host(command.name));
  zones::Host host{command.name.name, settings_.host_ttl, {}};
  TLD_TRY(add_addresses(host.addresses, command.addresses));
  if (!command.addresses.empty()) {
    TLD_TRY(check_glue(host, host.name, command.addresses.front().at));
  }
  TLD_TRY(registry_.put(host));
  return Done{true, {}, &command.name};
}

// Hosts in the zone under no domain are the zone's own (its name servers): 2304, which RFC 5730 has
// for objects that server policy protects.
Answer<zones::Host> Applier::host_to_change(const NameAt& name) {
  TLD_TRY(auto host, registry_.host(name.name));
  if (!host) {
    return Refusal(Code::does_not_exist, "there is no host " + name.name.text(), name.at);
  }
  if (!in_zone(name.name)) return std::move(*host);
  TLD_TRY(const auto domain, domain_over(name.name));
  if (domain) return std::move(*host);
  return Refusal(Code::status_prohibits, "the host belongs to the zone itself", name.at);
}

Answer<Done> Applier::apply(const HostUpdate& command) {
  TLD_TRY(const zones::Host before, host_to_change(command.name));
  zones::Host host = before;
  for (const AddressAt& one : command.remove) {
    TLD_TRY(remove_address(host.addresses, one));
  }
  TLD_TRY(add_addresses(host.addresses, command.add));
  const NameAt& target = command.new_name ? *command.new_name : command.name;
  host.name = target.name;
  const bool renamed = host.name != before.name;
  if (renamed) {
    TLD_TRY(may_be_host(target));
  }
  const bool changed = renamed || host.addresses != before.addresses;
  if (!changed) return Done{};
  TLD_TRY(check_glue(host, before.name, target.at));
  if (renamed) {
    TLD_TRY(registry_.rename_host(before.name, host.name));
  }
  TLD_TRY(registry_.put(host));
  return Done{true, {}, nullptr};
}

Answer<Done> Applier::apply(const HostDelete& command) {
  TLD_TRY(host_to_change(command.name));
  TLD_TRY(const auto users, registry_.delegations_of(command.name.name, 1));
  if (!users.empty()) {
    return Refusal(Code::association_prohibits,
                   "it is a name server of " + users.front().text() + ": RFC 5732 section 3.2.2",
                   command.name.at);
  }
  TLD_TRY(registry_.remove_host(command.name.name));
  return Done{true, {}, nullptr};
}

}  // namespace tld::epp
