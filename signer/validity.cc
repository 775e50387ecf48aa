// SPDX-License-Identifier: GPL-2.0-only
#include "signer/validity.h"

#include <fmt/format.h>

#include <cstring>

#include "base/bytes.h"

namespace tld::signer {

using std::chrono::seconds;

base::Status check(const SignaturePolicy& policy) {
  if (policy.refresh <= seconds{0} || policy.refresh * 2 >= policy.validity) {
    return base::refused(fmt::format(
        "signatures: refresh {} s must be above 0 and below half of validity {} s",
        policy.refresh.count(), policy.validity.count()));
  }
  if (policy.validity + policy.inception_offset >= seconds{0x7fffffff}) {
    return base::refused("signatures: validity is longer than RFC 4034 section 3.1.5 can express");
  }
  if (policy.inception_offset < seconds{0}) {
    return base::refused("signatures: inception-offset is negative");
  }
  return base::ok();
}

namespace {

// Anything uniform and the same on every node will do; SHA-256 is what is at hand.
std::uint64_t phase_of(dns::NameView owner) {
  const base::Sha256 digest = base::sha256(owner.wire());
  std::uint64_t phase = 0;
  std::memcpy(&phase, digest.data(), sizeof phase);
  return phase;
}

}  // namespace

Validity validity_at(const SignaturePolicy& policy, dns::NameView owner, base::Time now) {
  const std::int64_t at = now.time_since_epoch().count();
  const std::int64_t period = (policy.validity - policy.refresh).count();
  const auto phase = static_cast<std::int64_t>(phase_of(owner) % static_cast<std::uint64_t>(period));
  const std::int64_t latest = at + policy.validity.count();
  const std::int64_t expiration = latest - (latest - phase) % period;
  return {static_cast<std::uint32_t>(at - policy.inception_offset.count()),
          static_cast<std::uint32_t>(expiration)};
}

seconds until(std::uint32_t stamp, base::Time now) {
  const auto distance = stamp - static_cast<std::uint32_t>(now.time_since_epoch().count());
  return seconds{static_cast<std::int32_t>(distance)};
}

}  // namespace tld::signer
