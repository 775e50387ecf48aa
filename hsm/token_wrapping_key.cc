// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token_wrapping_key.h"

#include <array>
#include <utility>

#include "base/bytes.h"
#include "hsm/openssl_key.h"
#include "hsm/token_attributes.h"
#include "hsm/token_keys.h"

namespace tld::hsm {
namespace {

// p11-kit's header ends with 2.40.
constexpr CK_MECHANISM_TYPE ckm_aes_key_wrap_kwp = 0x210b;
constexpr std::array<WrapMechanism, 2> mechanisms{{{"CKM_AES_KEY_WRAP_KWP", ckm_aes_key_wrap_kwp},
                                                   {"CKM_AES_KEY_WRAP_PAD", CKM_AES_KEY_WRAP_PAD}}};

Template what_it_unwraps() {
  Template out;
  out.number(CKA_CLASS, CKO_PRIVATE_KEY).flag(CKA_PRIVATE, true);
  out.flag(CKA_SENSITIVE, true).flag(CKA_WRAP_WITH_TRUSTED, true);
  return out;
}

Template wrapping_template(const KeyId& id) {
  Template out;
  out.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_AES);
  out.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false);
  out.flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
  out.flag(CKA_TRUSTED, true).flag(CKA_WRAP, true).flag(CKA_UNWRAP, true);
  // A wrapping key that decrypts would give out what it wraps, as data.
  out.flag(CKA_ENCRYPT, false).flag(CKA_DECRYPT, false);
  out.flag(CKA_SIGN, false).flag(CKA_VERIFY, false).flag(CKA_DERIVE, false);
  out.flag(CKA_MODIFIABLE, false).flag(CKA_COPYABLE, false);
  out.octets(CKA_ID, id).octets(CKA_LABEL, "wrapping-key " + base::to_hex(id));
  return out.nested(CKA_UNWRAP_TEMPLATE, what_it_unwraps());
}

// A token may ignore a template: ask it what it made. (CKA_UNWRAP_TEMPLATE cannot be asked for
// everywhere: check_wrapping_key() tries it.)
base::Status check_attributes(Session& session, CK_OBJECT_HANDLE key) {
  struct Wanted {
    CK_ATTRIBUTE_TYPE type;
    bool value;
    const char* name;
  };
  static constexpr std::array<Wanted, 8> all{{{CKA_TOKEN, true, "CKA_TOKEN"},
                                              {CKA_SENSITIVE, true, "CKA_SENSITIVE"},
                                              {CKA_EXTRACTABLE, false, "CKA_EXTRACTABLE"},
                                              {CKA_TRUSTED, true, "CKA_TRUSTED"},
                                              {CKA_WRAP, true, "CKA_WRAP"},
                                              {CKA_DECRYPT, false, "CKA_DECRYPT"},
                                              {CKA_MODIFIABLE, false, "CKA_MODIFIABLE"},
                                              {CKA_COPYABLE, false, "CKA_COPYABLE"}}};
  for (const Wanted& wanted : all) {
    TLD_TRY(const bool value, read_flag(session, key, wanted.type));
    if (value != wanted.value) {
      return base::refused(std::string("the wrapping key has the wrong ") + wanted.name);
    }
  }
  return base::ok();
}

base::Result<KeyId> checked(Session& session, CK_OBJECT_HANDLE key, const KeyId& id) {
  auto status = check_attributes(session, key);
  if (status) return id;
  session.functions().C_DestroyObject(session.handle(), key);
  return status.error();
}

// --- a key to try things with ---

