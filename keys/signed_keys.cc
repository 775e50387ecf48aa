// SPDX-License-Identifier: GPL-2.0-only
//
// What a signed-key file says at a time. (signed_keys_reader.cc reads it, signed_keys_check.cc
// holds the checks.)
#include "keys/signed_keys.h"

#include <algorithm>

#include "keys/input_file.h"
#include "keys/signed_keys_reader.h"

namespace tld::keys {
namespace {

// RRSIG times are taken as unsigned seconds since 1970: the reader refuses times beyond 2106.
base::Time as_time(std::uint32_t seconds) {
  return base::Time{std::chrono::seconds{seconds}};
}

}  // namespace

const SignedRRset* Slot::find(dns::RRType type) const {
  const auto found = std::ranges::find_if(
      rrsets, [type](const SignedRRset& each) { return each.rrset.type == type; });
  return found == rrsets.end() ? nullptr : &*found;
}

base::Time Slot::inception() const {
  std::uint32_t latest = 0;
  for (const SignedRRset& each : rrsets) {
    for (const dns::Rrsig& rrsig : each.rrsigs) latest = std::max(latest, rrsig.inception);
  }
  return as_time(latest);
}

base::Time Slot::expiration() const {
  std::uint32_t earliest = 0xffffffff;
  for (const SignedRRset& each : rrsets) {
    for (const dns::Rrsig& rrsig : each.rrsigs) earliest = std::min(earliest, rrsig.expiration);
  }
  return as_time(earliest);
}

base::Result<SignedKeys> SignedKeys::parse(std::string_view text, dns::NameView apex,
                                           const std::string& source) {
  return SignedKeysReader(apex, source).read(text);
}

base::Result<SignedKeys> SignedKeys::read_file(const std::filesystem::path& path,
                                               dns::NameView apex) {
  TLD_TRY(const std::string text, read_input_file(path, SignedKeysReader::max_octets));
  return parse(text, apex, path.string());
}

const Slot* SignedKeys::at(base::Time now) const {
  const auto covers = [now](const Slot& slot) {
    return slot.start <= now && slot.inception() <= now && now < slot.expiration();
  };
  const auto found = std::find_if(slots_.rbegin(), slots_.rend(), covers);
  return found == slots_.rend() ? nullptr : &*found;
}

std::set<dns::RRType> SignedKeys::types() const {
  std::set<dns::RRType> types;
  for (const SignedRRset& each : slots_.front().rrsets) types.insert(each.rrset.type);
  return types;
}

base::Time SignedKeys::covered_from() const {
  return slots_.front().start;
}
base::Time SignedKeys::covered_until() const {
  return slots_.back().expiration();
}

}  // namespace tld::keys
