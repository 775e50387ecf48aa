// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "hsm/verify.h"
#include "keys/slot_signatures.h"
#include "keys/time_text.h"

namespace tld::keys {

using dns::Dnskey;

base::Error refuse(const std::string& rule, const std::string& why) {
  return base::refused(fmt::format("{}: {}", rule, why));
}

std::string describe(const Dnskey& key) {
  return fmt::format("{} with key tag {} and algorithm {}", key.is_sep() ? "KSK" : "ZSK",
                     key.key_tag(), key.algorithm);
}

base::Status check_key_forms(const std::string& rule, const std::vector<Dnskey>& keys) {
  for (const Dnskey& key : keys) {
    const int flags = key.flags & ~Dnskey::flag_sep;
    if (flags != Dnskey::flag_zone || key.protocol != 3) {
      return refuse(rule, fmt::format("{} has flags {} and protocol {}; only 256 or 257 and 3 can "
                                      "be used",
                                      describe(key), key.flags, key.protocol));
    }
    const auto verifier = hsm::Verifier::make(public_key_of(key));
    if (!verifier) return refuse(rule, describe(key) + ": " + verifier.error().message);
    if (std::ranges::count(keys, key.public_key, &Dnskey::public_key) > 1) {
      return refuse(rule, describe(key) + ": its public key stands in the slot twice");
    }
  }
  return base::ok();
}

base::Status check_key_tags(const std::string& rule, const std::vector<Dnskey>& keys) {
  for (const Dnskey& key : keys) {
    const auto same = [&key](const Dnskey& other) {
      return other.key_tag() == key.key_tag() && other.algorithm == key.algorithm;
    };
    if (std::ranges::count_if(keys, same) > 1) {
      return refuse(rule, "another key of the slot has the same tag: " + describe(key));
    }
  }
  return base::ok();
}

base::Status check_zsk_link(const std::string& rule, const Slot& before, const Slot& after) {
  const std::vector<Dnskey> old_zsks = before.keys(false);
  for (const Dnskey& zsk : after.keys(false)) {
    const auto same_algorithm = [&zsk](const Dnskey& old) {
      return old.algorithm == zsk.algorithm;
    };
    const auto link = [&](const Dnskey& old) { return same_algorithm(old) && after.lists(old); };
    if (std::ranges::none_of(old_zsks, same_algorithm)) continue;  // an algorithm that comes
    if (std::ranges::any_of(old_zsks, link)) continue;
    return refuse(rule,
                  fmt::format("the slot of {} lists no ZSK of algorithm {} that the slot of {} "
                              "lists: what one of them signs cannot be validated with the other",
                              time_text(after.start), zsk.algorithm, time_text(before.start)));
  }
  return base::ok();
}

base::Status check_ksk_link(const std::string& rule, const Slot& before, const Slot& after) {
  const std::vector<Dnskey> ksks = before.keys(true);
  if (std::ranges::any_of(ksks, [&after](const Dnskey& ksk) { return after.lists(ksk); })) {
    return base::ok();
  }
  return refuse(rule, fmt::format("the slot of {} lists no KSK that the slot of {} lists: a KSK is "
                                  "published before the old one goes, unless its DS is at the "
                                  "parent",
                                  time_text(after.start), time_text(before.start)));
}

const Slot& slot_before(const std::vector<Slot>& slots, base::Time start) {
  const auto found = std::find_if(slots.rbegin(), slots.rend(),
                                  [start](const Slot& slot) { return slot.start < start; });
  return found == slots.rend() ? slots.front() : *found;
}

}  // namespace tld::keys
