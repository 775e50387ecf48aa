// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/token.h"

#include <array>
#include <utility>

#include "base/bytes.h"
#include "hsm/algorithm.h"

namespace tld::hsm {
namespace {

std::string trimmed(const CK_UTF8CHAR* text, std::size_t size) {
  std::string out(reinterpret_cast<const char*>(text), size);
  out.erase(out.find_last_not_of(" \0") + 1);
  return out;
}

}  // namespace

base::Result<std::shared_ptr<Token>> Token::open(const TokenUri& uri) {
  TLD_TRY(std::shared_ptr<Module> module, Module::load(uri.module_path()));
  TLD_TRY(const CK_SLOT_ID slot, module->find_slot(uri));
  CK_TOKEN_INFO info{};
  const CK_RV code = module->functions().C_GetTokenInfo(slot, &info);
  if (code != CKR_OK) return token_error("C_GetTokenInfo", code);
  return std::shared_ptr<Token>(new Token(std::move(module), slot, info));
}

Token::Token(std::shared_ptr<Module> module, CK_SLOT_ID slot, const CK_TOKEN_INFO& info)
    : module_(std::move(module)),
      slot_(slot),
      label_(trimmed(info.label, sizeof info.label)),
      serial_(trimmed(info.serialNumber, sizeof info.serialNumber)) {}
Token::~Token() = default;

base::Result<CK_FLAGS> Token::flags() const {
  CK_TOKEN_INFO info{};
  const CK_RV code = module_->functions().C_GetTokenInfo(slot_, &info);
  if (code != CKR_OK) return token_error("C_GetTokenInfo", code);
  return info.flags;
}

struct Token::User {
  CK_USER_TYPE type;
  const char* pin;
  CK_FLAGS count_low, final_try, locked;
  bool writable;  // PKCS #11 lets a security officer have read/write sessions only
};

namespace {

constexpr Token::User user{
    CKU_USER, "user PIN", CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED,
    false};
constexpr Token::User officer{
    CKU_SO, "SO PIN", CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED, true};

}  // namespace

base::Status Token::check_tries(const User& who) const {
  TLD_TRY(const CK_FLAGS now, flags());
  if ((now & who.locked) != 0) {
    return base::refused("token " + label_ + " has locked its " + who.pin);
  }
  if ((now & who.final_try) != 0) {
    return base::refused("token " + label_ + " has one try of its " + who.pin +
                         " left, which is kept for the operator");
  }
  return base::ok();
}

base::Status Token::check_tries() const {
  return check_tries(user);
}

base::Status Token::login(const Pin& pin) {
  return login(pin, user);
}

base::Status Token::login_officer(const Pin& pin) {
  return login(pin, officer);
}

base::Status Token::login(const Pin& pin, const User& who) {
  TLD_TRY(check_tries(who));
  TLD_TRY(std::unique_ptr<Session> session, Session::open(shared_from_this(), who.writable));
  // PKCS #11 has no const: the token does not write to it.
  auto* text = reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin.text().data()));
  const CK_RV code = module_->functions().C_Login(session->handle(), who.type, text,
                                                  static_cast<CK_ULONG>(pin.text().size()));
  if (code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN) {
    login_session_ = std::move(session);
    return base::ok();
  }
  const base::Error error = token_error("C_Login", code);
  if (!facts_of(code).pin_not_looked_at) return base::refused(error.message);
  // Some modules say "general error" for a wrong PIN: the token's counter knows.
  const base::Result<CK_FLAGS> after = flags();
  const CK_FLAGS counted = who.count_low | who.final_try | who.locked;
  if (after.has_value() && (after.value() & counted) != 0) return base::refused(error.message);
  return base::unavailable(error.message);
}

base::Result<std::unique_ptr<Session>> Session::open(const std::shared_ptr<Token>& token,
                                                     bool writable) {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0UL);
  const CK_RV code =
      token->module_->functions().C_OpenSession(token->slot_, flags, nullptr, nullptr, &handle);
  if (code != CKR_OK) return token_error("C_OpenSession", code);
  return std::unique_ptr<Session>(new Session(token->module_, handle));
}

Session::Session(std::shared_ptr<Module> module, CK_SESSION_HANDLE handle)
    : module_(std::move(module)), functions_(&module_->functions()), handle_(handle) {}

Session::~Session() {
  functions_->C_CloseSession(handle_);
}

base::Status Session::check_login() const {
  CK_SESSION_INFO info{};
  const CK_RV code = functions_->C_GetSessionInfo(handle_, &info);
  if (code != CKR_OK) return token_error("C_GetSessionInfo", code);
  if (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS) return base::ok();
  return base::unavailable("the token has forgotten the login");
}

base::Result<std::string> Session::sign(const TokenKey& key, std::string_view message) {
  const AlgorithmFacts& algorithm = facts(key.info.public_key.algorithm);
  const base::Sha256 hash = base::sha256(message);
  if (algorithm.hashed_before_token) message = base::as_octets(hash);
  CK_MECHANISM mechanism{algorithm.sign_mechanism, nullptr, 0};
  CK_RV code = functions_->C_SignInit(handle_, &mechanism, key.private_key);
  const char* call = "C_SignInit";
  std::array<unsigned char, 512> out{};  // RSA 4096
  CK_ULONG size = out.size();
  if (code == CKR_OK) {
    call = "C_Sign";
    auto* data = reinterpret_cast<CK_BYTE*>(const_cast<char*>(message.data()));
    code =
        functions_->C_Sign(handle_, data, static_cast<CK_ULONG>(message.size()), out.data(), &size);
  }
  repair_ = code == CKR_OK ? Repair::nothing : facts_of(code).repair;
  if (code != CKR_OK) return token_error(call, code);
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

}  // namespace tld::hsm
