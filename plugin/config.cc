// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/config.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/bytes.h"
#include "base/yaml.h"
#include "publish/verifiers.h"

namespace tld::plugin {
namespace {

using base::YamlMap;

TokenConfig read_token(YamlMap& map) {
  TokenConfig token;
  token.name = map.text("name");
  token.socket = map.text("socket");
  token.command = map.texts("command");
  token.sign_deadline = map.duration("sign-deadline", token.sign_deadline);
  if (token.sign_deadline <= std::chrono::seconds{0})
    map.reject("sign-deadline", "must be positive");
  token.refresh_rate =
      static_cast<std::uint32_t>(map.number("refresh-rate", 1, 1'000'000, token.refresh_rate));
  return token;
}

std::vector<std::string> read_zsk_tokens(YamlMap& map) {
  const std::string one = map.text("token", "");
  std::vector<std::string> tokens = map.texts("tokens");
  if (one.empty() == tokens.empty()) {
    map.reject("token", "give either token or tokens");
  } else if (tokens.empty()) {
    tokens.push_back(one);
  }
  std::set<std::string> seen;
  for (const std::string& name : tokens) {
    if (!seen.insert(name).second) map.reject("tokens", name + " is there twice");
  }
  return tokens;
}

ZskConfig read_zsk(YamlMap& map) {
  ZskConfig zsk;
  zsk.tokens = read_zsk_tokens(map);
  const auto id = base::from_hex(map.text("id"));
  if (id && !id.value().empty()) {
    zsk.id = id.value();
  } else {
    map.reject("id", "must be a CKA_ID in base16, as `tldctl key list` prints it");
  }
  zsk.dnskey = map.text("dnskey", "");
  return zsk;
}

template <class Value>
Value read_choice(YamlMap& map, const std::string& key, const std::pair<const char*, Value>& first,
                  const std::pair<const char*, Value>& second, Value otherwise) {
  const std::string text = map.text(key, "");
  if (text.empty()) return otherwise;
  if (text == first.first) return first.second;
  if (text != second.first) {
    map.reject(key, std::string("must be ") + first.first + " or " + second.first);
  }
  return second.second;
}

publish::BrakeLimits read_brake(YamlMap& map) {
  constexpr std::int64_t many = 1'000'000'000;
  publish::BrakeLimits limits;
  const auto number = [&](const char* key, std::int64_t lowest, std::int64_t highest, auto& into) {
    into = static_cast<std::remove_reference_t<decltype(into)>>(
        map.number(key, lowest, highest, static_cast<std::int64_t>(into)));
  };
  number("names", 0, many, limits.names);
  number("percent", 0, 100, limits.percent);
  number("few", 0, many, limits.few);
  number("approvals", 1, 10, limits.approvals);
  limits.apex = read_choice<bool>(map, "apex", {"hold", true}, {"pass", false}, limits.apex);
  return limits;
}

zones::StoreAddress read_store(YamlMap& map, Config& config) {
  const std::string path = map.text("path", "");
  const std::string words = map.text("postgresql", "");
  config.keep_publications = map.duration("keep-publications", config.keep_publications);
  if (path.empty() == words.empty()) {
    map.reject("path", "give either path (SQLite) or postgresql");
    return {};
  }
  auto address = zones::StoreAddress::parse(path.empty() ? "postgresql:" + words : path);
  if (address) return std::move(address).value();
  map.reject(path.empty() ? "postgresql" : "path", address.error().message);
  return {};
}

dns::Name name_of(YamlMap& map, const std::string& key, const std::string& text) {
  auto parsed = dns::Name::from_text(text);
  if (!parsed) map.reject(key, parsed.error().message);
  return parsed ? std::move(parsed).value() : dns::Name();
}

TsigConfig read_tsig(YamlMap& map) {
  TsigConfig key;
  key.name = name_of(map, "name", map.text("name"));
  key.algorithm = map.text("algorithm");
  if (!is_tsig_algorithm(key.algorithm)) {
    map.reject("algorithm", "must be hmac-sha256, hmac-sha384 or hmac-sha512");
  }
  key.secret_file = map.text("secret-file");
  return key;
}

void read_secondaries(YamlMap& map, ZoneConfig& zone) {
  constexpr std::uint16_t dns_port = 53;
  for (const std::string& text : map.texts("also-notify")) {
    auto address = base::SocketAddress::from_text(text, dns_port);
    if (!address) {
      map.reject("also-notify", address.error().message);
      continue;
    }
    auto& known = zone.also_notify;
    if (std::find(known.begin(), known.end(), address.value()) != known.end()) {
      map.reject("also-notify", text + " is there twice");
    }
    known.push_back(std::move(address).value());
  }
  for (const std::string& text : map.texts("transfer-keys")) {
    zone.transfer_keys.push_back(name_of(map, "transfer-keys", text));
  }
}

VerificationConfig read_verification(YamlMap& map) {
  VerificationConfig verification;
  verification.directory = map.text("directory");
  verification.verifiers = map.texts("verifiers");
  if (verification.verifiers.empty()) verification.verifiers = publish::default_verifiers();
  verification.interval = map.duration("interval", verification.interval);
  verification.time_limit = map.duration("time-limit", verification.time_limit);
  if (verification.interval <= std::chrono::seconds{0}) map.reject("interval", "must be positive");
  if (verification.time_limit <= std::chrono::seconds{0}) {
    map.reject("time-limit", "must be positive");
  }
  return verification;
}

ZoneConfig read_zone(YamlMap& map) {
  ZoneConfig zone;
  zone.name = name_of(map, "name", map.text("name"));
  using Serial = zones::SerialRule;
  zone.serial = read_choice<Serial>(map, "serial", {"unixtime", Serial::unixtime},
                                    {"counter", Serial::counter}, zone.serial);
  zone.publish = read_choice<PublishRule>(map, "publish", {"live", PublishRule::live},
                                          {"verified", PublishRule::verified}, zone.publish);
  using Order = hsm::TokenOrder;
  zone.token_order =
      read_choice<Order>(map, "token-order", {"primary-reserve", Order::primary_reserve},
                         {"all-active", Order::all_active}, zone.token_order);
  map.map("brake", [&](YamlMap& brake) { zone.brake = read_brake(brake); });
  read_secondaries(map, zone);
  zone.policy = map.text("policy", "");
  zone.signed_keys = map.text("signed-keys");
  zone.key_register = map.text("key-register", "");
  zone.tokens = map.texts("tokens");
  const bool rolls = !zone.key_register.empty();
  map.maps(
      "zsk", [&](YamlMap& zsk) { zone.zsks.push_back(read_zsk(zsk)); }, rolls);
  if (zone.zsks.size() > 1) map.reject("zsk", "one ZSK signs a zone; for rolls give key-register");
  if (rolls && !zone.zsks.empty()) map.reject("zsk", "the key register says which: leave it out");
  if (rolls == zone.tokens.empty()) map.reject("tokens", "key-register and tokens need each other");
  return zone;
}

// What refers to something must find it, and nothing may be there twice.
void cross_check(YamlMap& map, const Config& config) {
  std::set<std::string> tokens, zones, tsig;
  for (const TokenConfig& token : config.tokens) {
    if (!tokens.insert(token.name).second) map.reject("tokens", "two are named " + token.name);
  }
  for (const TsigConfig& key : config.tsig) {
    if (!tsig.insert(key.name.text()).second)
      map.reject("tsig", "two are named " + key.name.text());
  }
  for (const ZoneConfig& zone : config.zones) {
    if (!zones.insert(zone.name.text()).second) {
      map.reject("zones", "two are named " + zone.name.text());
    }
    if (zone.publish == PublishRule::verified && !config.verification) {
      map.reject("zones", zone.name.text() + ": publish: verified needs the section verification");
    }
    for (const std::string& token : zone.tokens) {
      if (tokens.count(token) == 0) {
        map.reject("zones", zone.name.text() + ": tokens: no token is named " + token);
      }
    }
    for (const ZskConfig& zsk : zone.zsks) {
      for (const std::string& token : zsk.tokens) {
        if (tokens.count(token) != 0) continue;
        map.reject("zones", zone.name.text() + ": zsk.token: no token is named " + token);
      }
    }
    for (const dns::Name& key : zone.transfer_keys) {
      if (tsig.count(key.text()) == 0) {
        map.reject("zones", zone.name.text() + ": transfer-keys: no tsig is named " + key.text());
      }
    }
  }
}

}  // namespace

base::Result<Config> parse_config(const std::string& yaml, const std::string& file) {
  YamlMap map = YamlMap::document(yaml, file);
  Config config;
  bool store_given = false;
  map.map("store", [&](YamlMap& store) {
    config.store = read_store(store, config);
    store_given = true;
  });
  if (!store_given) map.reject("store", "is missing");
  config.publish_interval = map.duration("publish-interval", config.publish_interval);
  map.map("verification",
          [&](YamlMap& verification) { config.verification = read_verification(verification); });
  using ClockRule = base::ClockCheck::Rule;
  config.clock = read_choice<ClockRule>(map, "clock", {"ignore", ClockRule::ignore},
                                        {"require-synchronised", ClockRule::require_synchronised},
                                        config.clock);
  config.signature_log = map.text("signature-log", "");
  if (!config.signature_log.empty() && !config.signature_log.is_absolute()) {
    map.reject("signature-log", "must be an absolute path");
  }
  config.audit_log = map.text("audit-log", "");
  if (!config.audit_log.empty() && !config.audit_log.is_absolute()) {
    map.reject("audit-log", "must be an absolute path");
  }
  map.maps("tokens", [&](YamlMap& token) { config.tokens.push_back(read_token(token)); });
  map.maps(
      "tsig", [&](YamlMap& key) { config.tsig.push_back(read_tsig(key)); }, true);
  map.maps("zones", [&](YamlMap& zone) { config.zones.push_back(read_zone(zone)); });
  cross_check(map, config);
  TLD_TRY(map.finish());
  return config;
}

base::Result<Config> read_config(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return base::not_found("the configuration " + path.string() + " cannot be read");
  }
  return parse_config(text.str(), path.string());
}

}  // namespace tld::plugin
