// SPDX-License-Identifier: GPL-2.0-only
//
// A token from its URI, logged in with the PIN of its pin-source file, and one session in it.
//
// Thread rule: one thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "hsm/token.h"

namespace tld::cli {

class TokenSession {
 public:
  // Errors are of kind unavailable: whatever is wrong, it is the token that is not there.
  static base::Result<TokenSession> open(const std::string& uri, bool writable);
  // As security officer; the pin-source is the SO PIN's file. It is overwritten and removed once
  // the token has taken it, unless `keep_pin_file`.
  static base::Result<TokenSession> open_officer(const std::string& uri, bool keep_pin_file);
  hsm::Session& session() { return *session_; }
  const std::string& token_label() const { return token_->label(); }
  const std::string& token_serial() const { return token_->serial(); }

 private:
  TokenSession(std::shared_ptr<hsm::Token> token, std::unique_ptr<hsm::Session> session)
      : token_(std::move(token)), session_(std::move(session)) {}
  std::shared_ptr<hsm::Token> token_;
  std::unique_ptr<hsm::Session> session_;
};

}  // namespace tld::cli
