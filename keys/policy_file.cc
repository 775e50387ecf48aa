// SPDX-License-Identifier: GPL-2.0-only
//
// Reads a policy from YAML.
#include "base/yaml.h"
#include "hsm/algorithm.h"
#include "keys/input_file.h"
#include "keys/policy.h"

namespace tld::keys {
namespace {

using base::YamlMap;

constexpr std::size_t max_policy_octets = 65536;

void read_algorithm(YamlMap& top, hsm::Algorithm& algorithm) {
  const std::string text = top.text("algorithm", hsm::to_string(algorithm));
  const hsm::AlgorithmFacts* facts = hsm::find_algorithm(text);
  if (facts == nullptr) {
    top.reject("algorithm", "'" + text + "' is not ECDSAP256SHA256 or RSASHA256");
  } else {
    algorithm = facts->algorithm;
  }
}

void read_signatures(YamlMap& map, SignaturePolicy& policy) {
  policy.validity = map.duration("validity", policy.validity);
  policy.refresh = map.duration("refresh", policy.refresh);
  policy.inception_offset = map.duration("inception-offset", policy.inception_offset);
}

void read_digest_types(YamlMap& map, std::vector<std::uint8_t>& types) {
  constexpr const char* key = "cds-digest-types";
  const std::vector<std::string> texts = map.texts(key);
  if (texts.empty()) return;
  types.clear();
  if (texts == std::vector<std::string>{"none"}) return;
  for (const std::string& text : texts) {
    if (text != "2" && text != "4") {
      map.reject(key, "'" + text + "' is not 2 (SHA-256) or 4 (SHA-384); [none] alone: no CDS");
      return;
    }
    types.push_back(static_cast<std::uint8_t>(text[0] - '0'));
  }
}

void read_signed_keys(YamlMap& map, SignedKeysPolicy& policy) {
  policy.span = map.duration("span", policy.span);
  policy.slot = map.duration("slot", policy.slot);
  policy.validity = map.duration("validity", policy.validity);
  policy.inception_offset = map.duration("inception-offset", policy.inception_offset);
  policy.dnskey_ttl = map.duration("dnskey-ttl", policy.dnskey_ttl);
  read_digest_types(map, policy.cds_digest_types);
}

// One of two words; `first` is true.
void read_choice(YamlMap& map, const char* key, const char* first, const char* second,
                 bool& chosen) {
  const std::string text = map.text(key, chosen ? first : second);
  if (text != first && text != second) {
    map.reject(key, "'" + text + "' is not " + first + " or " + second);
  }
  chosen = text == first;
}

void read_ds(YamlMap& map, dns::DsPolicy& policy) {
  bool strict = policy.rule == dns::DsPolicy::Rule::strict;
  read_choice(map, "policy", "strict", "syntax", strict);
  policy.rule = strict ? dns::DsPolicy::Rule::strict : dns::DsPolicy::Rule::syntax;
  read_choice(map, "gost", "accept", "reject", policy.gost);
  read_choice(map, "sha1", "accept", "reject", policy.sha1);
}

}  // namespace

base::Result<Policy> Policy::parse(std::string_view yaml, const std::string& file) {
  Policy policy;
  YamlMap top = YamlMap::document(std::string(yaml), file);
  read_algorithm(top, policy.algorithm);
  top.map("signatures", [&](YamlMap& map) { read_signatures(map, policy.signatures); });
  top.map("signed-keys", [&](YamlMap& map) { read_signed_keys(map, policy.signed_keys); });
  top.map("ds", [&](YamlMap& map) { read_ds(map, policy.ds); });
  TLD_TRY(top.finish());
  if (auto status = policy.check(); !status) return status.error().in(file);
  return policy;
}

base::Result<Policy> Policy::read_file(const std::filesystem::path& path) {
  TLD_TRY(const std::string text, read_input_file(path, max_policy_octets));
  return parse(text, path.string());
}

}  // namespace tld::keys
