// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/audit_trail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "keys/audit_log.h"

namespace tld::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Lines final : public base::Log {
 public:
  void write(base::Level, std::string_view message) override { text += message; }
  std::string text;
};

class AuditTrailTest : public testing::Test {
 protected:
  AuditTrailTest() {
    char pattern[] = "/tmp/tld-trail-XXXXXX";
    folder = mkdtemp(pattern);
    std::filesystem::create_directory(folder / "audit");
    EXPECT_TRUE(keys::AuditLog::create(folder / "audit", {}, nullptr));
  }
  ~AuditTrailTest() override { std::filesystem::remove_all(folder); }

  std::shared_ptr<AuditTrail> open() {
    return AuditTrail::open(folder / "audit", std::make_shared<base::SystemClock>(), log).value();
  }
  std::vector<std::string> objects() const {
    std::vector<std::string> found;
    const auto verified = keys::verify_audit_log(folder / "audit", {});
    EXPECT_TRUE(verified) << verified.error().message;
    for (const auto& line : verified.value().reading.lines) found.push_back(line.entry.object);
    return found;
  }

  std::filesystem::path folder;
  std::shared_ptr<Lines> log = std::make_shared<Lines>();
};

TEST_F(AuditTrailTest, WhatIsNotedStandsInTheLogInOrder) {
  {
    const auto trail = open();
    for (const char* key : {"one", "two", "three"}) {
      trail->note({.type = "server-key", .object = key, .detail = {{"event", "activated"}}});
    }
  }
  EXPECT_THAT(objects(), ElementsAre("", "one", "two", "three"));
  const auto line = keys::verify_audit_log(folder / "audit", {}).value().reading.lines.back().entry;
  EXPECT_EQ(line.detail.at("event"), "activated");
  EXPECT_FALSE(line.identity.empty());
}

// Catches: acts that are lost, or a server that waits, because the log cannot be written.
TEST_F(AuditTrailTest, WhatCannotBeWrittenIsWrittenLater) {
  const auto trail = open();
  std::filesystem::rename(folder / "audit", folder / "away");
  trail->note({.type = "server-key", .object = "one"});
  trail->note({.type = "server-key", .object = "two"});
  EXPECT_EQ(trail->waiting(), 2U);
  std::filesystem::rename(folder / "away", folder / "audit");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (trail->waiting() != 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  EXPECT_THAT(objects(), ElementsAre("", "one", "two"));
}

TEST_F(AuditTrailTest, WhoseLogIsNotThereIsToldAtOnce) {
  const auto none = AuditTrail::open(folder / "other", std::make_shared<base::SystemClock>(), log);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("tldctl audit init"));
}

}  // namespace
}  // namespace tld::plugin
