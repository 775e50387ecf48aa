// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/key.h"

#include <future>
#include <utility>

#include "hsm/proof.h"

namespace tld::hsm {

base::Result<std::string> KeyDoor::prove(const KeyId& id, std::string_view nonce,
                                         base::Deadline deadline) {
  if (nonce.size() < smallest_nonce || nonce.size() > largest_nonce) {
    return base::invalid_input("a proof needs a nonce of 16 to 64 octets");
  }
  return sign_now(*this, id, proof_message(nonce), deadline);
}

void KeyDoor::judge(const KeyId&, std::size_t, bool) {}

base::Result<Signature> signature_of(base::Result<std::string> octets, std::size_t member) {
  if (octets.has_error()) return std::move(octets).error();
  return Signature{std::move(octets).value(), member};
}

base::Result<std::string> sign_now(KeyDoor& door, const KeyId& id, std::string message,
                                   base::Deadline deadline) {
  // Shared with the callback: the contract says that it comes, this function waits for it.
  auto promise = std::make_shared<std::promise<base::Result<Signature>>>();
  auto future = promise->get_future();
  door.sign(id, std::move(message), deadline,
            [promise](base::Result<Signature> result) { promise->set_value(std::move(result)); });
  TLD_TRY(Signature signature, future.get());
  return std::move(signature.octets);
}

}  // namespace tld::hsm
