// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token_wrap.h"

#include <vector>

#include "base/bytes.h"
#include "hsm/algorithm.h"
#include "hsm/openssl_key.h"
#include "hsm/token_attributes.h"
#include "hsm/token_wrapping_key.h"

namespace tld::hsm {
namespace {

// --- into the token ---

// What was made so far; gone again unless kept.
class NewObjects {
 public:
  explicit NewObjects(Session& session) : session_(session) {}
  NewObjects(const NewObjects&) = delete;
  NewObjects& operator=(const NewObjects&) = delete;
  ~NewObjects() { remove(); }
  void add(CK_OBJECT_HANDLE object) { objects_.push_back(object); }
  void keep() { objects_.clear(); }
  // Were they all removed?
  bool remove() {
    bool all = true;
    for (const CK_OBJECT_HANDLE object : objects_) {
      all &= session_.functions().C_DestroyObject(session_.handle(), object) == CKR_OK;
    }
    objects_.clear();
    return all;
  }

 private:
  Session& session_;
  std::vector<CK_OBJECT_HANDLE> objects_;
};

base::Status check_id_is_free(Session& session, const KeyId& id) {
  for (const CK_OBJECT_CLASS kind : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
    TLD_TRY(const auto found,
            find_objects(session, Template().number(CKA_CLASS, kind).octets(CKA_ID, id)));
    if (!found.empty()) {
      return base::refused("the token has a key with CKA_ID " + base::to_hex(id) + " already");
    }
  }
  return base::ok();
}

base::Result<CK_OBJECT_HANDLE> put_private(Session& session, const WrappedKey& wrapped,
                                           const WrappingKey& wrapping_key, Export leaves) {
  const WrapMechanism* const known = find_wrap_mechanism(wrapped.mechanism);
  if (known == nullptr) return base::invalid_input("no mechanism is " + wrapped.mechanism);
  Template wanted;
  wanted.number(CKA_CLASS, CKO_PRIVATE_KEY);
  wanted.number(CKA_KEY_TYPE, facts(wrapped.key.public_key.algorithm).key_type);
  wanted.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true);
  wanted.flag(CKA_EXTRACTABLE, leaves == Export::wrapped).flag(CKA_WRAP_WITH_TRUSTED, true);
  wanted.flag(CKA_SIGN, true).flag(CKA_DECRYPT, false).flag(CKA_UNWRAP, false);
  wanted.flag(CKA_DERIVE, false);
  wanted.octets(CKA_ID, wrapped.key.id).octets(CKA_LABEL, wrapped.key.label);
  auto attributes = wanted.attributes();
  CK_MECHANISM mechanism{known->type, nullptr, 0};
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const CK_RV code = session.functions().C_UnwrapKey(
      session.handle(), &mechanism, wrapping_key.key,
      reinterpret_cast<CK_BYTE*>(const_cast<char*>(wrapped.octets.data())), wrapped.octets.size(),
      attributes.data(), attributes.size(), &made);
  if (code == CKR_OK) return made;
  // Tokens say "general error" for what was altered: another try does not help.
  return base::refused("the token does not unwrap it with wrapping key " +
                       base::to_hex(wrapping_key.id) + ": " +
                       token_error("C_UnwrapKey", code).message);
}

base::Result<CK_OBJECT_HANDLE> put_public(Session& session, const KeyInfo& key) {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_PUBLIC_KEY);
  wanted.number(CKA_KEY_TYPE, facts(key.public_key.algorithm).key_type);
  wanted.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false).flag(CKA_VERIFY, true);
  wanted.flag(CKA_ENCRYPT, false).flag(CKA_WRAP, false);
  wanted.octets(CKA_ID, key.id).octets(CKA_LABEL, key.label);
  if (key.public_key.algorithm == Algorithm::rsasha256) {
    TLD_TRY(const RsaNumbers numbers, rsa_numbers(key.public_key.octets));
    wanted.octets(CKA_MODULUS, numbers.modulus).octets(CKA_PUBLIC_EXPONENT, numbers.exponent);
  } else {
    wanted.octets(CKA_EC_PARAMS, p256_parameters());
    // An uncompressed point inside a DER OCTET STRING.
    wanted.octets(CKA_EC_POINT, "\x04\x41\x04" + key.public_key.octets);
  }
  auto attributes = wanted.attributes();
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const CK_RV code = session.functions().C_CreateObject(session.handle(), attributes.data(),
                                                        attributes.size(), &made);
  if (code != CKR_OK) return token_error("C_CreateObject", code);
  return made;
}

base::Result<KeyInfo> check_made(Session& session, const WrappedKey& wrapped, Export leaves) {
  TLD_TRY(const TokenKey key, find_key(session, wrapped.key.id));
  if (!(key.info.public_key == wrapped.key.public_key)) {
    return base::internal("the token changed the public key");
  }
  TLD_TRY(const Export found, export_of(session, key.private_key));
  if (found != leaves) return base::refused("the token did not keep to CKA_EXTRACTABLE");
  TLD_TRY(prove_key(session, key));
  return key.info;
}

base::Result<KeyInfo> put(Session& session, const WrappedKey& wrapped,
                          const WrappingKey& wrapping_key, Export leaves, NewObjects& made) {
  TLD_TRY(const auto private_key, put_private(session, wrapped, wrapping_key, leaves));
  made.add(private_key);
  TLD_TRY(const auto public_key, put_public(session, wrapped.key));
  made.add(public_key);
  return check_made(session, wrapped, leaves);
}

}  // namespace

base::Result<WrappedKey> wrap_key(Session& session, const KeyId& id, const KeyId& wrapping_key) {
  TLD_TRY(const TokenKey key, find_key(session, id));
  TLD_TRY(const Export leaves, export_of(session, key.private_key));
  if (leaves == Export::never) {
    return base::refused("key " + base::to_hex(id) +
                         " was not made to leave its token: CKA_EXTRACTABLE is false for ever");
  }
  TLD_TRY(const WrappingKey under, find_wrapping_key(session, wrapping_key));
  TLD_TRY(check_wrapping_key(session, under));
  TLD_TRY(const WrapMechanism mechanism, wrap_mechanism_of(session));
  TLD_TRY(std::string octets,
          wrapped_octets(session, {mechanism.type, nullptr, 0}, under, key.private_key));
  return WrappedKey{key.info, under.id, mechanism.name, std::move(octets)};
}

base::Result<KeyInfo> unwrap_key(Session& session, const WrappedKey& wrapped, Export leaves) {
  TLD_TRY(to_openssl(wrapped.key.public_key));
  if (wrapped.key.id.empty()) return base::invalid_input("a key without CKA_ID");
  TLD_TRY(check_id_is_free(session, wrapped.key.id));
  TLD_TRY(const WrappingKey under, find_wrapping_key(session, wrapped.wrapping_key));
  TLD_TRY(check_wrapping_key(session, under));
  NewObjects made(session);
  auto key = put(session, wrapped, under, leaves, made);
  if (key) {
    made.keep();
    return key;
  }
  if (made.remove()) return key.error();
  return key.error().in("the token keeps a part of the key under this CKA_ID; remove it");
}

}  // namespace tld::hsm
