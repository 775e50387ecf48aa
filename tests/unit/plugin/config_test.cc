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

TEST(Config, ReadsTheClocksRule) {
  using Rule = base::ClockCheck::Rule;
  EXPECT_EQ(parse_config(good, "tld.yaml").value().clock, Rule::ignore);
  EXPECT_EQ(parse_config("clock: ignore\n" + good, "tld.yaml").value().clock, Rule::ignore);
  EXPECT_EQ(parse_config("clock: require-synchronised\n" + good, "tld.yaml").value().clock,
            Rule::require_synchronised);
  EXPECT_THAT(error_of("clock: trust\n" + good),
              HasSubstr("tld.yaml:1: clock: must be ignore or require-synchronised"));
}

TEST(Config, ReadsTheRefreshRate) {
  EXPECT_EQ(parse_config(good, "tld.yaml").value().tokens[0].refresh_rate, 5000u);
  const std::string line = "    sign-deadline: PT3S\n";
  EXPECT_EQ(parse_config(with(line, line + "    refresh-rate: 7\n"), "tld.yaml")
                .value()
                .tokens[0]
                .refresh_rate,
            7u);
  EXPECT_THAT(error_of(with(line, "    refresh-rate: 0\n")), HasSubstr("refresh-rate"));
}

TEST(Config, ReadsWhereTheSignatureLogIs) {
  const auto config = parse_config("signature-log: /var/lib/tld/signatures\n" + good, "tld.yaml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config.value().signature_log, "/var/lib/tld/signatures");
  EXPECT_EQ(parse_config(good, "tld.yaml").value().signature_log, "");
  EXPECT_EQ(parse_config(good, "tld.yaml").value().audit_log, "");
  EXPECT_THAT(error_of("audit-log: audit\n" + good),
              HasSubstr("tld.yaml:1: audit-log: must be an absolute path"));
  EXPECT_THAT(error_of("signature-log: signatures\n" + good),
              HasSubstr("tld.yaml:1: signature-log: must be an absolute path"));
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
  EXPECT_THAT(error_of(with("    zsk:\n", "    zsk: none\n    xsk:\n")),
              HasSubstr("must be a list"));
  EXPECT_THAT(error_of(good + "      - token: primary\n        id: 01ff\n"),
              HasSubstr("zones[0].zsk: one ZSK"));
  EXPECT_THAT(error_of("- a\n- b\n"), HasSubstr("must be a mapping"));
  EXPECT_THAT(error_of("a: [\n"), HasSubstr("not YAML"));
  EXPECT_THAT(error_of(""), HasSubstr("must be a mapping"));
  EXPECT_THAT(error_of(with("PT3S", "PT0S")), HasSubstr("sign-deadline: must be positive"));
}

std::string with_tokens(const std::string& of_the_key, const std::string& of_the_zone = {}) {
  std::string yaml = with("      - token: primary\n", "      - " + of_the_key + "\n");
  yaml.replace(yaml.find("zones:"), 0, "  - name: reserve\n    socket: /run/tld/reserve.sock\n");
  return yaml + of_the_zone;
}

TEST(Config, ReadsTokensInTheirOrder) {
  using testing::ElementsAre;
  const auto one = parse_config(with_tokens("token: reserve"), "tld.yaml");
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_THAT(one.value().zones[0].zsks[0].tokens, ElementsAre("reserve"));
  EXPECT_EQ(one.value().zones[0].token_order, hsm::TokenOrder::primary_reserve);
  const auto two = parse_config(
      with_tokens("tokens: [reserve, primary]", "    token-order: all-active\n"), "tld.yaml");
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_THAT(two.value().zones[0].zsks[0].tokens, ElementsAre("reserve", "primary"));
  EXPECT_EQ(two.value().zones[0].token_order, hsm::TokenOrder::all_active);
}

// Catches: a reserve that is not there on the day that it is needed, because its name was misspelt.
TEST(Config, RefusesWrongTokens) {
  EXPECT_THAT(error_of(with_tokens("tokens: [primary, reverse]")),
              HasSubstr("zsk.token: no token is named reverse"));
  EXPECT_THAT(error_of(with_tokens("tokens: [primary, primary]")),
              HasSubstr("zones[0].zsk[0].tokens: primary is there twice"));
  EXPECT_THAT(error_of(with_tokens("tokens: []")), HasSubstr("give either token or tokens"));
  EXPECT_THAT(error_of(with_tokens("token: primary\n        tokens: [reserve]")),
              HasSubstr("zones[0].zsk[0].token: give either token or tokens"));
  EXPECT_THAT(error_of(with_tokens("token: primary", "    token-order: any\n")),
              HasSubstr("token-order: must be primary-reserve or all-active"));
}

const std::string with_secondaries = R"(tsig:
  - name: Xfr.KZ.
    algorithm: hmac-sha256
    secret-file: /etc/powerdns/xfr.key
)" + good + R"(    also-notify: [192.0.2.1, "192.0.2.2:5301", "[2001:db8::1]:54", "2001:db8::2"]
    transfer-keys: [xfr.kz.]
)";

