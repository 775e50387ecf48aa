// SPDX-License-Identifier: GPL-2.0-only
//
// TSIG keys (RFC 8945) for zone transfers. PowerDNS checks and makes the MACs; this reads the keys
// and hands them over.
//
// Thread rule: values; never changed once read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "dns/name.h"

namespace tld::plugin {

struct TsigConfig {
  dns::Name name;
  std::string algorithm;              // hmac-sha256, hmac-sha384 or hmac-sha512 (RFC 8945 §6)
  std::filesystem::path secret_file;  // base64
};

bool is_tsig_algorithm(const std::string& text);

struct TsigKey {
  dns::Name name;
  std::string algorithm;
  base::Secret secret;  // base64, as it stands in the file

  // refused: the file is not as base::Secret wants it; invalid_input: it is not base64 of 16 octets
  // or more.
  static base::Result<TsigKey> read(const TsigConfig& config);
};

class TsigKeys {
 public:
  static base::Result<TsigKeys> read(const std::vector<TsigConfig>& configs);
  const TsigKey* find(dns::NameView name) const;  // null: none is named so

 private:
  std::vector<TsigKey> keys_;
};

}  // namespace tld::plugin
