// SPDX-License-Identifier: GPL-2.0-only
//
// Is a token's `refresh-rate` enough for the zones that it signs? (docs/refresh.md)
//
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tld::plugin {

// What a zone asks of each of its tokens in the background.
struct ZoneNeed {
  std::string zone;
  std::uint64_t signatures = 0;
  std::chrono::seconds period{};      // each is made anew once in it: validity - refresh
  std::chrono::seconds sign_delay{};  // a new ZSK makes all of them in it
  bool rolls = false;                 // the server rolls its ZSKs
};

// "" when it is; else the arithmetic, and what will happen. `rate`: signatures a second.
std::string budget_trouble(std::uint32_t rate, const std::vector<ZoneNeed>& zones);

}  // namespace tld::plugin
