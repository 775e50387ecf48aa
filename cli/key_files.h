// SPDX-License-Identifier: GPL-2.0-only
//
// The files that the commands about keys read, and how they show what is in them.
//
// Thread rule: one thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "keys/key_signing_request.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"

namespace tld::cli {

// "" is the policy of built-in values.
base::Result<keys::Policy> read_policy(const std::string& file);
base::Result<std::vector<dns::Dnskey>> read_dnskeys(const std::vector<std::string>& files,
                                                    const dns::Name& apex);

enum class Dialect { ours, knot };

// A request or a signed-key file with the octets it was read from: what a sum or a signature is of
// must be what is used.
template <class T>
struct Loaded {
  std::string octets;
  T value;
};
base::Result<Loaded<keys::KeySigningRequest>> load_request(const std::string& file,
                                                           const dns::Name& apex, Dialect dialect,
                                                           const keys::Policy& policy);
base::Result<Loaded<keys::SignedKeys>> load_signed_keys(const std::string& file,
                                                        const dns::Name& apex, Dialect dialect,
                                                        const keys::Policy& policy);

std::string sha256_text(std::string_view octets);  // base16
// What people compare by phone: "ZSK key tag 12345  SHA-256 ..."
std::string key_line(const dns::Dnskey& key);
nlohmann::ordered_json key_json(const dns::Dnskey& key);

}  // namespace tld::cli
