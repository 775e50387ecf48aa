// SPDX-License-Identifier: GPL-2.0-only
//
// The PowerDNS settings that signed answers depend on (docs/query-path.md says why, each with what
// was tried). A required one that is wrong: PowerDNS does not start. An advised one: a warning.
//
// Thread rule: pure functions.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tld::plugin {

struct SettingFinding {
  std::string setting;  // as it is: "query-cache-ttl=20"
  std::string wanted;   // as it must be: "query-cache-ttl=0"
  std::string reason;
};

// The value of a PowerDNS setting; flags are "yes" or "no".
using SettingValue = std::function<std::string(const std::string& name)>;

std::vector<SettingFinding> wrong_settings(const SettingValue& value);
// What must be so besides when a zone has transfer-keys in tld.yaml.
std::vector<SettingFinding> settings_that_bypass_keys(const SettingValue& value);
std::vector<SettingFinding> unwise_settings(const SettingValue& value);

// "setting: reason; setting: reason ..." as one message.
std::string describe(const std::vector<SettingFinding>& findings);

}  // namespace tld::plugin
