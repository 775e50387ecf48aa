// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tld::plugin {
namespace {

std::map<std::string, std::string> good() {
  return {{"query-cache-ttl", "0"},      {"negquery-cache-ttl", "0"},
          {"consistent-backends", "no"}, {"zone-cache-refresh-interval", "0"},
          {"launch", "tld"},             {"overload-queue-length", "2500"},
          {"distributor-threads", "3"},  {"8bit-dns", "yes"},
          {"max-tcp-connections", "500"}, {"reuseport", "no"}};
}

SettingValue of(std::map<std::string, std::string> settings) {
  return [settings](const std::string& name) {
    const auto found = settings.find(name);
    return found != settings.end() ? found->second : std::string();
  };
}

TEST(Settings, TheRecommendedOnesPass) {
  EXPECT_TRUE(wrong_settings(of(good())).empty());
  EXPECT_TRUE(unwise_settings(of(good())).empty());
}

// Catches: a forbidden setting that is not looked at.
TEST(Settings, EachForbiddenOneIsFound) {
  const std::pair<const char*, const char*> wrong[] = {{"query-cache-ttl", "20"},
                                                       {"negquery-cache-ttl", "60"},
                                                       {"consistent-backends", "yes"},
                                                       {"zone-cache-refresh-interval", "300"},
                                                       {"launch", "tld,bind"},
                                                       {"launch", "tld bind"},
                                                       {"launch", ""}};
  for (const auto& [name, value] : wrong) {
    auto settings = good();
    settings[name] = value;
    const auto found = wrong_settings(of(settings));
    ASSERT_EQ(found.size(), 1u) << name;
    EXPECT_EQ(found[0].setting, std::string(name) + "=" + value);
  }
}

// Catches: a zone with transfer-keys that some address gets without a key; PowerDNS's own default
// has loopback in it.
TEST(Settings, NoAddressGetsPastTheKeys) {
  auto settings = good();
  for (const char* none : {"", " ", ","}) {
    settings["allow-axfr-ips"] = none;
    EXPECT_TRUE(settings_that_bypass_keys(of(settings)).empty()) << none;
  }
  settings["allow-axfr-ips"] = "127.0.0.0/8,::1";
  const auto found = settings_that_bypass_keys(of(settings));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].setting, "allow-axfr-ips=127.0.0.0/8,::1");
  EXPECT_EQ(found[0].wanted, "allow-axfr-ips=");
}

TEST(Settings, AllWrongOnesAreInOneMessage) {
  const std::string text = describe(wrong_settings(of({{"query-cache-ttl", "20"},
                                                       {"negquery-cache-ttl", "60"},
                                                       {"consistent-backends", "yes"},
                                                       {"zone-cache-refresh-interval", "300"},
                                                       {"launch", "tld,bind"}})));
  for (const char* name : {"query-cache-ttl=0", "negquery-cache-ttl=0", "consistent-backends=no",
                           "zone-cache-refresh-interval=0", "launch=tld"}) {
    EXPECT_THAT(text, testing::HasSubstr(name));
  }
}

TEST(Settings, WarnsOfUnwiseOnes) {
  auto settings = good();
  settings["overload-queue-length"] = "0";
  settings["distributor-threads"] = "1";
  settings["8bit-dns"] = "no";
  settings["max-tcp-connections"] = "20";
  EXPECT_EQ(unwise_settings(of(settings)).size(), 4u);
  settings["reuseport"] = "yes";
  EXPECT_EQ(unwise_settings(of(settings)).size(), 3u);
}

}  // namespace
}  // namespace tld::plugin
