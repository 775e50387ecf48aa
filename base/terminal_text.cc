// SPDX-License-Identifier: GPL-2.0-only
#include "base/terminal_text.h"

namespace tld::base {

std::string terminal_text(std::string text) {
  constexpr unsigned char c1_lead = 0xc2, c1_end = 0xa0;  // U+0080 to U+009F
  const auto octet = [&text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_c1 = octet(at) == c1_lead && at + 1 < text.size() && octet(at + 1) < c1_end;
    if (is_c1) text.erase(at, 1);
    if (is_c1 || octet(at) < ' ' || octet(at) == 127) text[at] = '?';
  }
  return text;
}

}  // namespace tld::base
