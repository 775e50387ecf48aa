// SPDX-License-Identifier: GPL-2.0-only
//
// Does every token that may sign with a key hold that very key? Each signs a nonce of its own, and
// what it gives must verify with the published DNSKEY. A CKA_ID, a label or a key tag shows
// nothing: another key can have all of them.
//
// Thread rule: pure but for the doors; asks all of them at the same time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "hsm/key.h"
#include "hsm/pool_member.h"
#include "hsm/verify.h"

namespace tld::hsm {

struct MemberProof {
  std::string member;  // its name
  // refused: it holds another key under that id; else why it gave no proof.
  base::Status outcome = base::ok();
};

// One for each member, in their order. Blocks until `deadline` at the latest.
std::vector<MemberProof> prove_everywhere(std::span<const std::shared_ptr<PoolMember>> members,
                                          const KeyId& id, const Verifier& verifier,
                                          base::Deadline deadline);

}  // namespace tld::hsm
