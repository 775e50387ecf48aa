// SPDX-License-Identifier: GPL-2.0-only
//
// Inside epp/ only: addresses of hosts.
//
// Thread rule: pure functions.
#pragma once

#include <string>

#include "epp/code.h"
#include "epp/element.h"

namespace tld::epp {

struct AddressAt {
  std::string address;  // as inet_ntop writes it
  const Element* at = nullptr;
};

// A host:addr element. 2005: it is no address of the family that its attribute ip says (v4 when
// there is none).
Answer<AddressAt> read_address(const Element& element);

// Is there a name server that everybody can reach at it? 2306 for the blocks of RFC 6890 that no
// packet on the Internet is sent to; those for documentation (RFC 5737, RFC 3849) are let through,
// since test registries use them.
Answer<void> check_address(const AddressAt& address);

}  // namespace tld::epp
