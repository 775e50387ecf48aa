// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/keys/simulated_world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "keys/time_text.h"

namespace tld::keys::testing {
namespace {

using Kind = KeyEventKind;
using std::chrono::seconds;

constexpr seconds name_server_change = std::chrono::days{6};  // NS TTLs of both sides

template <class Value>
void replace(std::vector<Served<Value>>& served, const Value& value, base::Time from,
             base::Time old_until) {
  if (!served.empty() && served.back().value == value) return;
  if (!served.empty()) served.back().until = old_until;
  served.push_back({value, from, std::nullopt});
}

// What a resolver that keeps answers for `memory` may hold at `time`.
template <class Value>
std::vector<Value> held(const std::vector<Served<Value>>& served, base::Time time, seconds memory) {
  std::vector<Value> values;
  for (const Served<Value>& each : served) {
    if (each.from <= time && (!each.until || time - memory < *each.until)) {
      values.push_back(each.value);
    }
  }
  return values;
}

std::set<int> algorithms(const Keys& keys, const Set& places) {
  std::set<int> found;
  for (const std::size_t place : places) found.insert(keys[place].dnskey.algorithm);
  return found;
}

Set common(const Set& a, const Set& b) {
  Set both;
  std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
  return both;
}

std::string text(const Keys& keys, const Set& places) {
  std::string out = "{";
  for (const std::size_t place : places) out += " " + keys[place].describe();
  return out + " }";
}

bool covers(const Keys& keys, const Set& wanted, const Set& there) {
  return std::ranges::includes(algorithms(keys, there), algorithms(keys, wanted));
}

// Of ZSKs that sign together one per algorithm has signed, whichever: each must be known.
bool verify(const Keys& keys, const Set& members, const Set& signers) {
  const std::set<int> wanted = algorithms(keys, members);
  const bool each_known = std::ranges::all_of(signers, [&](std::size_t signer) {
    return members.contains(signer) || !wanted.contains(keys[signer].dnskey.algorithm);
  });
  return each_known && covers(keys, members, signers);
}

}  // namespace

World::World(const Policy& real, base::Time start, std::uint32_t seed)
    : real_(real), policy_(real), now_(start), random_(seed), signatures_(rrsets) {
  ds_.push_back({{}, start, std::nullopt});
  dnskeys_.push_back({{}, start, std::nullopt});
  for (auto& rrset : signatures_) rrset.push_back({{}, start, std::nullopt});
}

std::size_t World::add_key(bool ksk, std::uint8_t algorithm, bool foreign) {
  ManagedKey key;
  key.dnskey.flags = ksk ? 257 : 256;
  key.dnskey.algorithm = algorithm;
  for (int i = 0; i < 64; ++i) key.dnskey.public_key += static_cast<char>(random_());
  key.foreign = foreign;
  key.events.push_back({Kind::generated, now_, {}});
  if (real_.keys.backup_required && !foreign) {
    key.events.push_back({Kind::backup_proved, now_, {}});
  }
  keys_.push_back(std::move(key));
  return keys_.size() - 1;
}

void World::fact_at(base::Time time, std::size_t key, Kind kind) {
  facts_.emplace(time, std::pair(key, kind));
}

void World::record(std::size_t key, Kind kind) {
  const seconds ttl = kind == Kind::ds_seen && sees_ds_ttl ? real_.parent.ds_ttl : seconds{0};
  keys_[key].events.push_back({kind, now_, ttl});
}

void World::change_dnskeys() {
  DnskeyAnswer answer;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const ManagedKey& key = keys_[i];
    if (!key.has(Kind::published) || key.has(Kind::removed)) continue;
    answer.members.insert(i);
    const bool signs = key.is_ksk() && key.has(Kind::activated) && !key.has(Kind::retired);
    if (signs) answer.signers.insert(i);
  }
  const seconds stays = handover ? name_server_change : real_.zone.propagation();
  replace(dnskeys_, answer, now_, now_ + stays);
}

// Each RRset is signed anew at a moment of its own; a handover gives other servers' answers.
void World::change_signatures() {
  std::uniform_int_distribution<std::int64_t> delay(0, real_.signatures.sign_delay.count());
  for (std::size_t i = 0; i < rrsets; ++i) {
    to_sign_.emplace(handover ? now_ : now_ + seconds{delay(random_)}, i);
  }
}

void World::sign_due() {
  while (!to_sign_.empty() && to_sign_.begin()->first <= now_) {
    const seconds stays = handover ? name_server_change : real_.zone.propagation();
    replace(signatures_[to_sign_.begin()->second], zsks_, now_, now_ + stays);
    to_sign_.erase(to_sign_.begin());
  }
}

// The first parent server has it at once, the last one when the fact is seen.
void World::change_ds(const KeySteps& steps) {
  Set ds = ds_.back().value;
  std::uniform_int_distribution<std::int64_t> delay(
      3600, std::chrono::seconds{std::chrono::days{2}}.count());
  const base::Time all = now_ + seconds{delay(random_)};
  for (const KeyStep& step : steps) {
    if (step.kind == Kind::ds_submitted) {
      ds.insert(step.key);
      fact_at(all, step.key, Kind::ds_seen);
    } else if (step.kind == Kind::ds_withdrawn) {
      ds.erase(step.key);
      fact_at(all, step.key, Kind::ds_gone);
    }
  }
  if (ds == ds_.back().value) return;
  // Who has this answer has none of those before it.
  for (auto& each : ds_) {
    if (each.until) each.until = std::min(*each.until, std::max(all, each.from));
  }
  replace(ds_, ds, now_, all);
}

