// SPDX-License-Identifier: GPL-2.0-only
//
// generate_key of token_keys.h.
#include <array>
#include <utility>

#include "base/bytes.h"
#include "hsm/algorithm.h"
#include "hsm/openssl_key.h"
#include "hsm/token_attributes.h"
#include "hsm/token_keys.h"

namespace tld::hsm {
namespace {

struct Pair {
  CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
};

Template public_template(Algorithm algorithm, const KeyId& id, unsigned rsa_bits) {
  Template out;
  out.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false);
  out.flag(CKA_VERIFY, true).flag(CKA_ENCRYPT, false).flag(CKA_WRAP, false);
  out.octets(CKA_ID, id).octets(CKA_LABEL, base::to_hex(id));
  if (algorithm == Algorithm::rsasha256) {
    out.number(CKA_MODULUS_BITS, rsa_bits);
    out.octets(CKA_PUBLIC_EXPONENT, std::string("\x01\x00\x01", 3));
  } else {
    out.octets(CKA_EC_PARAMS, p256_parameters());
  }
  return out;
}

Template private_template(const KeyId& id, Export leaves) {
  Template out;
  out.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true);
  out.flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, leaves == Export::wrapped);
  // Not said of others: a token may not know it.
  if (leaves == Export::wrapped) out.flag(CKA_WRAP_WITH_TRUSTED, true);
  out.flag(CKA_SIGN, true).flag(CKA_DECRYPT, false).flag(CKA_UNWRAP, false);
  out.flag(CKA_DERIVE, false);
  out.octets(CKA_ID, id).octets(CKA_LABEL, base::to_hex(id));
  return out;
}

base::Result<Pair> make_pair(Session& session, Algorithm algorithm, const KeyId& id,
                             unsigned rsa_bits, Export leaves) {
  Template public_half = public_template(algorithm, id, rsa_bits);
  Template private_half = private_template(id, leaves);
  auto public_attributes = public_half.attributes();
  auto private_attributes = private_half.attributes();
  CK_MECHANISM mechanism{facts(algorithm).generate_mechanism, nullptr, 0};
  Pair out;
  const CK_RV code = session.functions().C_GenerateKeyPair(
      session.handle(), &mechanism, public_attributes.data(), public_attributes.size(),
      private_attributes.data(), private_attributes.size(), &out.public_key, &out.private_key);
  if (code != CKR_OK) return token_error("C_GenerateKeyPair", code);
  return out;
}

// A token may ignore a template: ask it what it made.
base::Status check_private_key(Session& session, CK_OBJECT_HANDLE key, Export leaves) {
  struct Wanted {
    CK_ATTRIBUTE_TYPE type;
    bool value;
    const char* name;
  };
  static constexpr std::array<Wanted, 5> all{{{CKA_TOKEN, true, "CKA_TOKEN"},
                                              {CKA_PRIVATE, true, "CKA_PRIVATE"},
                                              {CKA_SENSITIVE, true, "CKA_SENSITIVE"},
                                              {CKA_SIGN, true, "CKA_SIGN"},
                                              {CKA_DECRYPT, false, "CKA_DECRYPT"}}};
  for (const Wanted& wanted : all) {
    TLD_TRY(const bool value, read_flag(session, key, wanted.type));
    if (value != wanted.value) {
      return base::refused(std::string("the token made a key with the wrong ") + wanted.name);
    }
  }
  TLD_TRY(const Export found, export_of(session, key));
  if (found != leaves) return base::refused("the token made a key with the wrong CKA_EXTRACTABLE");
  return base::ok();
}

base::Result<KeyInfo> try_key(Session& session, const KeyId& id, Export leaves,
                              const AcceptKey& accept) {
  TLD_TRY(const TokenKey key, find_key(session, id));
  TLD_TRY(check_private_key(session, key.private_key, leaves));
  TLD_TRY(prove_key(session, key));
  if (accept) {
    TLD_TRY(accept(key.info));
  }
  return key.info;
}

}  // namespace

base::Result<KeyInfo> generate_key(Session& session, Algorithm algorithm, unsigned rsa_bits,
                                   Export leaves, const AcceptKey& accept) {
  const AlgorithmFacts& limits = facts(algorithm);
  if (algorithm == Algorithm::rsasha256 &&
      (rsa_bits < limits.smallest_bits || rsa_bits > limits.largest_bits)) {
    return base::invalid_input("RSA keys have 1024 to 4096 bits");
  }
  TLD_TRY(const KeyId id, random_octets(16));
  TLD_TRY(const Pair pair, make_pair(session, algorithm, id, rsa_bits, leaves));
  auto info = try_key(session, id, leaves, accept);
  if (info.has_error()) {
    session.functions().C_DestroyObject(session.handle(), pair.private_key);
    session.functions().C_DestroyObject(session.handle(), pair.public_key);
  }
  return info;
}

}  // namespace tld::hsm
