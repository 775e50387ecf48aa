// SPDX-License-Identifier: GPL-2.0-only
//
// Keys inside a token: finding them with their public halves, and making them.
//
// Thread rule: as the Session that is used.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hsm/key.h"
#include "hsm/token.h"

namespace tld::hsm {

// CKA_EC_PARAMS of P-256: its object identifier in DER.
std::string p256_parameters();

// The private key with this CKA_ID and the public key beside it. not_found when either is missing,
// refused when a CKA_ID is there twice, invalid_input for a key that is none of our algorithms.
// refused too, "KEY-RETIRED", when it was marked as retired: nobody gets to sign with it.
// REQUIRES: logged in.
base::Result<TokenKey> find_key(Session& session, const KeyId& id);

// Marks the key as retired, for ever as far as this program goes: CKA_SIGN is false from now on, so
// the token itself refuses to sign. The key stays. Done already: ok.
// REQUIRES: a writable session, logged in.
base::Status retire_key(Session& session, const KeyId& id);

// Has the key sign a nonce, and verifies that with its public key: the private half is there, and
// belongs to it.
base::Status prove_key(Session& session, const TokenKey& key);

// All private keys of our algorithms, in the order of their ids, retired ones too; refused when an
// id is there twice.
base::Result<std::vector<KeyInfo>> list_keys(Session& session);

// A key that never leaves its token, or one that leaves it wrapped by a trusted key only
// (CKA_EXTRACTABLE and CKA_WRAP_WITH_TRUSTED; token_wrap.h).
enum class Export { never, wrapped };

// What CKA_EXTRACTABLE and its neighbours say of the key; refused when they let it out unwrapped,
// or by anybody's wrapping key.
base::Result<Export> export_of(Session& session, CK_OBJECT_HANDLE private_key);

// Makes a key pair in the token: for signing only, sensitive, CKA_ID 16 random octets, CKA_LABEL
// their hex. The token has then told that these attributes hold, and has signed a nonce which
// verified in software, and `accept` has agreed; else the pair is destroyed again.
// REQUIRES: a writable session, logged in.
using AcceptKey = std::function<base::Status(const KeyInfo& key)>;
base::Result<KeyInfo> generate_key(Session& session, Algorithm algorithm, unsigned rsa_bits = 2048,
                                   Export leaves = Export::never, const AcceptKey& accept = {});

}  // namespace tld::hsm
