// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tld::plugin {
namespace {

using testing::HasSubstr;

const std::string good = R"(store:
  path: /var/lib/tld/registry.sqlite
publish-interval: PT5S
tokens:
  - name: primary
    socket: /run/tld/primary.sock
    command: [/usr/bin/tld-hsmd, --config, /etc/tld/primary.yaml]
    sign-deadline: PT3S
zones:
  - name: KZ.
    signed-keys: /var/lib/tld/kz.skr
    zsk:
      - token: primary
        id: 00ff
)";

std::string error_of(const std::string& yaml) {
  const auto config = parse_config(yaml, "tld.yaml");
  return config ? "" : config.error().message;
}

std::string with(std::string from, const std::string& to) {
  std::string yaml = good;
  const auto at = yaml.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return yaml.replace(at, from.size(), to);
}

TEST(Config, ReadsWhatIsThere) {
  const auto config = parse_config(good, "tld.yaml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config.value().store.text(), "/var/lib/tld/registry.sqlite");
  EXPECT_EQ(config.value().publish_interval, std::chrono::seconds{5});
  ASSERT_EQ(config.value().tokens.size(), 1u);
  EXPECT_EQ(config.value().tokens[0].command.size(), 3u);
  EXPECT_EQ(config.value().tokens[0].sign_deadline, std::chrono::seconds{3});
  ASSERT_EQ(config.value().zones.size(), 1u);
  EXPECT_EQ(config.value().zones[0].name.text(), "kz.");
  EXPECT_EQ(config.value().zones[0].zsks[0].id, std::string("\0\xff", 2));
}

// Each is one clear line with file, line and key. Catches: a setting that is silently ignored.
TEST(Config, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(error_of(with("publish-interval", "publish-intervall")),
              HasSubstr("tld.yaml:3: publish-intervall: there is no such setting"));
  EXPECT_THAT(error_of(with("PT5S", "5")), HasSubstr("tld.yaml:3: publish-interval: "));
  EXPECT_THAT(error_of(with("  path: /var/lib/tld/registry.sqlite", "  file: x")),
              HasSubstr("store.path: give either path (SQLite) or postgresql"));
  EXPECT_THAT(error_of(with("id: 00ff", "id: 00fg")), HasSubstr("zones[0].zsk[0].id: "));
  EXPECT_THAT(error_of(with("token: primary", "token: other")),
              HasSubstr("no token is named other"));
  EXPECT_THAT(error_of(with("name: KZ.", "name: k..z")), HasSubstr("zones[0].name: "));
  EXPECT_THAT(error_of(good + "publish-interval: PT1S\n"), HasSubstr("given twice"));
  EXPECT_THAT(error_of(with("    zsk:\n", "    zsk: none\n    xsk:\n")), HasSubstr("must be a list"));
  EXPECT_THAT(error_of(good + "      - token: primary\n        id: 01ff\n"),
              HasSubstr("zones[0].zsk: one ZSK"));
  EXPECT_THAT(error_of("- a\n- b\n"), HasSubstr("must be a mapping"));
  EXPECT_THAT(error_of("a: [\n"), HasSubstr("not YAML"));
  EXPECT_THAT(error_of(""), HasSubstr("must be a mapping"));
  EXPECT_THAT(error_of(with("PT3S", "PT0S")), HasSubstr("sign-deadline: must be positive"));
}

TEST(Config, AMissingFileIsNamed) {
  const auto config = read_config("/nonexistent/tld.yaml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("/nonexistent/tld.yaml"));
}

}  // namespace
}  // namespace tld::plugin
