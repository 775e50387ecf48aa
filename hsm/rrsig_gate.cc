// SPDX-License-Identifier: GPL-2.0-only
#include "hsm/rrsig_gate.h"

#include <algorithm>
#include <cstdint>

#include "hsm/wire_name.h"

namespace tld::hsm {
namespace {

using std::chrono::seconds;

// So much the server's clock may be ahead of this one, beyond its policy's inception-offset.
constexpr std::chrono::minutes late_clock{5};
constexpr std::size_t fixed_header = 18;  // RFC 4034 §3.1: all before the signer's name

unsigned octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}
std::uint16_t number16(std::string_view text, std::size_t at) {
  return static_cast<std::uint16_t>(octet(text, at) << 8 | octet(text, at + 1));
}
std::uint32_t number32(std::string_view text, std::size_t at) {
  return static_cast<std::uint32_t>(number16(text, at)) << 16 | number16(text, at + 2);
}

base::Error refuse(const char* check, const std::string& why) {
  return base::refused(std::string(check) + ": " + why);
}

// RFC 4034 §3.1.5: the 32-bit times are serial numbers; this is the one closest to now.
base::Time absolute(std::uint32_t serial, base::Time now) {
  const auto distance = static_cast<std::int32_t>(
      serial - static_cast<std::uint32_t>(now.time_since_epoch().count()));
  return now + seconds(distance);
}

base::Status check_type(std::uint16_t type) {
  constexpr std::uint16_t opt = 41;
  constexpr std::uint16_t rrsig = 46;
  constexpr std::uint16_t dnskey = 48;
  constexpr std::uint16_t cds = 59;
  constexpr std::uint16_t cdnskey = 60;
  if (type == dnskey || type == cds || type == cdnskey) {
    return refuse("RRSIG-TYPE", "type " + std::to_string(type) + " is for the KSK to sign");
  }
  // RFC 6895 §3.1: 128 to 255 are questions and meta types. RFC 4035 §2.2: no RRSIG over RRSIG.
  if (type == 0 || type == opt || type == rrsig || (type >= 128 && type <= 255) || type == 0xffff) {
    return refuse("RRSIG-TYPE", "type " + std::to_string(type) + " is never signed");
  }
  return base::ok();
}

base::Status check_times(std::string_view header, seconds maximum, base::Time now) {
  const base::Time expiration = absolute(number32(header, 8), now);
  const base::Time inception = absolute(number32(header, 12), now);
  if (inception > expiration) return refuse("RRSIG-VALIDITY", "inception is after expiration");
  if (expiration - inception > maximum) {
    return refuse("RRSIG-VALIDITY", "longer than maximum-validity");
  }
  if (inception > now + late_clock) return refuse("RRSIG-AHEAD", "inception is in the future");
  if (expiration <= now) return refuse("RRSIG-EXPIRED", "expiration is not in the future");
  return base::ok();
}

base::Status check_owner(std::string_view owner, std::string_view apex, unsigned labels) {
  if (!at_or_below(owner, apex)) return refuse("RRSIG-OWNER", "owner is outside the zone");
  const bool wildcard = owner.substr(0, 2) == std::string_view("\x01*", 2);
  // RFC 4034 §3.1.3: neither the root nor a leading "*" counts.
  if (labels != label_count(owner) - (wildcard ? 1 : 0)) {
    return refuse("RRSIG-LABELS", "the labels field does not fit the owner");
  }
  return base::ok();
}

// What every RR of the set begins with: owner | type | class IN | original TTL (§3.1.8.1).
std::string rr_start(std::string_view header, std::string_view owner) {
  std::string out(owner);
  out.append(header.substr(0, 2)).append("\x00\x01", 2).append(header.substr(4, 4));
  return out;
}

// REQUIRES: `rrs` begins with `start`'s owner.
base::Status check_rrset(std::string_view rrs, std::string_view start) {
  std::string_view last;
  for (bool first = true; !rrs.empty(); first = false) {
    if (rrs.size() < start.size() + 2) return refuse("RRSIG-FORM", "an RR is cut off");
    if (rrs.substr(0, start.size()) != start) {
      return refuse("RRSIG-RRSET", "an RR with another owner, type, class or TTL");
    }
    rrs.remove_prefix(start.size());
    const std::size_t length = number16(rrs, 0);
    rrs.remove_prefix(2);
    if (rrs.size() < length) return refuse("RRSIG-FORM", "an RDATA is cut off");
    const std::string_view rdata = rrs.substr(0, length);
    if (!first && rdata <= last) return refuse("RRSIG-RRSET", "RDATA not sorted, or twice");
    last = rdata;
    rrs.remove_prefix(length);
  }
  return base::ok();
}

}  // namespace

base::Status check_rrsig_input(std::string_view message, Algorithm key_algorithm,
                               std::span<const GateZone> zones_of_key, base::Time now) {
  if (message.size() < fixed_header) return refuse("RRSIG-FORM", "shorter than a header");
  const std::string_view header = message.substr(0, fixed_header);
  TLD_TRY(check_type(number16(header, 0)));
  if (octet(header, 2) != static_cast<unsigned>(key_algorithm)) {
    return refuse("RRSIG-ALGORITHM", "not the key's algorithm");
  }
  std::string_view rest = message.substr(fixed_header);
  const std::string_view signer = rest.substr(0, wire_name_length(rest));
  if (signer.empty()) return refuse("RRSIG-FORM", "the signer is no canonical name");
  const auto zone = std::find_if(zones_of_key.begin(), zones_of_key.end(),
                                 [&](const GateZone& z) { return z.apex == signer; });
  if (zone == zones_of_key.end()) return refuse("RRSIG-SIGNER", "not a zone of this key");
  TLD_TRY(check_times(header, zone->maximum_validity, now));
  rest.remove_prefix(signer.size());
  const std::string_view owner = rest.substr(0, wire_name_length(rest));
  if (owner.empty()) return refuse("RRSIG-FORM", "the owner is no canonical name");
  TLD_TRY(check_owner(owner, signer, octet(header, 3)));
  return check_rrset(rest, rr_start(header, owner));
}

}  // namespace tld::hsm
