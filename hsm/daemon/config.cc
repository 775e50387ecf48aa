// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/daemon/config.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/bytes.h"
#include "base/yaml.h"
#include "hsm/token_uri.h"
#include "hsm/wire_name.h"

namespace tld::hsm {
namespace {

using std::chrono::seconds;

constexpr seconds default_validity{31 * 86'400};

std::optional<uid_t> user_id(const std::string& name) {
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
    return name.size() < 10 ? std::optional<uid_t>(std::stoul(name)) : std::nullopt;
  }
  const passwd* entry = getpwnam(name.c_str());
  return entry != nullptr ? std::optional<uid_t>(entry->pw_uid) : std::nullopt;
}

void read_users(base::YamlMap& map, DaemonConfig& config) {
  for (const std::string& name : map.texts("allow-users")) {
    if (const auto id = user_id(name)) {
      config.allowed_users.push_back(*id);
    } else {
      map.reject("allow-users", "there is no user '" + name + "'");
    }
  }
  if (config.allowed_users.empty()) config.allowed_users.push_back(geteuid());
}

void add_key(base::YamlMap& map, DaemonConfig& config, const std::string& text,
             const GateZone& zone) {
  const auto id = base::from_hex(text);
  if (id.has_error() || id.value().empty()) {
    return map.reject("keys", "'" + text + "' is no CKA_ID in base16");
  }
  auto& zones = config.zones[id.value()];
  const bool twice = std::any_of(zones.begin(), zones.end(),
                                 [&](const GateZone& z) { return z.apex == zone.apex; });
  if (twice) return map.reject("keys", "key " + text + " is there twice for this zone");
  zones.push_back(zone);
}

void read_zone(base::YamlMap& map, DaemonConfig& config) {
  const auto apex = wire_name(map.text("name"));
  const seconds validity = map.duration("maximum-validity", default_validity);
  const std::vector<std::string> keys = map.texts("keys");
  if (apex.has_error()) return map.reject("name", apex.error().message);
  if (validity <= seconds(0)) return map.reject("maximum-validity", "must be above PT0S");
  if (keys.empty()) return map.reject("keys", "at least one key is needed");
  for (const std::string& key : keys) add_key(map, config, key, {apex.value(), validity});
}

void read_token(base::YamlMap& map, DaemonConfig& config) {
  config.token_uri = map.text("token");
  const auto uri = TokenUri::parse(config.token_uri);
  if (uri.has_error()) map.reject("token", uri.error().message);
}

}  // namespace

base::Result<DaemonConfig> read_daemon_config(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return base::invalid_input(file + ": cannot be read, or is empty");
  }
  DaemonConfig config;
  base::YamlMap map = base::YamlMap::document(text.str(), file);
  config.socket = map.text("socket");
  if (!config.socket.starts_with("/")) map.reject("socket", "must be an absolute path");
  read_token(map, config);
  config.sessions = static_cast<unsigned>(map.number("sessions", 1, 256, config.sessions));
  read_users(map, config);
  config.operation_deadline = map.duration("operation-deadline", config.operation_deadline);
  if (config.operation_deadline <= seconds(0)) {
    map.reject("operation-deadline", "must be above PT0S");
  }
  map.maps("zones", [&](base::YamlMap& zone) { read_zone(zone, config); });
  TLD_TRY(map.finish());
  return config;
}

}  // namespace tld::hsm
