// SPDX-License-Identifier: GPL-2.0-only
#include "keys/managed_key.h"

#include <fmt/format.h>

#include <algorithm>

namespace tld::keys {
namespace {

constexpr std::array<const char*, key_event_kinds> names = {
    "generated", "backup-proved",   "published", "activated",    "signed-all",
    "retired",   "signatures-gone", "removed",   "ds-submitted", "ds-ttl-seen",
    "ds-seen",   "ds-withdrawn",    "ds-gone",   "compromised"};

}  // namespace

const char* to_string(KeyEventKind kind) {
  return names.at(static_cast<std::size_t>(kind));
}

std::optional<KeyEventKind> key_event_kind(std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<KeyEventKind>(found - names.begin());
}

bool tells_ds_ttl(KeyEventKind kind) {
  return kind == KeyEventKind::ds_seen || kind == KeyEventKind::ds_ttl_seen;
}

std::optional<base::Time> ManagedKey::time_of(KeyEventKind kind) const {
  const auto found = std::ranges::find(events, kind, &KeyEvent::kind);
  if (found == events.end()) return std::nullopt;
  return found->time;
}

std::chrono::seconds ManagedKey::highest_ds_ttl() const {
  std::chrono::seconds highest{0};
  for (const KeyEvent& event : events) highest = std::max(highest, event.ds_ttl);
  return highest;
}

std::string ManagedKey::describe() const {
  const base::Sha256 fingerprint = dnskey.fingerprint();
  return fmt::format("{}{} {} ({})", foreign ? "foreign " : "", is_ksk() ? "KSK" : "ZSK",
                     dnskey.key_tag(), base::to_hex(base::as_octets(fingerprint)).substr(0, 16));
}

bool is_ds_unknown(const Keys& keys) {
  const auto was_asked_for = [](const ManagedKey& key) {
    return key.has(KeyEventKind::ds_submitted) || key.highest_ds_ttl() > std::chrono::seconds{0};
  };
  const auto signs = [](const ManagedKey& key) {
    return key.is_ksk() && !key.foreign && key.has(KeyEventKind::activated) &&
           !key.has(KeyEventKind::retired);
  };
  return std::ranges::any_of(keys, signs) && std::ranges::none_of(keys, was_asked_for);
}

Keys with_steps(Keys keys, const KeySteps& steps, base::Time now) {
  for (const KeyStep& step : steps) {
    keys.at(step.key).events.push_back({step.kind, now, step.ds_ttl, step.token});
  }
  return keys;
}

}  // namespace tld::keys
