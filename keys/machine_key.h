// SPDX-License-Identifier: GPL-2.0-only
//
// The Ed25519 key (RFC 8032) of one machine: signs the heads of its audit log. No key of a zone.
//
// Thread rule: values.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tld::keys {

class MachineKey {
 public:
  // A new key; its private half as PKCS #8 PEM.
  static base::Result<MachineKey> generate();
  static base::Result<MachineKey> from_private_pem(std::string_view pem);
  static base::Result<MachineKey> from_public_pem(std::string_view pem);

  base::Result<std::string> private_pem() const;
  base::Result<std::string> public_pem() const;

  // 64 octets. REQUIRES: it has its private half.
  base::Result<std::string> sign(std::string_view octets) const;
  bool verifies(std::string_view octets, std::string_view signature) const;

 private:
  explicit MachineKey(void* key);
  std::shared_ptr<void> key_;  // EVP_PKEY
};

}  // namespace tld::keys