class TrialKey {
 public:
  static base::Result<TrialKey> make(Session& session) {
    Template public_half, private_half;
    public_half.flag(CKA_TOKEN, false).octets(CKA_EC_PARAMS, p256_parameters());
    private_half.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).flag(CKA_SIGN, true);
    private_half.flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, true);
    private_half.flag(CKA_WRAP_WITH_TRUSTED, true);
    auto public_attributes = public_half.attributes();
    auto private_attributes = private_half.attributes();
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    TrialKey out(session);
    const CK_RV code = session.functions().C_GenerateKeyPair(
        session.handle(), &mechanism, public_attributes.data(), public_attributes.size(),
        private_attributes.data(), private_attributes.size(), &out.public_key_, &out.private_key_);
    if (code != CKR_OK) return token_error("C_GenerateKeyPair", code);
    return out;
  }
  TrialKey(TrialKey&& other) noexcept
      : session_(other.session_),
        public_key_(std::exchange(other.public_key_, CK_INVALID_HANDLE)),
        private_key_(std::exchange(other.private_key_, CK_INVALID_HANDLE)) {}
  TrialKey& operator=(TrialKey&&) = delete;
  ~TrialKey() {
    for (const CK_OBJECT_HANDLE object : {public_key_, private_key_}) {
      if (object == CK_INVALID_HANDLE) continue;
      session_.functions().C_DestroyObject(session_.handle(), object);
    }
  }
  CK_OBJECT_HANDLE private_key() const { return private_key_; }

 private:
  explicit TrialKey(Session& session) : session_(session) {}
  Session& session_;
  CK_OBJECT_HANDLE public_key_ = CK_INVALID_HANDLE, private_key_ = CK_INVALID_HANDLE;
};

struct Trial {
  bool is_private, sensitive, trusted_only;
  const char* what;  // of a key that may not be unwrapped so; nullptr: it must be possible
};

constexpr std::array<Trial, 4> trials{
    {{true, true, true, nullptr},
     {true, false, true, "in the clear (CKA_SENSITIVE false)"},
     {false, true, true, "for use without PIN (CKA_PRIVATE false)"},
     {true, true, false, "for any wrapping key (CKA_WRAP_WITH_TRUSTED false)"}}};

base::Status try_unwrap(Session& session, const WrappingKey& key, CK_MECHANISM mechanism,
                        std::string& wrapped, const Trial& trial) {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_PRIVATE_KEY).number(CKA_KEY_TYPE, CKK_EC).flag(CKA_TOKEN, false);
  wanted.flag(CKA_PRIVATE, trial.is_private).flag(CKA_SENSITIVE, trial.sensitive);
  wanted.flag(CKA_EXTRACTABLE, true).flag(CKA_WRAP_WITH_TRUSTED, trial.trusted_only);
  auto attributes = wanted.attributes();
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const CK_RV code = session.functions().C_UnwrapKey(
      session.handle(), &mechanism, key.key, reinterpret_cast<CK_BYTE*>(wrapped.data()),
      wrapped.size(), attributes.data(), attributes.size(), &made);
  if (code == CKR_OK) session.functions().C_DestroyObject(session.handle(), made);
  if (trial.what == nullptr) return code == CKR_OK ? base::ok() : token_error("C_UnwrapKey", code);
  if (code != CKR_OK) return base::ok();
  return base::refused(std::string("the token lets a key be unwrapped ") + trial.what +
                       ": it does not keep to CKA_UNWRAP_TEMPLATE");
}

base::Status check_decrypts_nothing(Session& session, const WrappingKey& key) {
  Template wanted = Template().flag(CKA_DECRYPT, true);
  auto attributes = wanted.attributes();
  const CK_RV code = session.functions().C_SetAttributeValue(session.handle(), key.key,
                                                             attributes.data(), attributes.size());
  if (code != CKR_OK) return base::ok();
  return base::refused("the token lets CKA_DECRYPT of the wrapping key be set");
}

}  // namespace

const WrapMechanism* find_wrap_mechanism(std::string_view name) {
  for (const WrapMechanism& each : mechanisms) {
    if (name == each.name) return &each;
  }
  return nullptr;
}

base::Result<WrapMechanism> wrap_mechanism_of(Session& session) {
  CK_SESSION_INFO where{};
  CK_RV code = session.functions().C_GetSessionInfo(session.handle(), &where);
  if (code != CKR_OK) return token_error("C_GetSessionInfo", code);
  for (const WrapMechanism& each : mechanisms) {
    CK_MECHANISM_INFO info{};
    code = session.functions().C_GetMechanismInfo(where.slotID, each.type, &info);
    constexpr CK_FLAGS both = CKF_WRAP | CKF_UNWRAP;
    if (code == CKR_OK && (info.flags & both) == both) return each;
  }
  return base::unavailable(
      "the token has neither CKM_AES_KEY_WRAP_KWP nor CKM_AES_KEY_WRAP_PAD: its keys can only be "
      "copied by its vendor's means");
}

