// SPDX-License-Identifier: GPL-2.0-only
//
// A PKCS #11 URI (RFC 7512) that names a token, the module to reach it with and the file with its
// PIN:
// pkcs11:token=tld-zsk?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/tld/pin
//
// Thread rule: immutable after parse().
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace tld::hsm {

class TokenUri {
 public:
  // invalid_input without module-path or pin-source=file:, refused with a pin-value (a PIN has no
  // business in a configuration file or a command line) and with a second pin-source.
  static base::Result<TokenUri> parse(const std::string& text);

  const std::string& module_path() const { return module_path_; }
  const std::string& pin_file() const { return pin_file_; }
  bool matches(const CK_TOKEN_INFO& info) const;
  // For messages: what stands before the query, which has been known to hold a PIN.
  const std::string& text() const { return text_; }

 private:
  struct Free {
    void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
  };
  std::unique_ptr<P11KitUri, Free> uri_;
  std::string text_;
  std::string module_path_;
  std::string pin_file_;
};

}  // namespace tld::hsm
