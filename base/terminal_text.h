// SPDX-License-Identifier: GPL-2.0-only
//
// Text from outside on its way to a terminal, which obeys some octets: each control character (C0,
// DEL, C1), each one that turns the direction of text (U+202A to U+202E, U+2066 to U+2069) and each
// octet that is no UTF-8 becomes a '?'.
//
// Thread rule: pure function.
#pragma once

#include <string>

namespace tld::base {

// One line: a newline is a control character too.
std::string terminal_text(const std::string& text);
// The same for several lines: newlines stay.
std::string terminal_lines(const std::string& text);

}  // namespace tld::base
