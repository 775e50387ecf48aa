// SPDX-License-Identifier: GPL-2.0-only
//
// Inside epp/ only: a frame's command as values, read from its tree: everything that can be said
// about it without looking into the registry has been said.
//
// Thread rule: values and pure functions. A command points into the tree that it was read from.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "epp/addresses.h"
#include "epp/names.h"
#include "epp/secdns.h"

namespace tld::epp {

struct DomainCreate {
  NameAt name;
  std::vector<NameAt> nameservers;
  DsChange ds;
  const Element* at = nullptr;
};
struct DomainUpdate {
  NameAt name;
  std::vector<NameAt> remove, add;  // name servers
  DsChange ds;
};
struct DomainDelete {
  NameAt name;
};
struct HostCreate {
  NameAt name;
  std::vector<AddressAt> addresses;
};
struct HostUpdate {
  NameAt name;
  std::vector<AddressAt> remove, add;
  std::optional<NameAt> new_name;
};
struct HostDelete {
  NameAt name;
};
using Command =
    std::variant<DomainCreate, DomainUpdate, DomainDelete, HostCreate, HostUpdate, HostDelete>;

// Of the epp element. Contacts, registrant, authInfo, period and statuses other than holds are
// registrar's data: their form is looked at, then they are left out.
Answer<Command> read_command(const Element& root);

// The client's transaction identifier, for the response, whatever else is wrong; "" when there is
// none that RFC 5730's schema allows.
std::string client_id(const Element& root);

// What the domain and the host commands are made of. `command` is e.g. domain:create; `extension`
// the secDNS element beside it, nullptr without one.
Answer<Command> read_domain_command(const Element& command, const Element* extension);
Answer<Command> read_host_command(const Element& command);

}  // namespace tld::epp
