// SPDX-License-Identifier: GPL-2.0-only
//
// The sums that a policy must satisfy. (policy_file.cc reads one.)
#include "keys/policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "dns/rdata.h"
#include "dns/rrset.h"

namespace tld::keys {
namespace {

using std::chrono::seconds;

struct Range {
  const char* key;
  seconds value, least, most;
};

// RFC 4034 §3.1.5: expiration - inception must be below 2^31 for serial arithmetic to order them.
constexpr seconds longest{0x7fffffff};

base::Status check_range(const Range& range) {
  if (range.value >= range.least && range.value <= range.most) return base::ok();
  return base::invalid_input(fmt::format("POLICY-RANGE: {} is {}; it must be from {} to {}",
                                         range.key, base::to_text(range.value),
                                         base::to_text(range.least), base::to_text(range.most)));
}

base::Status check_ranges(const SignaturePolicy& live, const SignedKeysPolicy& ahead) {
  const Range ranges[] = {
      {"signatures.validity", live.validity, seconds{1}, longest},
      {"signatures.refresh", live.refresh, seconds{1}, longest},
      {"signatures.inception-offset", live.inception_offset, seconds{0}, longest},
      {"signed-keys.span", ahead.span, seconds{1}, longest},
      {"signed-keys.slot", ahead.slot, seconds{1}, longest},
      {"signed-keys.validity", ahead.validity, seconds{1}, longest},
      {"signed-keys.inception-offset", ahead.inception_offset, seconds{0}, longest},
      {"signed-keys.dnskey-ttl", ahead.dnskey_ttl, seconds{1}, seconds{dns::max_ttl}},
  };
  for (const Range& range : ranges) {
    TLD_TRY(check_range(range));
  }
  return base::ok();
}

// A signature that is fresh now lives for validity - inception-offset; it must not be due at once.
base::Status check_refresh(const SignaturePolicy& live) {
  const seconds lifetime = live.validity - live.inception_offset;
  if (live.refresh < lifetime) return base::ok();
  return base::invalid_input(fmt::format(
      "POLICY-REFRESH: signatures.refresh {} must be less than validity {} - inception-offset {}: "
      "a new signature would be due for refresh at once",
      base::to_text(live.refresh), base::to_text(live.validity),
      base::to_text(live.inception_offset)));
}

base::Status check_span(const SignedKeysPolicy& ahead) {
  const auto count = ahead.span / ahead.slot;
  if (ahead.span % ahead.slot != seconds{0}) {
    return base::invalid_input(fmt::format(
        "POLICY-SPAN: signed-keys.span {} is not a whole number of slots of {}; make it "
        "{}",
        base::to_text(ahead.span), base::to_text(ahead.slot),
        base::to_text((count + 1) * ahead.slot)));
  }
  if (static_cast<std::size_t>(count) > max_slots) {
    return base::invalid_input(
        fmt::format("POLICY-SPAN: signed-keys.span {} holds {} slots of {}, more than {}",
                    base::to_text(ahead.span), count, base::to_text(ahead.slot), max_slots));
  }
  return base::ok();
}

// The next slot's DNSKEY RRset has replaced this one in caches a TTL after its start; until then
// this one's signatures must be valid.
base::Status check_overlap(const SignedKeysPolicy& ahead) {
  const seconds needed = ahead.slot + ahead.dnskey_ttl;
  if (needed + ahead.inception_offset <= ahead.validity) return base::ok();
  return base::invalid_input(fmt::format(
      "POLICY-OVERLAP: signed-keys: slot {} + dnskey-ttl {} = {} must be at most validity {} - "
      "inception-offset {}, or slots do not overlap; make validity at least {}",
      base::to_text(ahead.slot), base::to_text(ahead.dnskey_ttl), base::to_text(needed),
      base::to_text(ahead.validity), base::to_text(ahead.inception_offset),
      base::to_text(needed + ahead.inception_offset)));
}

// RFC 8624 §3.3: SHA-256 must be, SHA-384 may be used; SHA-1 and GOST must not in a CDS record.
base::Status check_digest_types(const std::vector<std::uint8_t>& types) {
  for (const std::uint8_t type : types) {
    if (type != dns::digest_sha256 && type != dns::digest_sha384) {
      return base::invalid_input(fmt::format(
          "POLICY-CDS-DIGEST: signed-keys.cds-digest-types: {} is not 2 (SHA-256) or 4 (SHA-384)",
          type));
    }
  }
  if (!std::ranges::is_sorted(types, std::less_equal<>{})) {
    return base::invalid_input(
        "POLICY-CDS-DIGEST: signed-keys.cds-digest-types must be ascending, none twice");
  }
  return base::ok();
}

}  // namespace

base::Status Policy::check() const {
  TLD_TRY(check_ranges(signatures, signed_keys));
  TLD_TRY(check_refresh(signatures));
  TLD_TRY(check_span(signed_keys));
  TLD_TRY(check_overlap(signed_keys));
  return check_digest_types(signed_keys.cds_digest_types);
}

}  // namespace tld::keys
