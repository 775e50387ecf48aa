// SPDX-License-Identifier: GPL-2.0-only
//
// Reads a policy from YAML.
#include <limits>

#include "base/duration.h"
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

std::uint64_t read_count(YamlMap& map, const char* key) {
  return static_cast<std::uint64_t>(
      map.number(key, 1, std::numeric_limits<std::int32_t>::max(), 0));
}

// Nothing, where the file does not name it. `unlimited` is a word that says the same; "" if none.
std::optional<std::chrono::seconds> read_optional(YamlMap& map, const char* key,
                                                  const std::string& unlimited = "") {
  const std::string text = map.text(key, unlimited);
  if (text == unlimited) return std::nullopt;
  auto duration = base::parse_duration(text);
  if (duration) return duration.value();
  map.reject(key, duration.error().message);
  return std::nullopt;
}

void read_signatures(YamlMap& map, SignaturePolicy& policy) {
  policy.validity = map.duration("validity", policy.validity);
  policy.refresh = map.duration("refresh", policy.refresh);
  policy.inception_offset = map.duration("inception-offset", policy.inception_offset);
  policy.sign_delay = map.duration("sign-delay", policy.sign_delay);
  policy.count = read_count(map, "count");
  policy.rate = read_count(map, "rate");
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
  policy.hold = read_optional(map, "hold");
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

void read_zsk(YamlMap& map, ZskPolicy& policy) {
  policy.lifetime = map.duration("lifetime", policy.lifetime);
  policy.prepublish = map.duration("prepublish", policy.prepublish);
  policy.postpublish = map.duration("postpublish", policy.postpublish);
  policy.emergency_postpublish =
      map.duration("emergency-postpublish", policy.emergency_postpublish);
}

void read_ksk(YamlMap& map, KskPolicy& policy) {
  policy.lifetime = read_optional(map, "lifetime", "unlimited");
  policy.prepublish = map.duration("prepublish", policy.prepublish);
  policy.postpublish = map.duration("postpublish", policy.postpublish);
  policy.emergency_postpublish =
      map.duration("emergency-postpublish", policy.emergency_postpublish);
  bool double_ksk = policy.rollover == KskRollover::double_ksk;
  read_choice(map, "rollover", "double-ksk", "double-ds", double_ksk);
  policy.rollover = double_ksk ? KskRollover::double_ksk : KskRollover::double_ds;
}

void read_keys(YamlMap& map, KeyPolicy& policy) {
  policy.publish_safety = map.duration("publish-safety", policy.publish_safety);
  policy.retire_safety = map.duration("retire-safety", policy.retire_safety);
  bool retire_now = policy.on_compromise == OnCompromise::retire_now;
  read_choice(map, "on-compromise", "retire-now", "replace-then-retire", retire_now);
  policy.on_compromise = retire_now ? OnCompromise::retire_now : OnCompromise::replace_then_retire;
  read_choice(map, "backup", "required", "optional", policy.backup_required);
  read_choice(map, "wrappable", "yes", "no", policy.wrappable);
  map.map("zsk", [&](YamlMap& zsk) { read_zsk(zsk, policy.zsk); });
  map.map("ksk", [&](YamlMap& ksk) { read_ksk(ksk, policy.ksk); });
}

void read_zone(YamlMap& map, ZonePolicy& policy) {
  policy.max_zone_ttl = map.duration("max-zone-ttl", policy.max_zone_ttl);
  policy.zone_propagation_delay =
      map.duration("zone-propagation-delay", policy.zone_propagation_delay);
  policy.cache_ttl = map.duration("cache-ttl", policy.cache_ttl);
  policy.soa_expire = read_optional(map, "soa-expire");
}

void read_parent(YamlMap& map, ParentPolicy& policy) {
  policy.ds_ttl = map.duration("parent-ds-ttl", policy.ds_ttl);
  policy.propagation_delay = map.duration("parent-propagation-delay", policy.propagation_delay);
  policy.registration_delay = map.duration("parent-registration-delay", policy.registration_delay);
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
  top.map("keys", [&](YamlMap& map) { read_keys(map, policy.keys); });
  top.map("zone", [&](YamlMap& map) { read_zone(map, policy.zone); });
  top.map("parent", [&](YamlMap& map) { read_parent(map, policy.parent); });
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
