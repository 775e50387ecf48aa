// SPDX-License-Identifier: GPL-2.0-only
//
// For tests: RRSIG input that tld-hsmd's gate lets through, and what is one change away from it.
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hsm/key.h"

namespace tld::hsm::test {

// The octets of RFC 4034 §3.1.8.1 for one small RRset.
struct RrsigInput {
  std::string signer = {"\x02kz\x00", 4};
  std::string owner = {"\x03www\x02kz\x00", 8};
  std::uint16_t type = 1;
  Algorithm algorithm = Algorithm::ecdsap256sha256;
  std::optional<std::uint8_t> labels = {};
  std::uint32_t ttl = 3600;
  base::Time now = base::SystemClock().now();
  std::chrono::seconds inception{-3600};
  std::chrono::seconds expiration{14 * 86'400};
  std::vector<std::string> rdata = {{"\xc0\x00\x02\x01", 4}};

  std::string octets() const;
};

}  // namespace tld::hsm::test
