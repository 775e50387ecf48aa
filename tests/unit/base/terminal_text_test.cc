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

TEST(TerminalText, LeavesTheRest) {
  for (const char* text : {"", "KSK 2027", "Қазақстан", "\xc2\xa0", "\xc2"}) {
    EXPECT_EQ(terminal_text(text), text);
  }
}

}  // namespace
}  // namespace tld::base
