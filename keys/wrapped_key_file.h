// SPDX-License-Identifier: GPL-2.0-only
//
// A private key, wrapped, on its way from one token to another or into a safe: a text file. Lines
// end in LF, each in its one form and order:
//
//   Wrapped-Key: pdns-tld 1
//   Zone: kz.
//   DNSKEY: 257 3 13 BASE64
//   DNSKEY-SHA256: BASE16              of the DNSKEY's RDATA: what the key is known by
//   CKA_ID: BASE16
//   CKA_LABEL: BASE16
//   Wrapping-Key: BASE16               CKA_ID of the wrapping key
//   Mechanism: CKM_AES_KEY_WRAP_PAD
//   Octets: BASE64                     what C_WrapKey gave
//   SHA-256: BASE16                    of all lines above
//
// The file is taken as hostile. The SHA-256 at its end shows damage; who alters the file on purpose
// can make it anew, and then meets three other walls: the wrapped octets protect themselves (RFC
// 5649), the key is accepted only if it signs for the DNSKEY, and people say which DNSKEY they
// mean. Errors are invalid_input, "FILE: CHECK: ...":
//
//   WRAPPED-SIZE      above 16 KiB
//   WRAPPED-CHECKSUM  the last line is not the SHA-256 of the others
//   WRAPPED-SYNTAX    a line is not the one above, in exactly that form
//   WRAPPED-KEY       the DNSKEY cannot be used, or has another fingerprint
//
// Thread rule: values and pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "hsm/key.h"

namespace tld::keys {

struct WrappedKeyFile {
  dns::Name zone;
  dns::Dnskey dnskey;
  hsm::KeyId id;
  std::string label;
  hsm::KeyId wrapping_key;
  std::string mechanism;  // as PKCS #11 calls it
  std::string octets;

  std::string text() const;
  static base::Result<WrappedKeyFile> parse(std::string_view text, const std::string& source);
  static base::Result<WrappedKeyFile> read_file(const std::filesystem::path& path);

  friend bool operator==(const WrappedKeyFile&, const WrappedKeyFile&) = default;
};

}  // namespace tld::keys
