// SPDX-License-Identifier: GPL-2.0-only
//
// The DS RRset at the parent: what it is to be, by the key register, and what a look at all the
// parent's servers says of it.
//
// A look is judged as a whole. What is wrong is named, each with the server:
//   PARENT-NO-SERVERS     there was none to ask
//   PARENT-NO-ANSWER      it gave no answer that validates as secure; why
//   PARENT-UNEXPECTED-DS  it has a DS of no key, or of a key whose DS was not submitted or is gone
//   PARENT-LACKS-DS       it does not have the DS of a key that was submitted
//   PARENT-KEEPS-DS       it still has the DS of a key that was withdrawn
// An event follows only if every server answered, all have the same DS RRset, and nothing in it is
// unexpected. A TTL counts however few servers showed it: it can only make us wait longer.
//
// Thread rule: values and pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "keys/managed_key.h"
#include "keys/policy.h"

namespace tld::keys {

// --- what the parent is to have ---

enum class DsPlace { not_submitted, submitted, at_parent, withdrawn, gone };
const char* to_string(DsPlace place);  // "not submitted"
DsPlace ds_place(const ManagedKey& key);
// submitted or at the parent, and not withdrawn.
bool is_wanted_at_parent(const ManagedKey& key);

// The next request to the parent that the policy wants, if there is one.
struct DsRequest {
  std::vector<std::size_t> submit, withdraw;  // places of KSKs
  std::optional<base::Time> time;             // absent: it waits for a fact
  std::string waits_for;                      // "" if it may be made now
};
// REQUIRES: no event of `keys` is later than `now`.
std::optional<DsRequest> next_ds_request(const Policy& policy, const Keys& keys, base::Time now);

// --- what a look has seen ---

struct ParentAnswer {
  std::string server;              // for messages
  std::string fault;               // why there is no secure answer; "" if there is one
  std::set<std::string> ds;        // RDATA; empty: secure proof that there is none
  std::chrono::seconds ds_ttl{0};  // the original TTL of the RRset's signatures
};

struct ParentVerdict {
  std::vector<std::string> faults;  // "CHECK: SERVER: ..."; empty: all is as the register wants it
  KeySteps events;                  // ds_seen and ds_gone that the look has shown
  KeySteps ttls;                    // ds_ttl_seen: TTLs above all that were known
};
ParentVerdict judge_parent(dns::NameView apex, const Keys& keys,
                           const std::vector<ParentAnswer>& answers);

// --- what people have seen, where no machine can look ---

// What two people sign of the ds_seen and ds_gone among `steps`: zone, day, and each fact, one text
// for one meaning. "" when there is none among them.
std::string ds_attestation(const dns::Name& apex, const Keys& keys, const KeySteps& steps,
                           base::Time time);

}  // namespace tld::keys
