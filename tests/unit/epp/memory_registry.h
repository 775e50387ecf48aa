// SPDX-License-Identifier: GPL-2.0-only
//
// A registry in memory, as zones/registry.h describes one, for tests and the fuzzer. Any of its
// calls can be made to fail.
//
// Thread rule: one thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "zones/registry.h"

namespace tld::epp::testing {

struct Objects {
  std::map<dns::Name, zones::Delegation, dns::CanonicalLess> delegations;
  std::map<dns::Name, zones::Host, dns::CanonicalLess> hosts;

  // One line per object: equal exactly when the objects are.
  std::string text() const;
  // The first rule that the objects break, "" when there is none: what epp/ promises whatever
  // frames it got.
  std::string broken_rule(dns::NameView apex) const;
};

class MemoryRegistry {
 public:
  Objects objects;
  int begun = 0, committed = 0;
  int calls = 0;      // of all transactions
  int fail_call = 0;  // that call fails, as unavailable; 0: none. begin() is the first

  std::string failure = "the store is away";

  base::Result<std::unique_ptr<zones::RegistryTransaction>> begin();
};

}  // namespace tld::epp::testing
