// SPDX-License-Identifier: GPL-2.0-only
#include "base/terminal_text.h"

#include <gtest/gtest.h>

namespace tld::base {
namespace {

TEST(TerminalText, HasNothingThatATerminalObeys) {
  EXPECT_EQ(terminal_text("a\x1b[31m\n\x7f\t"), "a?[31m???");
  EXPECT_EQ(terminal_text("a\xc2\x9b"
                          "31m"),
            "a?31m");
  EXPECT_EQ(terminal_text(std::string("\0", 1)), "?");
}

TEST(TerminalText, HasNoOctetThatIsNoUtf8) {
  EXPECT_EQ(terminal_text("a\x9b"
                          "31m"),
            "a?31m");
  // Longer than need be, a surrogate, above U+10FFFF, cut, a lead octet that there is not.
  EXPECT_EQ(terminal_text("\xc0\x9b"), "??");
  EXPECT_EQ(terminal_text("\xe0\x80\x9b"), "???");
  EXPECT_EQ(terminal_text("\xf0\x80\x80\x9b"), "????");
  EXPECT_EQ(terminal_text("\xed\xa0\x80"), "???");
  EXPECT_EQ(terminal_text("\xf4\x90\x80\x80"), "????");
  EXPECT_EQ(terminal_text("\xe2\x80"), "??");
  EXPECT_EQ(terminal_text("\xc2"), "?");
  EXPECT_EQ(terminal_text("\xff\xf8"), "??");
  EXPECT_EQ(terminal_text("\xc2q"), "?q");
}

TEST(TerminalText, HasNothingThatTurnsText) {
  for (const char* turns :
       {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}) {
    EXPECT_EQ(terminal_text(std::string("a") + turns + "b"), "a?b");
  }
}

TEST(TerminalText, KeepsTheNewlinesOfLines) {
  EXPECT_EQ(terminal_lines("a\x1b\n\r\n"), "a?\n?\n");
  EXPECT_EQ(terminal_lines("a"), "a");
}

TEST(TerminalText, LeavesTheRest) {
  for (const char* text :
       {"", "KSK 2027", "Қазақстан", "\xc2\xa0", "\u2029", "\u2030", "\U0001f511", "\U0010ffff"}) {
    EXPECT_EQ(terminal_text(text), text);
  }
}

}  // namespace
}  // namespace tld::base
