// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/prove_everywhere.h"

#include <openssl/rand.h>

#include <thread>
#include <utility>

#include "base/bytes.h"
#include "hsm/proof.h"

namespace tld::hsm {
namespace {

base::Status prove_one(KeyDoor& door, const KeyId& id, const Verifier& verifier,
                       base::Deadline deadline) {
  std::string nonce(largest_nonce / 2, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size())) !=
      1) {
    return base::internal("OpenSSL has no random octets");
  }
  TLD_TRY(const std::string proof, door.prove(id, nonce, deadline));
  if (verifier.verify(proof_message(nonce), proof)) return base::ok();
  return base::refused("what it holds as " + base::to_hex(id) +
                       " is not the key of the published DNSKEY: its proof does not verify");
}

}  // namespace

std::vector<MemberProof> prove_everywhere(std::span<const std::shared_ptr<PoolMember>> members,
                                          const KeyId& id, const Verifier& verifier,
                                          base::Deadline deadline) {
  std::vector<MemberProof> proofs;
  for (const auto& member : members) proofs.push_back({.member = member->name()});
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < members.size(); ++i) {
    threads.emplace_back([&, i] {
      const base::Status outcome = prove_one(members[i]->door(), id, verifier, deadline);
      proofs[i].outcome =
          outcome ? base::ok() : base::Status(outcome.error().in("token " + members[i]->name()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  return proofs;
}

}  // namespace tld::hsm
