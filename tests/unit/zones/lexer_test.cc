// SPDX-License-Identifier: GPL-2.0-only
#include <string>

#include "tests/unit/zones/support.h"
#include "zones/zone_lexer.h"

namespace tld::zones {
namespace {

using namespace std::string_literals;

// "LINE[ ]:token|\"token\"..." or "LINE!fault", entries separated by spaces.
std::string lexed(const std::string& text) {
  ZoneLexer lexer(text);
  LexedEntry entry;
  std::string result;
  while (lexer.next(entry)) {
    result += (result.empty() ? "" : " / ") + std::to_string(entry.line);
    if (!entry.fault.empty()) {
      result += "! " + entry.fault;
      continue;
    }
    result += entry.leading_blank ? "_" : "";
    for (const Token& token : entry.tokens) {
      result += token.quoted ? " '" + std::string(token.text) + "'" : " " + std::string(token.text);
    }
  }
  return result;
}

TEST(ZoneLexer, LinesTokensAndComments) {
  EXPECT_EQ(lexed(""), "");
  EXPECT_EQ(lexed("\n\n ; only a comment\n"), "");
  EXPECT_EQ(lexed("a b\n c d ; e\nf"), "1 a b / 2_ c d / 3 f");
  EXPECT_EQ(lexed("a\tb \r\nc\r\n"), "1 a b / 2 c");
}

TEST(ZoneLexer, Parentheses) {
  EXPECT_EQ(lexed("a (b\n c;)\n d)e\nf"), "1 a b c d e / 4 f");
  EXPECT_EQ(lexed("a ((b) \n) c\nd"), "1 a b c / 3 d");
  EXPECT_EQ(lexed("a b)\nc"), "1! a closing parenthesis without an opening one / 2 c");
  EXPECT_EQ(lexed("a\nb (\nc\nd"), "1 a / 2! this parenthesis is not closed");
}

TEST(ZoneLexer, QuotesAndEscapes) {
  EXPECT_EQ(lexed("a \"b ; ( c\" d\\;e\\(f\\\"g"), "1 a 'b ; ( c' d\\;e\\(f\\\"g");
  EXPECT_EQ(lexed("a \"b\\\"c\"\"d\" \"\""), "1 a 'b\\\"c' 'd' ''");
  EXPECT_EQ(
      lexed("a \"b\nc\" d\ne"),
      "1! a quoted string is not closed on its line / 2! a quoted string is not closed on its "
      "line / 3 e");
  EXPECT_EQ(lexed("a \"b"), "1! a quoted string is not closed on its line");
  EXPECT_EQ(lexed("a \"b\\"), "1! a quoted string is not closed on its line");
  EXPECT_EQ(lexed("a\\ b c"), "1 a\\ b c");
  EXPECT_EQ(lexed("a\\\nb"), "1! a backslash at the end of a line / 2 b");
  EXPECT_EQ(lexed("a\\"), "1! a backslash at the end of a line");
}

TEST(ZoneLexer, OctetsThatAreNoText) {
  EXPECT_EQ(lexed("a\xc3\xa9\nb"), "1! octet 0xc3 stands bare: write it as \\195 / 2 b");
  EXPECT_EQ(lexed("a\0b\nc"s), "1! octet 0x00 stands bare: write it as \\000 / 2 c");
  EXPECT_EQ(lexed("a\rb"), "1! octet 0x0d stands bare: write it as \\013");
  EXPECT_EQ(lexed("a \\\xc3"), "1! octet 0xc3 stands bare: write it as \\195");
  EXPECT_EQ(lexed("; \xc3\xa9\nb \"\xc3\xa9\""), "2 b '\xc3\xa9'");
  EXPECT_EQ(lexed("b \"\x01\""), "1! octet 0x01 stands bare: write it as \\001");
}

// A fault inside a record of several lines is reported where it is.
TEST(ZoneLexer, FaultLineInsideAParenthesis) {
  EXPECT_EQ(lexed("a (\nb\n\x01\nc )\nd"),
            "3! octet 0x01 stands bare: write it as \\001 / 4! a closing parenthesis without an "
            "opening one / 5 d");
}

TEST(ZoneLexer, EndlessRecordIsRefused) {
  std::string text = "a (";
  for (int i = 0; i < 200000; ++i) text += " abcde";
  EXPECT_EQ(lexed(text + ")\nb"), "1! a record longer than DNS can carry / 2 b");
}

}  // namespace
}  // namespace tld::zones