TEST(Config, ReadsSecondariesAndTheirKeys) {
  const auto config = parse_config(with_secondaries, "tld.yaml");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config.value().tsig.size(), 1u);
  EXPECT_EQ(config.value().tsig[0].name.text(), "xfr.kz.");
  EXPECT_EQ(config.value().tsig[0].algorithm, "hmac-sha256");
  EXPECT_EQ(config.value().tsig[0].secret_file, "/etc/powerdns/xfr.key");
  const ZoneConfig& zone = config.value().zones[0];
  EXPECT_EQ(zone.transfer_keys, std::vector{config.value().tsig[0].name});
  std::vector<std::string> addresses;
  for (const auto& address : zone.also_notify) addresses.push_back(address.text());
  EXPECT_THAT(addresses, testing::ElementsAre("192.0.2.1:53", "192.0.2.2:5301", "[2001:db8::1]:54",
                                              "[2001:db8::2]:53"));
}

// Catches: a secondary that is never told because its address was understood otherwise; a zone that
// anybody can transfer because its key's name has a typing error.
TEST(Config, RefusesWrongSecondariesAndKeys) {
  const auto error = [](const std::string& from, const std::string& to) {
    std::string yaml = with_secondaries;
    const auto at = yaml.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return error_of(yaml.replace(at, from.size(), to));
  };
  for (const char* wrong :
       {"ns1.example.", "192.0.2", "\"192.0.2.1:\"", "\"192.0.2.1:0\"", "\"192.0.2.1:65536\"",
        "\"192.0.2.1:53x\"", "\"[192.0.2.1]:53\"", "\"[2001:db8::1]53\"", "\"[2001:db8::1\"",
        "\"2001:db8::1::2\"", "\"192.0.2.1\\0\"", "\" 192.0.2.1\""}) {
    EXPECT_THAT(error("192.0.2.1", wrong), HasSubstr("tld.yaml:19: zones[0].also-notify: "))
        << wrong;
  }
  EXPECT_THAT(error("\"192.0.2.2:5301\"", "\"192.0.2.1:53\""), HasSubstr("is there twice"));
  EXPECT_THAT(error("[xfr.kz.]", "[xfer.kz.]"),
              HasSubstr("kz.: transfer-keys: no tsig is named xfer.kz."));
  EXPECT_THAT(error("[xfr.kz.]", "[x..kz.]"), HasSubstr("zones[0].transfer-keys: "));
  EXPECT_THAT(error("hmac-sha256", "hmac-md5"),
              HasSubstr("tsig[0].algorithm: must be hmac-sha256"));
  EXPECT_THAT(error("secret-file: /etc/powerdns/xfr.key", "secret: AAAA"),
              HasSubstr("tsig[0].secret"));
  const std::string second = "  - {name: xfr.kz., algorithm: hmac-sha512, secret-file: /x}\nstore:";
  EXPECT_THAT(error("store:", second), HasSubstr("tsig: two are named xfr.kz."));
}

TEST(Config, AMissingFileIsNamed) {
  const auto config = read_config("/nonexistent/tld.yaml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("/nonexistent/tld.yaml"));
}

}  // namespace
}  // namespace tld::plugin