base::Result<KeyId> generate_wrapping_key(Session& session) {
  TLD_TRY(const KeyId id, random_octets(16));
  Template wanted = wrapping_template(id).number(CKA_VALUE_LEN, wrapping_key_octets);
  auto attributes = wanted.attributes();
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  const CK_RV code = session.functions().C_GenerateKey(session.handle(), &mechanism,
                                                       attributes.data(), attributes.size(), &key);
  if (code != CKR_OK) return token_error("C_GenerateKey", code);
  return checked(session, key, id);
}

KeyId wrapping_key_id(std::string_view value) {
  const base::Sha256 digest = base::sha256(value);
  return KeyId(base::as_octets(digest).substr(0, 16));
}

base::Result<KeyId> install_wrapping_key(Session& session, std::string_view value) {
  const KeyId id = wrapping_key_id(value);
  if (value.size() != wrapping_key_octets) {
    return base::invalid_input("a wrapping key has 32 octets");
  }
  if (auto there = find_wrapping_key(session, id); there) {
    return base::refused("wrapping key " + base::to_hex(id) + " is there already");
  }
  Template wanted = wrapping_template(id);
  auto attributes = wanted.attributes();
  // Not through the template, which would keep a copy.
  attributes.push_back({CKA_VALUE, const_cast<char*>(value.data()), value.size()});
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  const CK_RV code = session.functions().C_CreateObject(session.handle(), attributes.data(),
                                                        attributes.size(), &key);
  if (code != CKR_OK) return token_error("C_CreateObject", code);
  return checked(session, key, id);
}

base::Result<WrappingKey> find_wrapping_key(Session& session, const KeyId& id) {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_AES);
  wanted.flag(CKA_TRUSTED, true).flag(CKA_WRAP, true).flag(CKA_UNWRAP, true);
  if (!id.empty()) wanted.octets(CKA_ID, id);
  const std::string which =
      id.empty() ? "trusted wrapping key" : "wrapping key " + base::to_hex(id);
  TLD_TRY(const auto found, find_objects(session, std::move(wanted)));
  if (found.empty()) return base::not_found("the token has no " + which);
  if (found.size() > 1) return base::refused("the token has more than one " + which);
  TLD_TRY(check_attributes(session, found.front()));
  TLD_TRY(KeyId its_id, read_octets(session, found.front(), CKA_ID));
  return WrappingKey{std::move(its_id), found.front()};
}

base::Result<std::string> wrapped_octets(Session& session, CK_MECHANISM mechanism,
                                         const WrappingKey& under, CK_OBJECT_HANDLE key) {
  CK_ULONG size = 0;
  std::string out;
  CK_RV code =
      session.functions().C_WrapKey(session.handle(), &mechanism, under.key, key, nullptr, &size);
  if (code == CKR_OK) {
    out.resize(size);
    code = session.functions().C_WrapKey(session.handle(), &mechanism, under.key, key,
                                         reinterpret_cast<CK_BYTE*>(out.data()), &size);
  }
  if (code == CKR_KEY_NOT_WRAPPABLE || code == CKR_KEY_UNEXTRACTABLE) {
    return base::refused(token_error("C_WrapKey", code).message);
  }
  if (code != CKR_OK) return token_error("C_WrapKey", code);
  out.resize(size);
  return out;
}

base::Status check_wrapping_key(Session& session, const WrappingKey& key) {
  TLD_TRY(check_decrypts_nothing(session, key));
  TLD_TRY(const WrapMechanism chosen, wrap_mechanism_of(session));
  TLD_TRY(const TrialKey trial_key, TrialKey::make(session));
  CK_MECHANISM mechanism{chosen.type, nullptr, 0};
  TLD_TRY(std::string wrapped, wrapped_octets(session, mechanism, key, trial_key.private_key()));
  for (const Trial& trial : trials) {
    TLD_TRY(try_unwrap(session, key, mechanism, wrapped, trial));
  }
  return base::ok();
}

}  // namespace tld::hsm
