// SPDX-License-Identifier: GPL-2.0-only
#include "cli/token_session.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/file_descriptor.h"
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

enum class Who { user, officer };

base::Status login(hsm::Token& token, const hsm::TokenUri& uri, Who who) {
  TLD_TRY(const auto pin, hsm::Pin::read(uri.pin_file()));
  auto status = who == Who::user ? token.login(pin) : token.login_officer(pin);
  if (status) return status;
  return status.error().in("token " + token.label() + ", PIN of " + uri.pin_file());
}

base::Result<Opened> open_and_login(const hsm::TokenUri& uri, Who who, bool writable) {
  TLD_TRY(check_module(uri.module_path()));
  TLD_TRY(hsm::Pin::read(uri.pin_file()));  // before a module is loaded for nothing
  TLD_TRY(auto token, hsm::Token::open(uri));
  TLD_TRY(login(*token, uri, who));
  TLD_TRY(auto session, hsm::Session::open(token, writable));
  return Opened(std::move(token), std::move(session));
}

// What a file system keeps of it beside is not ours to reach: /run is the place for such files.
base::Status wipe_file(const std::string& path) {
  const base::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  const std::string zeros(256, '\0');
  bool done = file && fstat(file.get(), &info) == 0;
  const auto size = std::min(zeros.size(), static_cast<std::size_t>(done ? info.st_size : 0));
  done = done && write(file.get(), zeros.data(), size) == static_cast<ssize_t>(size) &&
         fsync(file.get()) == 0 && unlink(path.c_str()) == 0;
  if (done) return base::ok();
  return base::unavailable("the SO PIN's file " + path + " could not be wiped and removed: " +
                           std::error_code(errno, std::generic_category()).message());
}

base::Result<Opened> open_as_officer(const std::string& text, bool keep_pin_file) {
  TLD_TRY(const auto uri, hsm::TokenUri::parse(text));
  TLD_TRY(auto opened, open_and_login(uri, Who::officer, true));
  if (!keep_pin_file) {
    TLD_TRY(wipe_file(uri.pin_file()));
  }
  return opened;
}

}  // namespace

base::Result<TokenSession> TokenSession::open(const std::string& uri, bool writable) {
  auto parsed = hsm::TokenUri::parse(uri);
  if (!parsed) return resource_error(parsed.error());
  auto opened = open_and_login(parsed.value(), Who::user, writable);
  if (!opened) return resource_error(opened.error());
  return TokenSession(std::move(opened.value().first), std::move(opened.value().second));
}

base::Result<TokenSession> TokenSession::open_officer(const std::string& uri, bool keep_pin_file) {
  auto opened = open_as_officer(uri, keep_pin_file);
  if (!opened) return resource_error(opened.error());
  return TokenSession(std::move(opened.value().first), std::move(opened.value().second));
}

}  // namespace tld::cli
