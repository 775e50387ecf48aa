// SPDX-License-Identifier: GPL-2.0-only
//
// The key that others leave a token under: AES-256, CKA_TRUSTED, which only a security officer can
// set. It wraps and unwraps and does nothing else, cannot be altered or copied, and what it unwraps
// is a sensitive private key, whatever the one who asks would like (CKA_UNWRAP_TEMPLATE): without
// that, whoever has the PIN could wrap a key, unwrap it in the clear and read it.
// docs/adr/0008-wrapped-keys.md.
//
// It is no private object (CKA_PRIVATE is false): a security officer cannot make those.
//
// Thread rule: as the Session that is used.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "hsm/key.h"
#include "hsm/token.h"

namespace tld::hsm {

inline constexpr std::size_t wrapping_key_octets = 32;

struct WrappingKey {
  KeyId id;
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
};

// What a token can do of AES key wrap with padding (RFC 5649). PKCS #11 2.40 left open which
// padding CKM_AES_KEY_WRAP_PAD is; 3.0 says so with CKM_AES_KEY_WRAP_KWP. The file says which.
struct WrapMechanism {
  const char* name;
  CK_MECHANISM_TYPE type;
};
// nullptr: no such mechanism.
const WrapMechanism* find_wrap_mechanism(std::string_view name);
// unavailable: the token has none.
base::Result<WrapMechanism> wrap_mechanism_of(Session& session);

// Made in the token; nobody ever sees its value. CKA_ID: 16 random octets.
// REQUIRES: a writable session of the security officer. It is asked whether all attributes hold.
base::Result<KeyId> generate_wrapping_key(Session& session);

// From its value, so that several tokens have the same one. CKA_ID: the first 16 octets of the
// SHA-256 of the value. refused: it is there already.
// REQUIRES: as above; wrapping_key_octets octets.
base::Result<KeyId> install_wrapping_key(Session& session, std::string_view value);
KeyId wrapping_key_id(std::string_view value);

// `id` "": the only one. not_found, or refused: there are several.
base::Result<WrappingKey> find_wrapping_key(Session& session, const KeyId& id = {});

// `key` under the wrapping key. refused: it may not leave the token so.
base::Result<std::string> wrapped_octets(Session& session, CK_MECHANISM mechanism,
                                         const WrappingKey& under, CK_OBJECT_HANDLE key);

// Tries to misuse it, with a key that is gone afterwards: refused when the token lets a key be
// unwrapped that is not sensitive, not private, or can be wrapped by keys that are not trusted; or
// lets the wrapping key decrypt. REQUIRES: a writable session, logged in as user.
base::Status check_wrapping_key(Session& session, const WrappingKey& key);

}  // namespace tld::hsm
