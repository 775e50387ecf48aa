// SPDX-License-Identifier: GPL-2.0-only
//
// The sums that a policy must satisfy. (policy_file.cc reads one.)
#include "keys/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/duration.h"
#include "dns/rdata.h"
#include "dns/rrset.h"
#include "keys/policy_timing.h"

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

base::Status check_all(std::span<const Range> ranges) {
  for (const Range& range : ranges) {
    TLD_TRY(check_range(range));
  }
  return base::ok();
}

base::Status check_signature_ranges(const SignaturePolicy& live, const SignedKeysPolicy& ahead) {
  const Range ranges[] = {
      {"signatures.validity", live.validity, seconds{1}, longest},
      {"signatures.refresh", live.refresh, seconds{1}, longest},
      {"signatures.inception-offset", live.inception_offset, seconds{0}, longest},
      {"signatures.sign-delay", live.sign_delay, seconds{0}, longest},
      {"signed-keys.span", ahead.span, seconds{1}, longest},
      {"signed-keys.slot", ahead.slot, seconds{1}, longest},
      {"signed-keys.validity", ahead.validity, seconds{1}, longest},
      {"signed-keys.inception-offset", ahead.inception_offset, seconds{0}, longest},
      {"signed-keys.dnskey-ttl", ahead.dnskey_ttl, seconds{1}, seconds{dns::max_ttl}},
      {"signed-keys.hold", ahead.hold.value_or(seconds{0}), seconds{0}, longest},
  };
  return check_all(ranges);
}

base::Status check_key_ranges(const KeyPolicy& keys) {
  const Range ranges[] = {
      {"keys.publish-safety", keys.publish_safety, seconds{0}, longest},
      {"keys.retire-safety", keys.retire_safety, seconds{0}, longest},
      {"keys.zsk.lifetime", keys.zsk.lifetime, seconds{1}, longest},
      {"keys.zsk.prepublish", keys.zsk.prepublish, seconds{0}, longest},
      {"keys.zsk.postpublish", keys.zsk.postpublish, seconds{0}, longest},
      {"keys.zsk.emergency-postpublish", keys.zsk.emergency_postpublish, seconds{0}, longest},
      {"keys.ksk.lifetime", keys.ksk.lifetime.value_or(longest), seconds{1}, longest},
      {"keys.ksk.prepublish", keys.ksk.prepublish, seconds{0}, longest},
      {"keys.ksk.postpublish", keys.ksk.postpublish, seconds{0}, longest},
      {"keys.ksk.emergency-postpublish", keys.ksk.emergency_postpublish, seconds{0}, longest},
  };
  return check_all(ranges);
}

base::Status check_world_ranges(const ZonePolicy& zone, const ParentPolicy& parent) {
  const seconds largest_ttl{dns::max_ttl};
  const Range ranges[] = {
      {"zone.max-zone-ttl", zone.max_zone_ttl, seconds{0}, largest_ttl},
      {"zone.zone-propagation-delay", zone.zone_propagation_delay, seconds{0}, longest},
      {"zone.cache-ttl", zone.cache_ttl, seconds{0}, largest_ttl},
      {"zone.soa-expire", zone.soa_expire.value_or(seconds{1}), seconds{1}, longest},
      {"parent.parent-ds-ttl", parent.ds_ttl, seconds{0}, largest_ttl},
      {"parent.parent-propagation-delay", parent.propagation_delay, seconds{0}, longest},
      {"parent.parent-registration-delay", parent.registration_delay, seconds{0}, longest},
  };
  return check_all(ranges);
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
  TLD_TRY(check_signature_ranges(signatures, signed_keys));
  TLD_TRY(check_key_ranges(keys));
  TLD_TRY(check_world_ranges(zone, parent));
  TLD_TRY(check_refresh(signatures));
  TLD_TRY(check_span(signed_keys));
  TLD_TRY(check_overlap(signed_keys));
  TLD_TRY(check_digest_types(signed_keys.cds_digest_types));
  return check_timing(*this);
}

}  // namespace tld::keys
