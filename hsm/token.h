// SPDX-License-Identifier: GPL-2.0-only
//
// The ladder to a token: module, token in its slot, session. For tld-hsmd and tldctl only; whoever
// faces the Internet has no PKCS #11 in its process (docs/adr/0003-pkcs11-access.md).
//
// Thread rule: a Module or Token may be shared by threads once made; a Session belongs to one
// thread at a time. A rung is kept alive by the rungs above it.
#pragma once

#include <p11-kit/pkcs11.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hsm/key.h"
#include "hsm/pin.h"
#include "hsm/token_codes.h"
#include "hsm/token_uri.h"

namespace tld::hsm {

class Module {
 public:
  // The one that is loaded already, if there is one.
  static base::Result<std::shared_ptr<Module>> load(const std::string& path);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();  // C_Finalize: every session is gone then

  CK_FUNCTION_LIST& functions() const { return *functions_; }
  // Looks at the slots anew. The slot of the one initialised token that `uri` names; not_found or
  // refused (several).
  base::Result<CK_SLOT_ID> find_slot(const TokenUri& uri) const;

 private:
  struct State;
  explicit Module(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  CK_FUNCTION_LIST* functions_ = nullptr;
};

class Session;

class Token : public std::enable_shared_from_this<Token> {
 public:
  // Loads the module and finds the token; does not log in.
  static base::Result<std::shared_ptr<Token>> open(const TokenUri& uri);
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  ~Token();  // closes the session that held the login

  // refused when the token has locked its user PIN, or when its last try is left: that one is for
  // the operator.
  base::Status check_tries() const;

  // Logs in as user, for all sessions of this token. `refused` means that the token did not take
  // the PIN (or check_tries() says so): the caller must not try it again. A process that is logged
  // in to the token stays so: then no PIN is looked at.
  base::Status login(const Pin& pin);

  // Logs in as security officer (CKU_SO), who may make trusted keys and sees no private ones.
  // Errors as login(). REQUIRES: no other session of this process with the token.
  base::Status login_officer(const Pin& pin);

  struct User;  // whose PIN a login is with

  const std::string& label() const { return label_; }
  const std::string& serial() const { return serial_; }

 private:
  friend class Session;
  Token(std::shared_ptr<Module> module, CK_SLOT_ID slot, const CK_TOKEN_INFO& info);
  base::Status check_tries(const User& user) const;
  base::Status login(const Pin& pin, const User& user);
  base::Result<CK_FLAGS> flags() const;

  std::shared_ptr<Module> module_;
  CK_SLOT_ID slot_;
  std::string label_, serial_;
  std::unique_ptr<Session> login_session_;
};

// A private key as one session sees it.
struct TokenKey {
  KeyInfo info;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
};

class Session {
 public:
  static base::Result<std::unique_ptr<Session>> open(const std::shared_ptr<Token>& token,
                                                     bool writable = false);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();  // C_CloseSession

  CK_FUNCTION_LIST& functions() const { return *functions_; }
  CK_SESSION_HANDLE handle() const { return handle_; }

  // unavailable when the token does not know any more that we logged in: private keys are not
  // there then, and no call says why.
  base::Status check_login() const;

  // A signature in DNSSEC form. On an error repair() says what to do before the next one.
  base::Result<std::string> sign(const TokenKey& key, std::string_view message);
  Repair repair() const { return repair_; }
  void forget_repair() { repair_ = Repair::nothing; }

 private:
  friend class Token;
  Session(std::shared_ptr<Module> module, CK_SESSION_HANDLE handle);

  std::shared_ptr<Module> module_;
  CK_FUNCTION_LIST* functions_;
  CK_SESSION_HANDLE handle_;
  Repair repair_ = Repair::nothing;
};

}  // namespace tld::hsm
