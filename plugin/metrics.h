// SPDX-License-Identifier: GPL-2.0-only
//
// `pdns_control TLD-METRICS`: the state of the server as OpenMetrics text, for the exporter. What
// each family means is its HELP line and docs/monitoring/README.md.
//
// What a scrape costs: it copies numbers that are kept anyway. It does not go through a zone (what
// needs that was found by the last ServedZone::survey_when_due()), takes no lock that a question
// waits for, and asks each tld-hsmd for its health: 0.3 s at most for one that does not answer.
// Meanwhile PowerDNS's control socket serves nobody else.
//
// Thread rule: safe from any thread. Registered in the static initialiser only, as in status.h.
// Nothing here throws.
#pragma once

#include <string>

namespace tld::plugin {

// Without its last line, "# EOF", when it could not be put together.
std::string metrics_text();

void register_metrics_command();

}  // namespace tld::plugin
