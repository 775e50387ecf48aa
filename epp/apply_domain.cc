// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "epp/apply.h"

namespace tld::epp {
namespace {

std::string no_domain(const NameAt& name) {
  return "there is no domain " + name.name.text();
}

}  // namespace

Answer<std::optional<dns::Name>> Applier::domain_over(dns::NameView name) {
  for (; name.is_below(settings_.apex); name = name.parent()) {
    TLD_TRY(const auto found, registry_.delegation(name));
    if (found) return std::optional(dns::Name(name));
  }
  return std::optional<dns::Name>();
}

Answer<void> Applier::may_be_domain(const NameAt& name) {
  const dns::Name& apex = settings_.apex;
  if (!name.name.view().is_below(apex)) {
    return Refusal(Code::parameter_policy, "not below " + apex.text(), name.at);
  }
  TLD_TRY(check_a_labels(name));
  TLD_TRY(const auto over, domain_over(name.name));
  if (over && *over == name.name) {
    return Refusal(Code::exists, "the domain exists", name.at);
  }
  if (over) {
    return Refusal(Code::parameter_policy, "it would stand below the domain " + over->text(),
                   name.at);
  }
  // Hosts under no domain are the zone's own data; a cut above would take them out of it.
  TLD_TRY(const auto host, registry_.host(name.name));
  TLD_TRY(const auto below, registry_.hosts_below(name.name, 1));
  if (host || !below.empty()) {
    return Refusal(
        Code::parameter_policy,
        "the zone has a host of its own there: " + (host ? name.name : below.front()).text(),
        name.at);
  }
  return boost::outcome_v2::success();
}

Answer<void> Applier::add_nameserver(zones::Delegation& delegation, const NameAt& nameserver) {
  TLD_TRY(const auto host, registry_.host(nameserver.name));
  if (!host) {
    return Refusal(Code::does_not_exist, "there is no host " + nameserver.name.text(),
                   nameserver.at);
  }
  // In-bailiwick name servers are found by their glue and by nothing else.
  if (host->addresses.empty() && in_zone(host->name)) {
    return Refusal(Code::parameter_policy,
                   "the host is in " + settings_.apex.text() + " and has no address",
                   nameserver.at);
  }
  auto& all = delegation.nameservers;
  const auto place =
      std::lower_bound(all.begin(), all.end(), nameserver.name, dns::CanonicalLess());
  if (place != all.end() && *place == nameserver.name) {
    return Refusal(Code::exists, "the domain has this name server already", nameserver.at);
  }
  all.insert(place, nameserver.name);
  return boost::outcome_v2::success();
}

Answer<void> Applier::add_nameservers(zones::Delegation& delegation,
                                      const std::vector<NameAt>& added) {
  for (const NameAt& one : added) {
    TLD_TRY(add_nameserver(delegation, one));
  }
  if (!added.empty() && delegation.nameservers.size() > max_nameservers) {
    return Refusal(Code::data_management_policy,
                   "the domain would have " + std::to_string(delegation.nameservers.size()) +
                       " name servers; at most " + std::to_string(max_nameservers) +
                       " are possible",
                   added.back().at);
  }
  return boost::outcome_v2::success();
}

Answer<Done> Applier::apply(const DomainCreate& command) {
  TLD_TRY(may_be_domain(command.name));
  if (command.nameservers.empty()) {
    return Refusal(Code::data_management_policy,
                   "a domain without name servers is not in the zone, and only those in it are "
                   "kept here",
                   command.at);
  }
  zones::Delegation delegation{command.name.name, settings_.ns_ttl, settings_.ds_ttl, {}, {}};
  TLD_TRY(add_nameservers(delegation, command.nameservers));
  Done done{true, {}, &command.name};
  TLD_TRY(change_ds(delegation.ds, command.ds, delegation.name, settings_.ds, done.warnings));
  TLD_TRY(registry_.put(delegation));
  return done;
}

Answer<Done> Applier::apply(const DomainUpdate& command) {
  TLD_TRY(auto found, registry_.delegation(command.name.name));
  if (!found) return Refusal(Code::does_not_exist, no_domain(command.name), command.name.at);
  zones::Delegation changed = *found;
  for (const NameAt& one : command.remove) {
    if (std::erase(changed.nameservers, one.name) == 0) {
      return Refusal(Code::does_not_exist, "the domain has no such name server", one.at);
    }
  }
  TLD_TRY(add_nameservers(changed, command.add));
  if (changed.nameservers.empty()) {
    return Refusal(Code::data_management_policy,
                   "no name server would be left: delete the domain instead",
                   command.remove.empty() ? command.name.at : command.remove.back().at);
  }
  Done done;
  TLD_TRY(change_ds(changed.ds, command.ds, changed.name, settings_.ds, done.warnings));
  if (found->ds.empty()) changed.ds_ttl = settings_.ds_ttl;
  const auto same_ds = [](const dns::Ds& a, const dns::Ds& b) { return a.wire() == b.wire(); };
  done.changed = changed.nameservers != found->nameservers ||
                 !std::ranges::equal(changed.ds, found->ds, same_ds);
  if (done.changed) {
    TLD_TRY(registry_.put(changed));
  }
  return done;
}

// RFC 5731 §3.2.2: not while it has subordinate hosts. They would become the zone's own data.
Answer<Done> Applier::apply(const DomainDelete& command) {
  TLD_TRY(const auto found, registry_.delegation(command.name.name));
  if (!found) return Refusal(Code::does_not_exist, no_domain(command.name), command.name.at);
  TLD_TRY(const auto host, registry_.host(command.name.name));
  TLD_TRY(const auto below, registry_.hosts_below(command.name.name, 1));
  if (host || !below.empty()) {
    return Refusal(Code::association_prohibits,
                   "the host " + (host ? command.name.name : below.front()).text() +
                       " is subordinate to it: delete or rename that first",
                   command.name.at);
  }
  TLD_TRY(registry_.remove_delegation(command.name.name));
  return Done{true, {}, nullptr};
}

}  // namespace tld::epp
