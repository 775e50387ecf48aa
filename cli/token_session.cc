// SPDX-License-Identifier: GPL-2.0-only
#include "cli/token_session.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "cli/command.h"
#include "hsm/pin.h"
#include "hsm/token_uri.h"

namespace tld::cli {
namespace {

using Opened = std::pair<std::shared_ptr<hsm::Token>, std::unique_ptr<hsm::Session>>;

// libp11 would print its own line about it.
base::Status check_module(const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) return base::ok();
  return base::not_found("PKCS #11 module " + path + ": " +
                         std::error_code(errno, std::generic_category()).message());
}

base::Result<Opened> open_and_login(const std::string& text, bool writable) {
  TLD_TRY(const auto uri, hsm::TokenUri::parse(text));
  TLD_TRY(check_module(uri.module_path()));
  TLD_TRY(const auto pin, hsm::Pin::read(uri.pin_file()));
  TLD_TRY(auto token, hsm::Token::open(uri));
  if (auto status = token->login(pin); !status) {
    return status.error().in("token " + token->label() + ", PIN of " + uri.pin_file());
  }
  TLD_TRY(auto session, hsm::Session::open(token, writable));
  return Opened(std::move(token), std::move(session));
}

}  // namespace

base::Result<TokenSession> TokenSession::open(const std::string& uri, bool writable) {
  auto opened = open_and_login(uri, writable);
  if (!opened) return resource_error(opened.error());
  return TokenSession(std::move(opened.value().first), std::move(opened.value().second));
}

}  // namespace tld::cli
