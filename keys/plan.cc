// SPDX-License-Identifier: GPL-2.0-only
#include "keys/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/duration.h"
#include "keys/key_timing.h"
#include "keys/next_steps.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;
using std::chrono::seconds;

struct Fact {
  base::Time time;
  KeyStep step;
};

class Simulation {
 public:
  explicit Simulation(const PlanInput& input)
      : policy_(input.policy),
        keys_(input.keys),
        now_(input.now),
        until_(input.until),
        limit_(input.most_made) {
    for (const ManagedKey& key : keys_) names_.push_back(key.describe());
  }

  void run() {
    while (made_ <= limit_) {
      make_keys();
      const auto proposals = next_steps(policy_, keys_, now_);
      if (carry_out_one(proposals)) continue;
      const auto next = next_time(proposals);
      if (!next || *next > until_) return warn_of_waiting(proposals);
      now_ = std::max(*next, now_);
      see_facts();
    }
    warnings.push_back(
        {now_, fmt::format("PLAN-LENGTH: cut off: more than {} keys would have to be "
                           "made",
                           limit_)});
  }

  const Keys& keys() const { return keys_; }
  const std::vector<std::string>& names() const { return names_; }
  std::vector<PlanEvent> events, warnings;

 private:
  bool has(std::size_t place, Kind kind) const { return keys_[place].has(kind); }

  // What is there must become, by itself.
  std::optional<Fact> next_fact(std::size_t place) const {
    const ManagedKey& key = keys_[place];
    const seconds parent = policy_.parent.registration_delay + policy_.parent.propagation_delay;
    const seconds signing = policy_.signatures.sign_delay;
    const auto follows = [&](Kind kind, Kind after, seconds delay) -> std::optional<Fact> {
      if (!key.has(after) || key.has(kind)) return std::nullopt;
      const seconds ttl = kind == Kind::ds_seen ? policy_.parent.ds_ttl : seconds{0};
      return Fact{std::max(now_, *key.time_of(after) + delay), {place, kind, ttl}};
    };
    if (key.foreign) return std::nullopt;
    std::optional<Fact> fact;
    if (!key.is_ksk()) {
      if (!key.has(Kind::retired)) fact = follows(Kind::signed_all, Kind::activated, signing);
      return fact ? fact : follows(Kind::signatures_gone, Kind::retired, signing);
    }
    if (!key.has(Kind::ds_gone)) fact = follows(Kind::ds_seen, Kind::ds_submitted, parent);
    return fact ? fact : follows(Kind::ds_gone, Kind::ds_withdrawn, parent);
  }

  void apply(const KeySteps& steps) { keys_ = with_steps(std::move(keys_), steps, now_); }

