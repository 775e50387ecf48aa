// SPDX-License-Identifier: GPL-2.0-only
//
// A private key on its way from one token to another: out of the first under its wrapping key, into
// the second under the same one. In the clear it is in neither file nor memory.
//
// Thread rule: as the Session that is used.
#pragma once

#include <string>

#include "base/result.h"
#include "hsm/key.h"
#include "hsm/token.h"
#include "hsm/token_keys.h"

namespace tld::hsm {

struct WrappedKey {
  KeyInfo key;
  KeyId wrapping_key;
  std::string mechanism;  // WrapMechanism::name
  std::string octets;     // PKCS #8 PrivateKeyInfo, wrapped (RFC 5649)
};

// refused: the key may not leave the token, or could leave it otherwise too; the wrapping key can
// be misused. not_found: no such key, no wrapping key (`wrapping_key` "": the only one).
// REQUIRES: a writable session, logged in as user.
base::Result<WrappedKey> wrap_key(Session& session, const KeyId& id,
                                  const KeyId& wrapping_key = {});

// Puts the key in: sensitive, with its CKA_ID and label, to leave this token again as `leaves`
// says. refused: a CKA_ID that is there already; what the token does not unwrap; a private key that
// does not prove that it belongs to the public one. Then the token is as it was before.
// REQUIRES: as above.
base::Result<KeyInfo> unwrap_key(Session& session, const WrappedKey& wrapped, Export leaves);

}  // namespace tld::hsm
