// SPDX-License-Identifier: GPL-2.0-only
//
// docs/epp.md says what the code does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/epp/frames.h"

namespace tld::epp {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::string document() {
  std::ifstream in(TLD_SOURCE_DIR "/docs/epp.md");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Document, ExampleFrameIsCarriedOut) {
  const std::string text = document();
  const std::size_t begin = text.find("<?xml"), end = text.find("</epp>", begin);
  ASSERT_NE(end, std::string::npos);
  std::string xml = text.substr(begin, end + 6 - begin);
  const std::size_t name = xml.find("example.kz");
  ASSERT_NE(name, std::string::npos);
  xml.replace(name, 10, "a.kz");
  MemoryRegistry registry = registry_of_kz();
  EXPECT_EQ(send(registry, xml).code, Code::done);
  EXPECT_THAT(registry.objects.text(), HasSubstr("[12345 13 2 38ec35d5"));
}

TEST(Document, EveryCodeIsExplained) {
  const std::string text = document();
  for (const Code code :
       {Code::done, Code::syntax, Code::parameter_missing, Code::parameter_range,
        Code::parameter_syntax, Code::unimplemented_version, Code::unimplemented_command,
        Code::unimplemented_option, Code::unimplemented_extension, Code::exists,
        Code::does_not_exist, Code::status_prohibits, Code::association_prohibits,
        Code::parameter_policy, Code::unimplemented_object, Code::data_management_policy,
        Code::failed}) {
    EXPECT_THAT(text, HasSubstr("\n| " + std::to_string(static_cast<int>(code)) + " | "));
  }
}

// The table of algorithms and digest types: what it calls supported by strict is.
TEST(Document, DsTableIsThatOfTheCode) {
  const std::string text = document();
  for (unsigned number = 0; number < 256; ++number) {
    const auto* algorithm = dns::find_dnssec_algorithm(static_cast<std::uint8_t>(number));
    const bool deprecated = number == 5 || number == 7 || number == 12;
    if (algorithm != nullptr && algorithm->supported && !deprecated) {
      EXPECT_THAT(text, HasSubstr(std::to_string(number) + " " + algorithm->mnemonic));
    }
    const auto* digest = dns::find_digest_type(static_cast<std::uint8_t>(number));
    if (digest != nullptr) {
      EXPECT_THAT(text, HasSubstr(std::to_string(number) + " " + digest->mnemonic));
    }
  }
}

}  // namespace
}  // namespace tld::epp
