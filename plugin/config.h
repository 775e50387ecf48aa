// SPDX-License-Identifier: GPL-2.0-only
//
// tld.yaml, the plugin's configuration. Strict: an unknown key, a wrong type or unit, a missing
// file is one clear error that names file, line and key.
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock_check.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "dns/name.h"
#include "hsm/key.h"
#include "hsm/pool.h"
#include "plugin/tsig.h"
#include "publish/brake.h"
#include "zones/store.h"

namespace tld::plugin {

struct TokenConfig {
  std::string name;
  std::filesystem::path socket;           // of its tld-hsmd
  std::vector<std::string> command;       // starts it; empty: somebody else (systemd) does
  std::chrono::seconds sign_deadline{2};  // for one signature, queueing included
  std::uint32_t refresh_rate = 5000;      // signatures a second, of background work
};

struct ZskConfig {
  std::vector<std::string> tokens;  // names of TokenConfigs that hold it, in order of preference
  hsm::KeyId id;                    // CKA_ID
  std::filesystem::path dnskey;     // its DNSKEY record; empty: the only ZSK in the signed-key file
};

// By validators of others, of whole zones (publish/zone_verifier.h).
struct VerificationConfig {
  std::filesystem::path directory;
  std::vector<std::string> verifiers;  // commands
  std::chrono::seconds interval = std::chrono::minutes{10};
  std::chrono::seconds time_limit = std::chrono::hours{1};  // for each command
};

enum class PublishRule {
  live,      // what a change touches is signed and checked, then served; the whole verified later
  verified,  // the whole is verified before it is served
};

struct ZoneConfig {
  dns::Name name;
  std::filesystem::path policy;       // empty: the defaults of keys/policy.h
  std::filesystem::path signed_keys;  // from the ceremony
  hsm::TokenOrder token_order = hsm::TokenOrder::primary_reserve;
  std::vector<ZskConfig> zsks;         // one for ever, or none and a key register
  std::filesystem::path key_register;  // of keys/key_register.h: the server rolls the ZSKs in it
  std::vector<std::string> tokens;     // with it: those that hold the ZSKs
  zones::SerialRule serial = zones::SerialRule::unixtime;
  PublishRule publish = PublishRule::live;
  publish::BrakeLimits brake;
  std::vector<base::SocketAddress> also_notify;  // secondaries that are told of each publication
  std::vector<dns::Name> transfer_keys;          // TSIG keys whose holders may transfer the zone
};

struct Config {
  zones::StoreAddress store;
  std::chrono::seconds publish_interval{1};  // 0: as fast as changes come
  std::chrono::seconds keep_publications = std::chrono::hours{48};
  std::vector<TokenConfig> tokens;
  std::vector<TsigConfig> tsig;
  std::optional<VerificationConfig> verification;
  base::ClockCheck::Rule clock = base::ClockCheck::Rule::ignore;
  std::filesystem::path signature_log;  // a folder; empty: signatures are kept in memory only
  std::filesystem::path audit_log;      // of tldctl audit init; empty: none for the server's acts
  std::vector<ZoneConfig> zones;
};

base::Result<Config> read_config(const std::filesystem::path& path);
// `file` is for messages.
base::Result<Config> parse_config(const std::string& yaml, const std::string& file);

}  // namespace tld::plugin
