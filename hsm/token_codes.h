// SPDX-License-Identifier: GPL-2.0-only
//
// What the return values of PKCS #11 mean to us: the one table. Whether another token may do what
// this one could not, and what must be done here before the next request. docs/hsm.md has it for
// people.
//
// Thread rule: pure functions.
#pragma once

#include <p11-kit/pkcs11.h>

#include <span>

#include "base/result.h"

namespace tld::hsm {

enum class Repair {
  nothing,     // the next request may do well
  find_key,    // look for the key again, once, and sign
  open_again,  // sessions or login are gone: module, slot, login, keys from the start
};

struct CodeFacts {
  CK_RV code;
  const char* name;
  // unavailable: this token, now; internal: this token, always. Both are worth another token.
  base::ErrorKind kind;
  Repair repair;
  bool pin_not_looked_at = false;  // from C_Login: the token could not be asked
};

std::span<const CodeFacts> known_codes();
// What is not in the table counts as CKR_GENERAL_ERROR, but as a PIN that was looked at: start anew
// rather than guess, and try no PIN twice.
const CodeFacts& facts_of(CK_RV code);

// "C_Sign: <what p11-kit says>", of the kind that the table says.
base::Error token_error(const char* call, CK_RV code);

}  // namespace tld::hsm
