// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/settings.h"

#include <fmt/format.h>

namespace tld::plugin {
namespace {

struct Required {
  const char* setting;
  const char* value;
  const char* reason;
};

constexpr Required required[] = {
    {"query-cache-ttl", "0",
     "PowerDNS's query cache mixes records of different zone versions into one answer (bogus "
     "NSEC3, "
     "bogus DS)"},
    {"negquery-cache-ttl", "0",
     "PowerDNS's negative query cache hides names and signatures that exist by now (unsigned "
     "answers)"},
    {"consistent-backends", "no",
     "with it PowerDNS does not ask for RRSIGs when it answers, and signatures are made for "
     "nobody"},
    {"zone-cache-refresh-interval", "0",
     "with the zone cache a question does not begin with getAuth, where its zone version is "
     "pinned"},
};

bool same_value(const std::string& is, const std::string& wanted) {
  if (wanted != "no") return is == wanted;
  return is.empty() || is == "no" || is == "off" || is == "0" || is == "false";
}

std::size_t count_items(const std::string& list) {
  std::size_t items = 0;
  bool inside = false;
  for (const char c : list) {
    const bool separator = c == ',' || c == ' ' || c == '\t';
    items += !separator && !inside;
    inside = !separator;
  }
  return items;
}

}  // namespace

std::vector<SettingFinding> wrong_settings(const SettingValue& value) {
  std::vector<SettingFinding> found;
  for (const Required& r : required) {
    const std::string is = value(r.setting);
    if (same_value(is, r.value)) continue;
    found.push_back(
        {fmt::format("{}={}", r.setting, is), fmt::format("{}={}", r.setting, r.value), r.reason});
  }
  if (const std::string launch = value("launch"); count_items(launch) != 1) {
    found.push_back({"launch=" + launch, "launch=tld",
                     "a second backend's answers would be unsigned, and mixed into signed ones"});
  }
  return found;
}

std::vector<SettingFinding> settings_that_bypass_keys(const SettingValue& value) {
  const std::string networks = value("allow-axfr-ips");
  if (count_items(networks) == 0) return {};
  return {{"allow-axfr-ips=" + networks, "allow-axfr-ips=",
           "from these addresses PowerDNS gives a zone to who has none of its transfer-keys"}};
}

std::vector<SettingFinding> unwise_settings(const SettingValue& value) {
  std::vector<SettingFinding> found;
  const auto advise = [&](const char* setting, const char* wanted, const char* reason) {
    found.push_back({fmt::format("{}={}", setting, value(setting)), wanted, reason});
  };
  if (value("overload-queue-length") == "0") {
    advise("overload-queue-length", "overload-queue-length=2500",
           "beyond 5000 queued questions PowerDNS exits; below, it answers from its packet cache");
  }
  if (value("distributor-threads") == "1" && same_value(value("reuseport"), "no")) {
    advise("distributor-threads", "distributor-threads=3",
           "with one thread nobody may wait for a signature: a name asked for the first time is "
           "SERVFAIL");
  }
  if (same_value(value("8bit-dns"), "no")) {
    advise("8bit-dns", "8bit-dns=yes", "questions with octets above 127 would be SERVFAIL");
  }
  if (value("max-tcp-connections") == "20") {
    advise("max-tcp-connections", "max-tcp-connections=500",
           "DNSSEC answers are often truncated and asked again over TCP");
  }
  return found;
}

std::string describe(const std::vector<SettingFinding>& findings) {
  std::string text;
  for (const SettingFinding& f : findings) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{} (set {}: {})", f.setting, f.wanted, f.reason);
  }
  return text;
}

}  // namespace tld::plugin
