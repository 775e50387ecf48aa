// SPDX-License-Identifier: GPL-2.0-only
//
// RDATA by ldns, for the types that are rare in a TLD zone. ldns takes numbers that do not fit
// their field modulo the field, and ignores what stands behind the last field: both are refused
// here, by ldns's own description of the type.
//
// Thread rule: used by one thread.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zones/zone_lexer.h"

struct ldns_struct_rdf;

namespace tld::zones {

class LdnsRdata {
 public:
  explicit LdnsRdata(dns::NameView origin);
  // Wire form, not yet canonical.
  base::Result<std::string> parse(dns::RRType type, std::span<const Token> tokens) const;

 private:
  struct Free {
    void operator()(ldns_struct_rdf* name) const;
  };
  std::unique_ptr<ldns_struct_rdf, Free> origin_;
};

}  // namespace tld::zones
