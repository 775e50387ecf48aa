// SPDX-License-Identifier: GPL-2.0-only
//
// Text from outside on its way to a terminal, which obeys some octets: each control character (C0,
// DEL, C1 in UTF-8) becomes a '?'.
//
// Thread rule: pure function.
#pragma once

#include <string>

namespace tld::base {

// One line: a newline is a control character too.
std::string terminal_text(std::string text);

}  // namespace tld::base
