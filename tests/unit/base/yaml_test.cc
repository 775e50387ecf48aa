// SPDX-License-Identifier: GPL-2.0-only
#include "base/yaml.h"

#include <gmock/gmock.h>

namespace tld::base {
namespace {

using ::testing::HasSubstr;

std::string fault(const std::string& yaml) {
  YamlMap top = YamlMap::document(yaml, "f");
  EXPECT_TRUE(top.text("a", "").size() < 9);
  const auto status = top.finish();
  return status ? "" : status.error().message;
}

TEST(Yaml, AFileHasOneDocument) {
  for (const char* good : {"a: 1\n", "---\na: 1\n", "a: 1\n...\n", "# x\n---\na: 1\n...\n# y\n"}) {
    EXPECT_EQ(fault(good), "") << good;
  }
  EXPECT_THAT(fault("a: 1\n---\na: 2\n"), HasSubstr("f:2: a second document"));
  EXPECT_THAT(fault("a: 1\n...\n\n---\na: 2\n"), HasSubstr("f:4: a second document"));
  for (const char* wrong : {"a: 1\n---\n", "a: 1\n...\n---\nb: 2\n", "a: 1\n--- # x\n{}\n"}) {
    EXPECT_THAT(fault(wrong), HasSubstr("a second document")) << wrong;
  }
  EXPECT_THAT(fault(""), HasSubstr("must be a mapping"));
}

// Catches: yaml-cpp's LoadAll(), which finds documents in these until there is no memory.
TEST(Yaml, WhatBeginsWithACommaIsNoDocument) {
  for (const char* wrong : {",", ", a", ",,no\xfb", "\n,", "--- ,\n", ",\na: 1\n"}) {
    EXPECT_THAT(fault(wrong), HasSubstr("f:")) << wrong;
  }
}

// Catches: yaml-cpp ends at octet 4 and says nothing of what is behind it.
TEST(Yaml, NothingHidesBehindAControlCharacter) {
  EXPECT_THAT(fault("a: 1\n\x04\nb: 2\n"), HasSubstr("f:2: not YAML: a control character"));
  EXPECT_THAT(fault(std::string("a: 1\n") + '\0' + "\nb: 2\n"), HasSubstr("control character"));
  EXPECT_THAT(fault("a: \x7f\n"), HasSubstr("control character"));
  EXPECT_EQ(fault("a: 1\t# \xc3\xa9\r\n"), "");
}

}  // namespace
}  // namespace tld::base
