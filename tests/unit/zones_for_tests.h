// SPDX-License-Identifier: GPL-2.0-only
//
// Small zones for tests of the rooms above zones/.
#pragma once

#include <memory>
#include <string>

#include "zones/zone.h"

namespace tld::tests {

// A checked and built zone from zone-file text; ends the test program when the text is wrong.
std::shared_ptr<const zones::Zone> zone_of(const std::string& text, const std::string& apex,
                                           std::uint32_t serial);

// example.: SOA, NS, an in-zone host, `secure.example.` with DS, `insecure.example.` without, and
// `a.ent.example.` insecure below an empty non-terminal. `ds_digit` varies the DS.
std::string example_zone(char ds_digit = '1');

}  // namespace tld::tests
