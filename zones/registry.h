// SPDX-License-Identifier: GPL-2.0-only
//
// The registry's objects in one zone, delegations and hosts, as they are changed one transaction
// at a time. Store::begin_change() starts one.
//
// Thread rule: values; a RegistryTransaction is used by one thread, and is that of its Store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"

namespace tld::zones {

// A zone cut. `nameservers` in canonical order of names and `ds` in order of wire(), both without
// duplicates; TTLs in seconds. `ds_ttl` is used only with `ds`.
struct Delegation {
  dns::Name name;
  std::uint32_t ns_ttl = 0;
  std::uint32_t ds_ttl = 0;
  std::vector<dns::Name> nameservers;  // at least one
  std::vector<dns::Ds> ds;
};

// A name that is a name server or has addresses. `addresses` as inet_ntop writes them, sorted,
// without duplicates; may be empty: a host outside the zone, or one without glue.
struct Host {
  dns::Name name;
  std::uint32_t ttl = 0;  // seconds, of A and AAAA
  std::vector<std::string> addresses;
};

// One transaction on the objects of one zone: reads see its own writes; undone unless commit() was
// reached. Any call may fail as unavailable (the store does not answer now); after a failed call
// that writes, only destruction is allowed.
class RegistryTransaction {
 public:
  virtual ~RegistryTransaction() = default;
  RegistryTransaction() = default;
  RegistryTransaction(const RegistryTransaction&) = delete;
  RegistryTransaction& operator=(const RegistryTransaction&) = delete;

  // nullopt: there is none of that name.
  virtual base::Result<std::optional<Delegation>> delegation(dns::NameView name) = 0;
  // Creates it or takes its place; its nameservers must be hosts: else not_found.
  virtual base::Status put(const Delegation& delegation) = 0;
  virtual base::Status remove_delegation(dns::NameView name) = 0;  // not_found

  virtual base::Result<std::optional<Host>> host(dns::NameView name) = 0;
  virtual base::Status put(const Host& host) = 0;  // creates it or takes its place
  // Every delegation that names it follows. not_found; refused when `to` exists.
  virtual base::Status rename_host(dns::NameView from, dns::NameView to) = 0;
  virtual base::Status remove_host(dns::NameView name) = 0;  // refused while a delegation names it

  // The delegations that name `host`, at most `limit` of them.
  virtual base::Result<std::vector<dns::Name>> delegations_of(dns::NameView host,
                                                              std::size_t limit) = 0;
  // The hosts below `name`, not at it: its subordinate hosts (RFC 5732 §1.1), at most `limit`.
  virtual base::Result<std::vector<dns::Name>> hosts_below(dns::NameView name,
                                                           std::size_t limit) = 0;

  virtual base::Status commit() = 0;  // once, as the last call
};

}  // namespace tld::zones
