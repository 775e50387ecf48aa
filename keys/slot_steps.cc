// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "keys/key_register.h"
#include "keys/key_steps.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;

bool contains(const std::vector<dns::Dnskey>& keys, const dns::Dnskey& key) {
  return std::ranges::find(keys, key) != keys.end();
}

base::Status check_known(const Keys& keys, const Listing& slot) {
  for (const dns::Dnskey& listed : slot.dnskeys) {
    if (std::ranges::find(keys, listed, &ManagedKey::dnskey) != keys.end()) continue;
    TLD_TRY(check_unused_tag(keys, listed));
    const base::Sha256 fingerprint = listed.fingerprint();
    return base::refused(
        fmt::format("KEY-UNKNOWN: {} {} ({}) is not in the key register: enter it with tldctl keys "
                    "add",
                    listed.is_sep() ? "KSK" : "ZSK", listed.key_tag(),
                    base::to_hex(base::as_octets(fingerprint)).substr(0, 16)));
  }
  return base::ok();
}

// Other operators' KSKs stand in their RRset only (RFC 6781 §4.3.5.1).
bool is_ours_to_say(const ManagedKey& key) {
  return !(key.foreign && key.is_ksk());
}

// A stolen key's DNSKEY comes back with no file, old or signed before the theft. (One that was only
// replaced may be in a file that was asked for before: it signs nothing, and is harmless.)
base::Status check_not_stolen(const Keys& keys, const Listing& slot) {
  for (const ManagedKey& key : keys) {
    const bool stolen = key.has(Kind::compromised) && key.has(Kind::removed);
    if (!stolen || !is_ours_to_say(key) || !contains(slot.dnskeys, key.dnskey)) continue;
    return base::refused(
        fmt::format("KEY-RETIRED: {}: it is listed, but compromised and was removed: take a "
                    "signed-key file without it",
                    key.describe()));
  }
  return base::ok();
}

void add_coming(KeySteps& steps, const ManagedKey& key, std::size_t place, const Listing& slot) {
  if (contains(slot.dnskeys, key.dnskey) && !key.has(Kind::published)) {
    steps.push_back({place, Kind::published});
  }
  const bool signs = key.is_ksk() && contains(slot.signers, key.dnskey);
  if (signs && !key.has(Kind::activated)) steps.push_back({place, Kind::activated});
}

void add_going(KeySteps& steps, const ManagedKey& key, std::size_t place, const Listing& slot) {
  const bool signs = contains(slot.signers, key.dnskey);
  const bool active = key.has(Kind::activated) && !key.has(Kind::retired);
  if (key.is_ksk() && active && !signs) steps.push_back({place, Kind::retired});
  const bool listed = contains(slot.dnskeys, key.dnskey);
  if (!listed && key.has(Kind::published) && !key.has(Kind::removed)) {
    steps.push_back({place, Kind::removed});
  }
}

}  // namespace

Listing listing_of(const Slot& slot) {
  Listing listing{slot.start, slot.dnskeys, {}};
  const SignedRRset* const dnskeys = slot.find(dns::RRType::DNSKEY);
  if (dnskeys == nullptr) return listing;
  for (const dns::Dnskey& key : slot.dnskeys) {
    const bool signs = std::ranges::any_of(dnskeys->rrsigs, [&key](const dns::Rrsig& rrsig) {
      return rrsig.key_tag == key.key_tag() && rrsig.algorithm == key.algorithm;
    });
    if (signs) listing.signers.push_back(key);
  }
  return listing;
}

bool is_signed_elsewhere(const Keys& keys) {
  const auto signs = [&keys](bool foreign) {
    return std::ranges::any_of(keys, [foreign](const ManagedKey& key) {
      return key.foreign == foreign && !key.is_ksk() && key.has(Kind::activated) &&
             !key.has(Kind::retired);
    });
  };
  return signs(true) && !signs(false);
}

base::Result<KeySteps> slot_steps(const Keys& keys, const Listing& slot) {
  TLD_TRY(check_known(keys, slot));
  KeySteps steps;
  if (is_signed_elsewhere(keys)) return steps;
  TLD_TRY(check_not_stolen(keys, slot));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (is_ours_to_say(keys[i])) add_coming(steps, keys[i], i, slot);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (is_ours_to_say(keys[i])) add_going(steps, keys[i], i, slot);
  }
  return steps;
}

base::Status check_slot(const Policy& policy, const Keys& keys, const Listing& slot,
                        base::Time time) {
  TLD_TRY(const KeySteps steps, slot_steps(keys, slot));
  return steps.empty() ? base::ok() : check_steps(policy, keys, steps, time);
}

base::Status check_planned(const Policy& policy, const Keys& keys, const Listing& slot,
                           base::Time time) {
  TLD_TRY(KeySteps steps, slot_steps(keys, slot));
  std::erase_if(steps, [&keys](const KeyStep& step) {
    return step.kind == Kind::removed && !keys[step.key].is_ksk();
  });
  return steps.empty() ? base::ok() : check_steps(policy, keys, steps, time);
}

Publishable publishable(const Policy& policy, const Keys& keys, const SignedKeys& file,
                        base::Time now) {
  Publishable found;
  for (const Slot& slot : file.slots()) {
    const base::Status allowed =
        check_slot(policy, keys, listing_of(slot), std::max(now, slot.start));
    const bool has_begun = slot.start <= now && now < slot.expiration();
    if (allowed) {
      found.starts.insert(slot.start);
      if (has_begun) found.held_back.clear();  // it has replaced those before it
    } else if (has_begun) {
      found.held_back = fmt::format("the slot of {} is not published: {}", time_text(slot.start),
                                    allowed.error().message);
    }
  }
  return found;
}

}  // namespace tld::keys
