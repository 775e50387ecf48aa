// SPDX-License-Identifier: GPL-2.0-only
//
// The files that the commands about keys read, and how they show what is in them.
//
// Thread rule: one thread.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "keys/key_register.h"
#include "keys/key_signing_request.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"

namespace tld::cli {

// How a file's octets are had, bounded: from the disk, unless what was read once must be what is
// used.
using ReadFile =
    std::function<base::Result<std::string>(const std::string& file, std::size_t max_octets)>;
base::Result<std::string> read_from_disk(const std::string& file, std::size_t max_octets);

// "" is the policy of built-in values.
base::Result<keys::Policy> read_policy(const std::string& file,
                                       const ReadFile& read = read_from_disk);
base::Result<std::vector<dns::Dnskey>> read_dnskeys(const std::vector<std::string>& files,
                                                    const dns::Name& apex,
                                                    const ReadFile& read = read_from_disk);
base::Result<keys::KeyRegister> read_register(const std::string& file, const dns::Name& apex,
                                              const ReadFile& read = read_from_disk);

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
                                                           const keys::Policy& policy,
                                                           const ReadFile& read = read_from_disk);
base::Result<Loaded<keys::SignedKeys>> load_signed_keys(const std::string& file,
                                                        const dns::Name& apex, Dialect dialect,
                                                        const keys::Policy& policy,
                                                        const ReadFile& read = read_from_disk);

std::string sha256_text(std::string_view octets);  // base16
// What people compare by phone: "ZSK key tag 12345  SHA-256 ..."
std::string key_line(const dns::Dnskey& key);
nlohmann::ordered_json key_json(const dns::Dnskey& key);

}  // namespace tld::cli
