// SPDX-License-Identifier: GPL-2.0-only
#include "keys/new_key.h"

#include <fmt/format.h>

#include "keys/key_register.h"
#include "keys/slot_signatures.h"

namespace tld::keys {

base::Result<NewKey> make_new_key(const Keys& keys, bool ksk, const MakeKey& make) {
  base::Status unused = base::ok();
  const AcceptKey accept = [&](const hsm::KeyInfo& key) {
    unused = check_unused_tag(keys, dnskey_of(key.public_key, ksk));
    return unused;
  };
  for (unsigned tried = 0; tried < max_key_tries; ++tried) {
    unused = base::ok();
    auto made = make(accept);
    if (made) return NewKey{std::move(made).value(), tried};
    if (unused) return made.error();
  }
  return unused.error().in(
      fmt::format("{} keys in a row were made and destroyed again", max_key_tries));
}

}  // namespace tld::keys
