// SPDX-License-Identifier: GPL-2.0-only
//
// Text for XML and HTML.
//
// Thread rule: pure function.
#pragma once

#include <string>
#include <string_view>

namespace tld::base {

// In content and in attribute values. REQUIRES: UTF-8 of XML characters.
std::string xml_escaped(std::string_view text);

}  // namespace tld::base