void World::carry_out(const KeySteps& steps) {
  for (const KeyStep& step : steps) {
    const bool ksk = keys_[step.key].is_ksk();
    record(step.key, step.kind);
    if (step.kind == Kind::activated && !ksk) zsks_.insert(step.key);
    if (step.kind == Kind::retired && !ksk) zsks_.erase(step.key);
    const base::Time over = now_ + (handover ? name_server_change : real_.signatures.sign_delay);
    if (step.kind == Kind::activated && !ksk && !keys_[step.key].foreign) {
      fact_at(now_ + real_.signatures.sign_delay, step.key, Kind::signed_all);
    }
    if (step.kind == Kind::retired && (!ksk || handover)) {
      fact_at(over, step.key, Kind::signatures_gone);
    }
    if (step.kind == Kind::retired && !ksk && !handover) ++zsk_rolls;
  }
  change_dnskeys();
  if (zsks_ != signatures_[0].back().value || !to_sign_.empty()) change_signatures();
  sign_due();
  change_ds(steps);
  events_.push_back(now_);
}

void World::pass_facts() {
  sign_due();
  while (!facts_.empty() && facts_.begin()->first <= now_) {
    const auto [key, kind] = facts_.begin()->second;
    facts_.erase(facts_.begin());
    // A key that was retired meanwhile never signed all.
    const bool stale = kind == Kind::signed_all && keys_[key].has(Kind::retired);
    if (!stale && !keys_[key].has(kind)) record(key, kind);
    events_.push_back(now_);
  }
}

std::optional<base::Time> World::next_event(bool rolls) const {
  std::optional<base::Time> next;
  const auto take = [&](base::Time time) { next = next ? std::min(*next, time) : time; };
  if (!facts_.empty()) take(facts_.begin()->first);
  if (!to_sign_.empty()) take(to_sign_.begin()->first);
  if (!rolls) return next;
  for (const Proposal& proposal : next_steps(policy_, keys_, now_)) {
    if (proposal.time) take(*proposal.time);
  }
  return next;
}

// Two ZSKs are ready before they are wanted.
void World::supply_keys() {
  const auto algorithm = static_cast<std::uint8_t>(policy_.algorithm);
  int unused = 0;
  for (const ManagedKey& key : keys_) {
    unused += !key.foreign && !key.is_ksk() && key.dnskey.algorithm == algorithm &&
              !key.has(Kind::published) && !key.has(Kind::activated) && !key.has(Kind::compromised);
  }
  for (; unused < 2; ++unused) add_key(false, algorithm);
}

bool World::propose() {
  supply_keys();
  for (const Proposal& proposal : next_steps(policy_, keys_, now_)) {
    if (!proposal.time || *proposal.time > now_) continue;
    done.insert(proposal.what);
    carry_out(proposal.steps);
    return true;
  }
  return false;
}

void World::run_until(base::Time end, bool rolls) {
  for (;;) {
    pass_facts();
    while (rolls && propose()) pass_facts();
    const auto next = next_event(rolls);
    if (!next || *next > end) break;
    now_ = std::max(*next, now_);
  }
  now_ = end;
}

void World::when_allowed(const KeySteps& steps) {
  const bool handing_over = std::exchange(handover, false);
  for (int i = 0; i < 50; ++i) {
    const auto time = earliest(policy_, keys_, steps, now_);
    if (time && time.value() <= now_) {
      handover = handing_over;
      carry_out(steps);
      handover = false;
      return;
    }
    ASSERT_TRUE(time || !facts_.empty()) << time.error().message;
    base::Time until = time ? time.value() : facts_.begin()->first;
    if (!facts_.empty()) until = std::min(until, facts_.begin()->first);
    run_until(until, false);
  }
  FAIL() << "never allowed: " << earliest(policy_, keys_, steps, now_).error().message;
}

std::string World::bogus(base::Time time) const {
  const auto dnskeys = held(dnskeys_, time, real_.signed_keys.dnskey_ttl);
  for (const Set& ds : held(ds_, time, real_.parent.ds_ttl)) {
    if (ds.empty()) continue;
    for (const DnskeyAnswer& answer : dnskeys) {
      // RFC 4035 §2.2: the DNSKEY RRset is signed by each algorithm of the DS RRset.
      if (!covers(keys_, ds, common(ds, answer.signers))) {
        return time_text(time) + ": DS " + text(keys_, ds) + ", DNSKEY signed by " +
               text(keys_, answer.signers);
      }
      for (const auto& rrset : signatures_) {
        for (const Set& signers : held(rrset, time, real_.zone.max_zone_ttl)) {
          // RFC 4035 §2.2: each RRset is signed by each algorithm of the DNSKEY RRset.
          if (verify(keys_, answer.members, signers)) continue;
          return time_text(time) + ": DNSKEY " + text(keys_, answer.members) + ", signed by " +
                 text(keys_, signers);
        }
      }
    }
  }
  return "";
}

bool World::secure_only(base::Time time) const {
  const auto all = held(ds_, time, real_.parent.ds_ttl);
  return std::ranges::none_of(all, [](const Set& ds) { return ds.empty(); });
}

}  // namespace tld::keys::testing
