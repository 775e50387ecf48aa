// SPDX-License-Identifier: GPL-2.0-only
//
// The lines of a key register (key_register.h), each from and to text. A line is read only if it
// is, octet by octet, what would be written: one meaning has one text.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "keys/managed_key.h"

namespace tld::keys {

struct RegisterHeader {
  std::string zone;
};
struct RegisterKey {
  std::string fingerprint;  // base16
  dns::Dnskey dnskey;
  bool foreign = false;
  std::string id;  // base16
};
struct RegisterEvent {
  std::string fingerprint;  // base16
  KeyEvent event;
};
using RegisterLine = std::variant<RegisterHeader, RegisterKey, RegisterEvent>;

// Without newline. invalid_input says what is wrong.
base::Result<RegisterLine> read_register_line(std::string_view line);
std::string register_line(const RegisterLine& line);

}  // namespace tld::keys
