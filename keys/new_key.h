// SPDX-License-Identifier: GPL-2.0-only
//
// A new key for a zone: its tag is one that no key of the zone has or ever had, also when either is
// revoked (RFC 5011 §2.1). One with a used tag is destroyed, and another one made.
//
// Thread rule: as what makes the keys.
#pragma once

#include <functional>

#include "base/result.h"
#include "hsm/key.h"
#include "keys/managed_key.h"

namespace tld::keys {

// A zone with 1,000 keys meets a used tag with 1 key of 16: twenty in a row do not happen by
// chance.
inline constexpr unsigned max_key_tries = 20;

using AcceptKey = std::function<base::Status(const hsm::KeyInfo& key)>;
// Makes a key; when `accept` refuses it, destroys it and returns that error.
using MakeKey = std::function<base::Result<hsm::KeyInfo>(const AcceptKey& accept)>;

struct NewKey {
  hsm::KeyInfo info;
  unsigned destroyed = 0;  // how many had a used tag
};
// Errors are those of `make`; refused, KEY-TAG-USED: as many in a row as are tried had a used tag.
base::Result<NewKey> make_new_key(const Keys& keys, bool ksk, const MakeKey& make);

}  // namespace tld::keys
