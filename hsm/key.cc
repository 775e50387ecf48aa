// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/key.h"

#include <future>
#include <utility>

namespace tld::hsm {

base::Result<std::string> sign_now(KeyDoor& door, const KeyId& id, std::string message,
                                   base::Deadline deadline) {
  // Shared with the callback: the contract says that it comes, this function waits for it.
  auto promise = std::make_shared<std::promise<base::Result<std::string>>>();
  auto future = promise->get_future();
  door.sign(id, std::move(message), deadline,
            [promise](base::Result<std::string> result) { promise->set_value(std::move(result)); });
  return future.get();
}

}  // namespace tld::hsm
