// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token_keys.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "hsm/algorithm.h"
#include "hsm/openssl_key.h"
#include "hsm/proof.h"
#include "hsm/token_attributes.h"
#include "hsm/verify.h"

namespace tld::hsm {
namespace {

using namespace std::string_literals;

constexpr std::size_t point_octets = 65;  // 0x04, x, y of a P-256 point (SEC 1 §2.3.3)

base::Result<CK_OBJECT_HANDLE> find_one(Session& session, CK_OBJECT_CLASS kind, const KeyId& id) {
  const std::string what = kind == CKO_PUBLIC_KEY ? "public key " : "private key ";
  TLD_TRY(const auto found,
          find_objects(session, Template().number(CKA_CLASS, kind).octets(CKA_ID, id)));
  if (found.empty()) {
    return base::not_found("the token has no " + what + base::to_hex(id));
  }
  if (found.size() > 1) {
    return base::refused("the token has " + std::to_string(found.size()) + " times a " + what +
                         base::to_hex(id) + "; CKA_ID must be unique");
  }
  return found.front();
}

base::Result<std::string> read_rsa(Session& session, CK_OBJECT_HANDLE object) {
  TLD_TRY(const std::string modulus, read_octets(session, object, CKA_MODULUS));
  TLD_TRY(const std::string exponent, read_octets(session, object, CKA_PUBLIC_EXPONENT));
  return rsa_octets(modulus, exponent);
}

base::Result<std::string> read_point(Session& session, CK_OBJECT_HANDLE object) {
  TLD_TRY(const std::string curve, read_octets(session, object, CKA_EC_PARAMS));
  if (curve != p256_parameters()) return base::invalid_input("a key on another curve than P-256");
  TLD_TRY(std::string point, read_octets(session, object, CKA_EC_POINT));
  // PKCS #11 wants the point inside a DER OCTET STRING; older modules give it bare.
  if (point.size() == point_octets + 2 && point.starts_with("\x04\x41")) point.erase(0, 2);
  if (point.size() != point_octets || point.front() != '\x04') {
    return base::invalid_input("the token gave a point in an unknown form");
  }
  return point.substr(1);
}

base::Result<PublicKey> read_public_key(Session& session, CK_OBJECT_HANDLE object) {
  TLD_TRY(const CK_ULONG type, read_number(session, object, CKA_KEY_TYPE));
  for (const AlgorithmFacts& algorithm : algorithms()) {
    if (algorithm.key_type != type) continue;
    TLD_TRY(std::string octets, algorithm.algorithm == Algorithm::rsasha256
                                    ? read_rsa(session, object)
                                    : read_point(session, object));
    PublicKey key{algorithm.algorithm, std::move(octets)};
    TLD_TRY(to_openssl(key));
    return key;
  }
  return base::invalid_input("a key of a type that DNSSEC here does not use");
}

base::Result<TokenKey> look_up(Session& session, const KeyId& id) {
  TokenKey out;
  out.info.id = id;
  TLD_TRY(out.private_key, find_one(session, CKO_PRIVATE_KEY, id));
  TLD_TRY(const CK_OBJECT_HANDLE public_half, find_one(session, CKO_PUBLIC_KEY, id));
  auto key = read_public_key(session, public_half);
  if (key.has_error()) return key.error().in("key " + base::to_hex(id));
  out.info.public_key = std::move(key.value());
  TLD_TRY(out.info.label, read_octets(session, out.private_key, CKA_LABEL));
  TLD_TRY(const bool signs, read_flag(session, out.private_key, CKA_SIGN));
  out.info.retired = !signs;
  return out;
}

}  // namespace

std::string p256_parameters() {
  return "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"s;
}

base::Result<TokenKey> find_key(Session& session, const KeyId& id) {
  TLD_TRY(TokenKey key, look_up(session, id));
  if (!key.info.retired) return key;
  return base::refused(
      "KEY-RETIRED: key " + base::to_hex(id) +
      " is marked as retired in the token (CKA_SIGN is false), never to sign again");
}

base::Status retire_key(Session& session, const KeyId& id) {
  TLD_TRY(const TokenKey key, look_up(session, id));
  if (key.info.retired) return base::ok();
  Template mark = Template().flag(CKA_SIGN, false);
  auto attributes = mark.attributes();
  const CK_RV code = session.functions().C_SetAttributeValue(session.handle(), key.private_key,
                                                             attributes.data(), attributes.size());
  if (code != CKR_OK) return token_error("C_SetAttributeValue", code);
  TLD_TRY(const bool signs, read_flag(session, key.private_key, CKA_SIGN));
  if (signs) return base::refused("the token did not take CKA_SIGN = false");
  return base::ok();
}

base::Result<Export> export_of(Session& session, CK_OBJECT_HANDLE private_key) {
  TLD_TRY(const bool sensitive, read_flag(session, private_key, CKA_SENSITIVE));
  if (!sensitive) return base::refused("the token gives the key away: CKA_SENSITIVE is false");
  TLD_TRY(const bool extractable, read_flag(session, private_key, CKA_EXTRACTABLE));
  if (!extractable) return Export::never;
  TLD_TRY(const bool trusted_only, read_flag(session, private_key, CKA_WRAP_WITH_TRUSTED));
  if (trusted_only) return Export::wrapped;
  return base::refused(
      "whoever has the PIN can wrap this key with a key of his own: CKA_EXTRACTABLE is true and "
      "CKA_WRAP_WITH_TRUSTED false");
}

base::Status prove_key(Session& session, const TokenKey& key) {
  TLD_TRY(const std::string nonce, random_octets(32));
  const std::string message = proof_message(nonce);
  TLD_TRY(const std::string signature, session.sign(key, message));
  TLD_TRY(const Verifier verifier, Verifier::make(key.info.public_key));
  if (verifier.verify(message, signature)) return base::ok();
  return base::refused("the token's signature over a nonce does not verify with the public key");
}

base::Result<std::vector<KeyInfo>> list_keys(Session& session) {
  TLD_TRY(const auto private_keys,
          find_objects(session, Template().number(CKA_CLASS, CKO_PRIVATE_KEY)));
  std::vector<KeyInfo> out;
  for (const CK_OBJECT_HANDLE object : private_keys) {
    TLD_TRY(const KeyId id, read_octets(session, object, CKA_ID));
    if (id.empty()) continue;
    auto key = look_up(session, id);
    if (key.has_value()) {
      out.push_back(std::move(key.value().info));
    } else if (key.error().kind != base::ErrorKind::invalid_input &&
               key.error().kind != base::ErrorKind::not_found) {
      return key.error();
    }
  }
  std::sort(out.begin(), out.end(), [](const KeyInfo& a, const KeyInfo& b) { return a.id < b.id; });
  return out;
}

}  // namespace tld::hsm
