// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/tsig.h"

#include <algorithm>

#include "base/bytes.h"

namespace tld::plugin {
namespace {

constexpr std::size_t shortest_secret = 16;  // octets: 128 bits

}  // namespace

bool is_tsig_algorithm(const std::string& text) {
  return text == "hmac-sha256" || text == "hmac-sha384" || text == "hmac-sha512";
}

base::Result<TsigKey> TsigKey::read(const TsigConfig& config) {
  const std::string what = "TSIG key " + config.name.text() + ": secret-file";
  TLD_TRY(auto secret, base::Secret::read(what, config.secret_file.string()));
  auto octets = base::from_base64(secret.text());
  const std::size_t size = octets ? octets.value().size() : 0;
  if (octets) base::wipe(octets.value());
  // The error of from_base64 is not passed on: it could show a part of the secret.
  if (size == 0) {
    return base::invalid_input(what + ' ' + config.secret_file.string() +
                               " does not hold one line of base64");
  }
  if (size < shortest_secret) {
    return base::invalid_input(what + ' ' + config.secret_file.string() + " holds " +
                               std::to_string(size) + " octets, must hold " +
                               std::to_string(shortest_secret) + " or more");
  }
  return TsigKey{config.name, config.algorithm, std::move(secret)};
}

base::Result<TsigKeys> TsigKeys::read(const std::vector<TsigConfig>& configs) {
  TsigKeys keys;
  for (const TsigConfig& config : configs) {
    TLD_TRY(auto key, TsigKey::read(config));
    keys.keys_.push_back(std::move(key));
  }
  return keys;
}

const TsigKey* TsigKeys::find(dns::NameView name) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const TsigKey& key) { return key.name.view() == name; });
  return found == keys_.end() ? nullptr : &*found;
}

}  // namespace tld::plugin