  void see_facts() {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const auto fact = next_fact(i);
      if (!fact || fact->time > now_) continue;
      events.push_back({now_, fmt::format("{}: {}", names_[i], to_string(fact->step.kind))});
      apply({fact->step});
    }
  }

  void make_up(bool ksk) {
    ++made_;
    ManagedKey key;
    key.dnskey.flags = ksk ? 257 : 256;
    key.dnskey.algorithm = static_cast<std::uint8_t>(policy_.algorithm);
    key.dnskey.public_key = fmt::format("to be made {}", keys_.size());
    key.events.push_back({Kind::generated, now_, {}});
    if (policy_.keys.backup_required) key.events.push_back({Kind::backup_proved, now_, {}});
    keys_.push_back(std::move(key));
    names_.push_back(
        fmt::format("{} to be made, {}", ksk ? "KSK" : "ZSK", ++(ksk ? ksks_ : zsks_)));
  }

  bool is_unused(const ManagedKey& key, bool ksk) const {
    return key.is_ksk() == ksk && !key.foreign && !key.has(Kind::published) &&
           !key.has(Kind::activated) && !key.has(Kind::ds_submitted) &&
           !key.has(Kind::compromised) && !key.has(Kind::removed) &&
           key.dnskey.algorithm == static_cast<std::uint8_t>(policy_.algorithm);
  }

  // One unused ZSK stands by; a KSK where there is none, or the lifetime of the one in use ends.
  void make_keys() {
    const auto unused = [this](bool ksk) {
      return std::ranges::any_of(keys_, [&](const ManagedKey& key) { return is_unused(key, ksk); });
    };
    if (!unused(false)) make_up(false);
    const KskPolicy& ksk = policy_.keys.ksk;
    const auto target_ksk = [this](const ManagedKey& key) {
      return key.is_ksk() && !key.foreign && !key.has(Kind::removed) &&
             key.dnskey.algorithm == static_cast<std::uint8_t>(policy_.algorithm);
    };
    if (std::ranges::none_of(keys_, target_ksk)) make_up(true);
    if (!ksk.lifetime || unused(true)) return;
    const auto in_use = [](const ManagedKey& key) {
      return key.is_ksk() && !key.foreign && key.has(Kind::activated) && !key.has(Kind::retired);
    };
    if (std::ranges::count_if(keys_, in_use) == 1) make_up(true);
  }

  std::string text_of(const Proposal& proposal) const {
    std::string text;
    for (const KeyStep& step : proposal.steps) {
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : "; ", names_[step.key], to_string(step.kind));
    }
    return proposal.what + ": " + text;
  }

  bool carry_out_one(const std::vector<Proposal>& proposals) {
    for (const Proposal& proposal : proposals) {
      if (!proposal.time || *proposal.time > now_) continue;
      events.push_back({now_, text_of(proposal)});
      warn_of_made_up(proposal);
      warn_of_lateness(proposal);
      apply(proposal.steps);
      for (const KeyStep& step : proposal.steps) note_load(step);
      return true;
    }
    return false;
  }

  std::optional<base::Time> next_time(const std::vector<Proposal>& proposals) const {
    std::optional<base::Time> next;
    const auto take = [&next](base::Time time) { next = next ? std::min(*next, time) : time; };
    for (const Proposal& proposal : proposals) {
      if (proposal.time) take(*proposal.time);
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (const auto fact = next_fact(i)) take(fact->time);
    }
    return next;
  }

  void warn_of_made_up(const Proposal& proposal) {
    for (const KeyStep& step : proposal.steps) {
      const bool made_up = keys_[step.key].dnskey.public_key.starts_with("to be made");
      const bool first = !has(step.key, Kind::published) && !has(step.key, Kind::activated) &&
                         !has(step.key, Kind::ds_submitted);
      if (made_up && first && warned_.insert(step.key).second) {
        warnings.push_back(
            {now_, fmt::format("PLAN-KEY: {}: wanted from here on", names_[step.key])});
      }
    }
  }

  void warn_of_lateness(const Proposal& proposal) {
    if (!proposal.latest || now_ <= *proposal.latest) return;
    warnings.push_back({now_, fmt::format("PLAN-LATE: {}: the policy wants it by {}",
                                          text_of(proposal), time_text(*proposal.latest))});
  }

  // A new ZSK signs the whole zone, beside the refreshing that goes on.
  void note_load(const KeyStep& step) {
    const SignaturePolicy& live = policy_.signatures;
    if (step.kind != Kind::activated || keys_[step.key].is_ksk() || live.count == 0) return;
    const auto per_second = [&live](seconds span) {
      return live.count / std::max<std::uint64_t>(1, static_cast<std::uint64_t>(span.count())) + 1;
    };
    const std::uint64_t refresh = per_second(live.validity - live.inception_offset - live.refresh);
    const std::uint64_t peak = per_second(live.sign_delay) + refresh;
    events.push_back({now_, fmt::format("token: {} signatures within {}, {} a second", live.count,
                                        base::to_text(live.sign_delay), peak)});
    if (live.rate == 0 || peak <= live.rate) return;
    warnings.push_back(
        {now_, fmt::format("PLAN-LOAD: {} {}: {} / sign-delay {} + refreshing {} = {} signatures a "
                           "second, the token has {}",
                           names_[step.key], to_string(step.kind), live.count,
                           base::to_text(live.sign_delay), refresh, peak, live.rate)});
  }

  void warn_of_waiting(const std::vector<Proposal>& proposals) {
    for (const Proposal& proposal : proposals) {
      if (proposal.time) continue;
      warnings.push_back(
          {now_, fmt::format("PLAN-WAITS: {}: {}", text_of(proposal), proposal.waits_for)});
    }
  }

  const Policy& policy_;
  Keys keys_;
  base::Time now_;
  const base::Time until_;
  const std::size_t limit_;
  std::size_t made_ = 0;
  std::vector<std::string> names_;
  std::set<std::size_t> warned_;
  int zsks_ = 0, ksks_ = 0;
};

