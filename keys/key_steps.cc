// SPDX-License-Identifier: GPL-2.0-only
#include "keys/key_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/duration.h"
#include "keys/key_states.h"
#include "keys/key_timing.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;
using std::chrono::seconds;

base::Error refuse(const char* check, const ManagedKey& key, const std::string& why) {
  return base::refused(fmt::format("{}: {}: {}", check, key.describe(), why));
}

// --- order ---

// What must have happened first (`generated`: nothing else), and what must not have happened.
struct Order {
  Kind kind;
  Kind after;
  std::vector<Kind> never_after;
};

const std::vector<Order>& orders() {
  static const std::vector<Order> table = {
      {Kind::backup_proved, Kind::generated, {}},
      {Kind::published, Kind::generated, {Kind::retired, Kind::removed}},
      {Kind::activated, Kind::generated, {Kind::retired, Kind::removed}},
      {Kind::signed_all, Kind::activated, {Kind::retired}},
      {Kind::retired, Kind::activated, {}},
      {Kind::signatures_gone, Kind::retired, {}},
      {Kind::removed, Kind::published, {}},
      {Kind::ds_submitted, Kind::generated, {Kind::retired, Kind::removed}},
      {Kind::ds_ttl_seen, Kind::ds_submitted, {Kind::ds_gone}},
      {Kind::ds_seen, Kind::ds_submitted, {Kind::ds_gone}},
      {Kind::ds_withdrawn, Kind::ds_submitted, {}},
      {Kind::ds_gone, Kind::ds_withdrawn, {}},
      {Kind::compromised, Kind::generated, {}},
  };
  return table;
}

bool is_for_ksk_only(Kind kind) {
  return kind == Kind::ds_submitted || tells_ds_ttl(kind) || kind == Kind::ds_withdrawn ||
         kind == Kind::ds_gone;
}

bool takes_into_use(Kind kind) {
  return kind == Kind::published || kind == Kind::activated || kind == Kind::ds_submitted;
}

base::Status check_use(const Policy& policy, const ManagedKey& key, Kind kind) {
  if (kind == Kind::backup_proved && key.foreign) {
    return refuse("KEY-FOREIGN", key, "another operator holds its private half");
  }
  if (!takes_into_use(kind)) return base::ok();
  if (key.has(Kind::compromised)) {
    return refuse("KEY-COMPROMISED", key, "it is compromised: take another key");
  }
  return check_backup(policy, key);
}

// --- the waits of the policy ---

struct Wait {
  const char* check;
  const char* what;
  seconds length;
  std::optional<base::Time> since;  // nothing: not before it has happened
};

std::optional<base::Time> end_of(const Wait& wait) {
  if (!wait.since) return std::nullopt;
  return *wait.since + wait.length;
}

base::Status check_wait(const ManagedKey& key, const Wait& wait, base::Time now) {
  const auto end = end_of(wait);
  if (end && *end <= now) return base::ok();
  if (!end) return refuse(wait.check, key, fmt::format("{} has not happened", wait.what));
  return refuse(wait.check, key,
                fmt::format("{} at {} + {} = {}", wait.what, time_text(*wait.since),
                            base::to_text(wait.length), time_text(*end)));
}

bool emergency(const Keys& keys, bool ksk) {
  return std::ranges::any_of(keys, [ksk](const ManagedKey& key) {
    const Kind over = ksk ? Kind::removed : Kind::signatures_gone;
    return key.is_ksk() == ksk && key.has(Kind::compromised) && key.has(Kind::activated) &&
           !key.has(over);
  });
}

