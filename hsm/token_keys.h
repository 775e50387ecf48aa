// SPDX-License-Identifier: GPL-2.0-only
//
// Keys inside a token: finding them with their public halves, and making them.
//
// Thread rule: as the Session that is used.
#pragma once

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
// REQUIRES: logged in.
base::Result<TokenKey> find_key(Session& session, const KeyId& id);

// All private keys of our algorithms, in the order of their ids; refused when an id is there twice.
base::Result<std::vector<KeyInfo>> list_keys(Session& session);

// Makes a key pair in the token: for signing only, sensitive, never extractable, CKA_ID 16 random
// octets, CKA_LABEL their hex. The token has then told that these attributes hold, and has signed a
// nonce which verified in software; else the pair is destroyed again.
// REQUIRES: a writable session, logged in.
base::Result<KeyInfo> generate_key(Session& session, Algorithm algorithm, unsigned rsa_bits = 2048);

}  // namespace tld::hsm
