// SPDX-License-Identifier: GPL-2.0-only
//
// The one list of what is counted: the StatBag ("tld-waited"), TLD-STATUS ("waited") and
// TLD-METRICS
// ("tld_waited_total") have each count under the same name.
//
// Thread rule: safe from any thread; reading them takes no lock that a question waits for.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plugin/server.h"

namespace tld::plugin {

struct Counter {
  const char* name;
  const char* description;
  // One of the two; what is of zones is summed up where zones are not told apart.
  std::uint64_t (*of_server)(Server&);
  std::uint64_t (*of_zone)(const ServedZone&);
  // Its OpenMetrics family without "tld_", where that is not `name`; "": one with labels of its
  // own has it (plugin/metrics.cc).
  const char* family = nullptr;
  bool is_gauge = false;  // it can go down

  std::uint64_t value(Server& server) const;
  std::string metric() const;  // "" when `family` is
};

std::span<const Counter> counters();

}  // namespace tld::plugin
