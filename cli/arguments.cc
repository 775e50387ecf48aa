// SPDX-License-Identifier: GPL-2.0-only
#include "cli/arguments.h"

#include <algorithm>

#include "base/bytes.h"
#include "hsm/algorithm.h"
#include "hsm/token_uri.h"
#include "keys/time_text.h"

namespace tld::cli {
namespace {

// A Validator's function returns what is wrong, or "".
template <class T>
std::string message_of(const base::Result<T>& result) {
  return result ? "" : result.error().message;
}

}  // namespace

CLI::Validator zone_name() {
  return CLI::Validator([](std::string& text) { return message_of(dns::Name::from_text(text)); },
                        "NAME");
}

CLI::Validator key_id() {
  return CLI::Validator(
      [](std::string& text) {
        return text.empty() ? "a key's id is not empty" : message_of(base::from_hex(text));
      },
      "HEX");
}

CLI::Validator start_time() {
  return CLI::Validator([](std::string& text) { return message_of(keys::time_from_text(text)); },
                        "YYYYMMDDHHMMSS");
}

CLI::Validator token_uri() {
  // What a command line holds is seen by every user of the machine, and stays in histories: the
  // message does not repeat it.
  return CLI::Validator(
      [](std::string& text) -> std::string {
        if (text.find("pin-value") != std::string::npos) {
          return "a PIN must not stand on the command line; put it into a file of mode 0600 and "
                 "use "
                 "pin-source=file:/path";
        }
        if (!text.starts_with("pkcs11:")) return "must start with pkcs11: (RFC 7512)";
        // Now, before any log has it: what was meant for a file's name can be a PIN.
        return hsm::TokenUri::parse(text)
                   ? ""
                   : "is no URI of a token (RFC 7512) with module-path=/absolute/path and "
                     "pin-source=file:/absolute/path";
      },
      "URI");
}

CLI::Validator algorithm_name() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        return hsm::find_algorithm(text) != nullptr ? "" : "must be ECDSAP256SHA256 or RSASHA256";
      },
      "ALGORITHM");
}

CLI::Validator serial_number() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
        return plain && !text.empty() && text.size() <= 16 ? ""
                                                           : "must be 1 to 16 characters of ASCII";
      },
      "SERIAL");
}

dns::Name to_name(const std::string& text) {
  return dns::Name::from_text(text).value();
}
base::Time to_time(const std::string& text) {
  return keys::time_from_text(text).value();
}
hsm::KeyId to_key_id(const std::string& text) {
  return base::from_hex(text).value();
}
hsm::Algorithm to_algorithm(const std::string& text) {
  return hsm::find_algorithm(text)->algorithm;
}

}  // namespace tld::cli
