// SPDX-License-Identifier: GPL-2.0-only
//
// `pdns_control TLD-CLOCK-ACCEPT`: an operator says that the system's clock is right
// (base/checked_clock.h).
//
// Thread rule: register_clock_command() once, when the module is loaded.
#pragma once

namespace tld::plugin {

void register_clock_command();

}  // namespace tld::plugin
