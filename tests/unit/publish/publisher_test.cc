// SPDX-License-Identifier: GPL-2.0-only
#include "publish/publisher.h"

#include <gtest/gtest.h>

#include "tests/unit/zones_for_tests.h"

namespace tld::publish {
namespace {

zones::NameChange added(const std::string& owner, dns::RRType type, std::string rdata) {
  const auto name = dns::Name::from_text(owner).value();
  return {{name, {}}, {name, {{name, type, 60, {std::move(rdata)}}}}};
}

// Catches: one record that is published in a text that nobody can read, and stops all that follows.
TEST(Publisher, WhatDoesNotReadBackIsSetAsideAlone) {
  using dns::RRType;
  const std::string upper_case("\0\12\1A\0", 5);
  zones::PendingChanges pending;
  pending.last.emplace();
  pending.changes = {added("a.example.", RRType::TXT, std::string("\1x", 2)),
                     added("b.example.", RRType::TXT, ""),
                     added("c.example.", RRType::MX, upper_case),
                     added("d.example.", RRType::MX, std::string("\0\12\1@\0", 5)),
                     added("e.example.", static_cast<RRType>(17), std::string("\1a\0\1b\0", 6))};
  const auto decision = decide(pending, tests::zone_of(tests::example_zone(), "example.", 1), {});
  ASSERT_TRUE(decision);
  ASSERT_EQ(decision.value().changes.size(), 2u);
  EXPECT_EQ(decision.value().changes[0].after.name.text(), "a.example.");
  EXPECT_EQ(decision.value().changes[1].after.name.text(), "e.example.");
  ASSERT_EQ(decision.value().set_aside.size(), 3u);
  EXPECT_EQ(decision.value().set_aside[0].name, "b.example.");
  EXPECT_NE(decision.value().set_aside[0].reason.find("reads-back: TXT"), std::string::npos);
  EXPECT_EQ(decision.value().set_aside[1].name, "c.example.");
  EXPECT_EQ(decision.value().set_aside[2].name, "d.example.");
}

}  // namespace
}  // namespace tld::publish