// Times at which any state can change.
std::set<base::Time> state_changes(const Policy& policy, const Keys& keys) {
  const Retention kept = retention(policy, keys);
  const History all = history(keys);
  std::set<base::Time> times;
  const std::pair<const std::vector<Version>&, seconds> lists[] = {
      {all.ds, kept.ds}, {all.dnskeys, kept.dnskeys}, {all.signatures, kept.signatures}};
  for (const auto& [versions, length] : lists) {
    for (const Version& version : versions) {
      times.insert(version.from);
      if (version.served_until) times.insert(*version.served_until + length);
    }
  }
  return times;
}

void add_state(PlannedKey& key, base::Time from, base::Time until, const KeyState& state) {
  if (!key.states.empty() && key.states.back().state == state) {
    key.states.back().until = until;
  } else {
    key.states.push_back({from, until, state});
  }
}

std::vector<PlannedKey> planned_keys(const PlanInput& input, const Simulation& simulation) {
  const Keys& keys = simulation.keys();
  std::vector<PlannedKey> planned;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    planned.push_back({simulation.names()[i], keys[i].is_ksk(), keys[i].events, {}});
  }
  std::vector<base::Time> times = {input.now};
  for (const base::Time time : state_changes(input.policy, keys)) {
    if (time > input.now && time < input.until) times.push_back(time);
  }
  for (std::size_t t = 0; t < times.size(); ++t) {
    const base::Time until = t + 1 < times.size() ? times[t + 1] : input.until;
    const auto states = key_states(input.policy, keys, times[t]);
    for (std::size_t i = 0; i < keys.size(); ++i) add_state(planned[i], times[t], until, states[i]);
  }
  std::erase_if(planned, [](const PlannedKey& key) {
    return std::ranges::all_of(key.states,
                               [](const StateSpan& span) { return span.state == KeyState{}; });
  });
  return planned;
}

bool is_moving(const ManagedKey& key) {
  return key.foreign && key.has(Kind::activated) && !key.has(Kind::signatures_gone);
}

void warn_of_input(const PlanInput& input, std::vector<PlanEvent>& warnings) {
  if (std::ranges::any_of(input.keys, is_moving)) {
    warnings.push_back(
        {input.now, "PLAN-WAITS: another operator's key is active: people lead the move"});
  }
  if (input.covered_until && *input.covered_until < input.until) {
    warnings.push_back(
        {*input.covered_until, "PLAN-COVERAGE: signed keys end here: hold a ceremony well before"});
  }
  if (is_ds_unknown(input.keys)) {
    warnings.push_back({input.now, "PLAN-DS: the register has no DS of any KSK"});
  }
  const seconds ttl = input.policy.signed_keys.dnskey_ttl;
  if (input.signed_dnskey_ttl && *input.signed_dnskey_ttl > ttl) {
    warnings.push_back(
        {input.now, fmt::format("PLAN-TTL: DNSKEY is signed with TTL {}, dnskey-ttl "
                                "is {}",
                                base::to_text(*input.signed_dnskey_ttl), base::to_text(ttl))});
  }
  for (const ManagedKey& key : input.keys) {
    if (key.highest_ds_ttl() <= input.policy.parent.ds_ttl) continue;
    warnings.push_back(
        {input.now, fmt::format("PLAN-TTL: the DS of {} was seen with TTL {}, parent-ds-ttl is {}",
                                key.describe(), base::to_text(key.highest_ds_ttl()),
                                base::to_text(input.policy.parent.ds_ttl))});
  }
}

}  // namespace

Plan make_plan(const PlanInput& input) {
  Simulation simulation(input);
  simulation.run();
  Plan plan{input.apex,
            input.now,
            input.until,
            planned_keys(input, simulation),
            std::move(simulation.events),
            std::move(simulation.warnings)};
  warn_of_input(input, plan.warnings);
  std::ranges::stable_sort(plan.warnings, {}, &PlanEvent::time);
  return plan;
}

}  // namespace tld::keys
