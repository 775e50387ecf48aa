// SPDX-License-Identifier: GPL-2.0-only
//
// A plan as text: one bar a key.
#include <fmt/format.h>

#include <algorithm>

#include "keys/plan.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;

constexpr std::size_t columns = 60;

bool happened(const PlannedKey& key, Kind kind, base::Time by) {
  return std::ranges::any_of(
      key.events, [&](const KeyEvent& event) { return event.kind == kind && event.time <= by; });
}

char mark(const PlannedKey& key, base::Time time) {
  const auto span = std::ranges::find_if(
      key.states, [time](const StateSpan& each) { return each.from <= time && time < each.until; });
  if (span == key.states.end() || span->state == KeyState{}) return '.';
  const bool leaving = happened(key, Kind::retired, time) || happened(key, Kind::removed, time) ||
                       happened(key, Kind::ds_withdrawn, time);
  if (leaving) return '-';
  if (happened(key, Kind::activated, time)) return '#';
  return span->state.dnskey == RecordState::rumoured ? 'p' : 'P';
}

std::string bar(const Plan& plan, const PlannedKey& key) {
  std::string text;
  for (std::size_t i = 0; i < columns; ++i) {
    text += mark(key, plan.now + (plan.until - plan.now) * static_cast<int>(i) / columns);
  }
  return text;
}

std::string list(const char* title, const std::vector<PlanEvent>& events) {
  std::string text = fmt::format("\n{}\n", title);
  for (const PlanEvent& event : events) {
    text += fmt::format("  {}  {}\n", readable_time(event.time), event.what);
  }
  return text + (events.empty() ? "  none\n" : "");
}

}  // namespace

std::string plan_text(const Plan& plan) {
  std::string text = fmt::format("Keys of {} from {} to {} (UTC)\n\n", plan.apex.text(),
                                 readable_time(plan.now), readable_time(plan.until));
  for (const PlannedKey& key : plan.keys) {
    text += fmt::format("  {:<34} |{}|\n", key.name, bar(plan, key));
  }
  text += "\n  p published, not yet known everywhere   P known everywhere   # in use   - leaving\n";
  return text + list("Warnings", plan.warnings) + list("Events", plan.events);
}

}  // namespace tld::keys