// The earliest time of `kind` at another KSK that is still in use.
std::optional<base::Time> other_ksk(const Keys& keys, std::size_t place, Kind kind) {
  std::optional<base::Time> first;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const ManagedKey& key = keys[i];
    const bool leaving = key.has(Kind::removed) || key.has(Kind::ds_withdrawn);
    if (i == place || !key.is_ksk() || leaving || key.has(Kind::compromised)) continue;
    const auto time = key.time_of(kind);
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

std::optional<Wait> zsk_wait(const ZskPolicy& policy, const Keys& keys, const KeyStep& step) {
  const ManagedKey& key = keys[step.key];
  // In an algorithm roll the signatures come first: then there is no publication to wait for; nor
  // is there for a zone's first ZSK.
  const bool first = std::ranges::none_of(
      keys, [](const ManagedKey& each) { return !each.is_ksk() && each.has(Kind::activated); });
  if (step.kind == Kind::activated && key.has(Kind::published) && !first &&
      !emergency(keys, false)) {
    return Wait{"KEY-PREPUBLISH", "published", policy.prepublish, key.time_of(Kind::published)};
  }
  if (step.kind == Kind::removed && key.has(Kind::retired) && !key.has(Kind::compromised)) {
    return Wait{"KEY-POSTPUBLISH", "retired", policy.postpublish, key.time_of(Kind::retired)};
  }
  return std::nullopt;
}

Wait leaving_wait(const KskPolicy& policy, const Keys& keys, std::size_t place) {
  const ManagedKey& key = keys[place];
  const bool emergency_roll = key.has(Kind::compromised);
  const seconds kept = emergency_roll ? policy.emergency_postpublish : policy.postpublish;
  if (key.has(Kind::ds_withdrawn)) {
    // C 6.4: beside the new one for so long; that one is there before the DS is withdrawn.
    return {
        "KEY-POSTPUBLISH", emergency_roll ? "another KSK published" : "DS withdrawn", kept,
        emergency_roll ? other_ksk(keys, place, Kind::published) : key.time_of(Kind::ds_withdrawn)};
  }
  return {"KEY-PREPUBLISH", "another KSK's DS seen at the parent",
          emergency_roll ? seconds{0} : policy.prepublish, other_ksk(keys, place, Kind::ds_seen)};
}

std::optional<Wait> ksk_wait(const KskPolicy& policy, const Keys& keys, const KeyStep& step) {
  const ManagedKey& key = keys[step.key];
  if (step.kind == Kind::ds_withdrawn && key.has(Kind::removed)) {
    const bool soon = key.has(Kind::compromised);
    return Wait{"KEY-POSTPUBLISH", "removed", soon ? seconds{0} : policy.postpublish,
                key.time_of(Kind::removed)};
  }
  if (step.kind == Kind::ds_withdrawn) {
    const bool soon = key.has(Kind::compromised);
    return Wait{"KEY-PREPUBLISH", "another KSK published", soon ? seconds{0} : policy.prepublish,
                other_ksk(keys, step.key, Kind::published)};
  }
  const bool leaves = step.kind == Kind::removed || step.kind == Kind::retired;
  if (leaves && key.has(Kind::ds_submitted)) return leaving_wait(policy, keys, step.key);
  return std::nullopt;
}

std::optional<Wait> wait_of(const Policy& policy, const Keys& keys, const KeyStep& step) {
  return keys[step.key].is_ksk() ? ksk_wait(policy.keys.ksk, keys, step)
                                 : zsk_wait(policy.keys.zsk, keys, step);
}

base::Status check_step(const Policy& policy, const Keys& keys, const KeyStep& step,
                        base::Time now) {
  const ManagedKey& key = keys.at(step.key);
  TLD_TRY(check_order(key, step.kind, now));
  TLD_TRY(check_use(policy, key, step.kind));
  const auto wait = wait_of(policy, keys, step);
  if (wait) {
    TLD_TRY(check_wait(key, *wait, now));
  }
  return base::ok();
}

// Times at which something that was replaced is no longer remembered, or a wait is over.
std::set<base::Time> turning_points(const Policy& policy, const Keys& keys, const KeySteps& steps,
                                    base::Time now) {
  std::set<base::Time> times;
  const auto add = [&](std::optional<base::Time> time) {
    if (time && *time > now) times.insert(*time);
  };
  const Retention kept = retention(policy, keys);
  const History known = remembered(policy, keys, now);
  const std::pair<const std::vector<Version>&, seconds> lists[] = {
      {known.ds, kept.ds}, {known.dnskeys, kept.dnskeys}, {known.signatures, kept.signatures}};
  for (const auto& [versions, length] : lists) {
    for (const Version& version : versions) {
      if (version.served_until) add(*version.served_until + length);
    }
  }
  for (const KeyStep& step : steps) {
    const auto wait = wait_of(policy, keys, step);
    if (wait) add(end_of(*wait));
  }
  return times;
}

}  // namespace

base::Status check_backup(const Policy& policy, const ManagedKey& key) {
  const bool proved = key.foreign || key.has(Kind::backup_proved);
  if (proved || !policy.keys.backup_required) return base::ok();
  return refuse("KEY-BACKUP", key,
                "the policy asks first for a backup that was proved: tldctl key prove-backup");
}

base::Status check_order(const ManagedKey& key, KeyEventKind kind, base::Time now) {
  const char* step = to_string(kind);
  if (kind == Kind::generated) return refuse("KEY-ORDER", key, "it is generated already");
  if (!tells_ds_ttl(kind) && key.has(kind)) {
    return refuse("KEY-ORDER", key, fmt::format("'{}' has happened already", step));
  }
  if (is_for_ksk_only(kind) && !key.is_ksk()) {
    return refuse("KEY-ORDER", key, fmt::format("'{}' is for KSKs", step));
  }
  if (!key.events.empty() && key.events.back().time > now) {
    return refuse(
        "KEY-ORDER", key,
        fmt::format("'{}' at {} would stand before '{}' at {}", step, time_text(now),
                    to_string(key.events.back().kind), time_text(key.events.back().time)));
  }
  const auto order = std::ranges::find(orders(), kind, &Order::kind);
  for (const Kind past : order->never_after) {
    if (!key.has(past)) continue;
    return refuse(takes_into_use(kind) ? "KEY-RETIRED" : "KEY-ORDER", key,
                  fmt::format("'{}' cannot follow '{}'", step, to_string(past)));
  }
  if (key.has(order->after)) return base::ok();
  return refuse("KEY-ORDER", key,
                fmt::format("'{}' comes after '{}'", step, to_string(order->after)));
}

base::Status check_steps(const Policy& policy, const Keys& keys, const KeySteps& steps,
                         base::Time now) {
  Keys so_far = keys;
  for (const KeyStep& step : steps) {
    TLD_TRY(check_step(policy, so_far, step, now));
    so_far = with_steps(std::move(so_far), {step}, now);
  }
  const std::string broken = broken_rule(policy, so_far, now, now);
  if (broken.empty()) return base::ok();
  return base::refused(broken);
}

base::Result<base::Time> earliest(const Policy& policy, const Keys& keys, const KeySteps& steps,
                                  base::Time now) {
  auto status = check_steps(policy, keys, steps, now);
  if (status) return now;
  for (const base::Time time : turning_points(policy, keys, steps, now)) {
    if (check_steps(policy, keys, steps, time)) return time;
  }
  return status.error();
}

}  // namespace tld::keys
