// SPDX-License-Identifier: GPL-2.0-only
//
// What a signed-key file says at a time. (slot_file_reader.cc reads it, signed_keys_check.cc
// holds the checks.)
#include "keys/signed_keys.h"

#include <algorithm>

#include "keys/input_file.h"
#include "keys/slot_file_reader.h"

namespace tld::keys {
namespace {

bool suits(const Slot& slot, std::span<const dns::Dnskey> zsks) {
  if (zsks.empty()) return true;
  const auto has = [](const auto& keys, std::uint8_t algorithm) {
    return std::ranges::find(keys, algorithm, &dns::Dnskey::algorithm) != keys.end();
  };
  return std::ranges::all_of(zsks,
                             [&](const dns::Dnskey& zsk) {
                               return slot.lists(zsk) || !has(slot.dnskeys, zsk.algorithm);
                             }) &&
         std::ranges::all_of(slot.dnskeys,
                             [&](const dns::Dnskey& key) { return has(zsks, key.algorithm); });
}

}  // namespace

base::Result<SignedKeys> SignedKeys::parse(std::string_view text, dns::NameView apex,
                                           const std::string& source) {
  TLD_TRY(auto file, SlotFileReader(SlotFileKind::response, apex, source).read(text));
  return SignedKeys(std::move(file));
}

base::Result<SignedKeys> SignedKeys::read_file(const std::filesystem::path& path,
                                               dns::NameView apex) {
  TLD_TRY(const std::string text, read_input_file(path, SlotFileReader::max_octets));
  return parse(text, apex, path.string());
}

const Slot* SignedKeys::at(base::Time now) const {
  return at(now, {});
}

const Slot* SignedKeys::at(base::Time now, std::span<const dns::Dnskey> zsks) const {
  const auto fits = [now, zsks](const Slot& slot) {
    return slot.start <= now && slot.inception() <= now && now < slot.expiration() &&
           suits(slot, zsks);
  };
  const auto found = std::find_if(file_.slots.rbegin(), file_.slots.rend(), fits);
  return found == file_.slots.rend() ? nullptr : &*found;
}

base::Time SignedKeys::listed_until(base::Time now, std::span<const dns::Dnskey> zsks) const {
  base::Time until = now;
  for (const Slot* slot = at(now, zsks); slot != nullptr; slot = at(until, zsks)) {
    until = slot->expiration();
  }
  return until;
}

SignedKeys SignedKeys::with_slots(const std::set<base::Time>& starts) const {
  SlotFile some = file_;
  std::erase_if(some.slots, [&starts](const Slot& slot) { return !starts.contains(slot.start); });
  return SignedKeys(std::move(some));
}

std::set<dns::RRType> SignedKeys::types() const {
  std::set<dns::RRType> types;
  for (const SignedRRset& each : file_.slots.front().rrsets) types.insert(each.rrset.type);
  return types;
}

base::Time SignedKeys::covered_from() const {
  return file_.slots.front().start;
}
base::Time SignedKeys::covered_until() const {
  return file_.slots.back().expiration();
}

}  // namespace tld::keys
