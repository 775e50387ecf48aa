// SPDX-License-Identifier: GPL-2.0-only
//
// A zone, its parent and their servers in simulated time, and a validator with a resolver's memory.
// It keeps what each server has given out and when, and shares no code with keys/key_states.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "keys/key_steps.h"
#include "keys/next_steps.h"
#include "keys/policy.h"

namespace tld::keys::testing {

using Set = std::set<std::size_t>;  // places of keys

// A value that some server gives out from `from` until `until`.
template <class Value>
struct Served {
  Value value;
  base::Time from;
  std::optional<base::Time> until;
};

struct DnskeyAnswer {
  Set members, signers;
  friend bool operator==(const DnskeyAnswer&, const DnskeyAnswer&) = default;
};

class World {
 public:
  // `real`: how long things are on their way and remembered in truth.
  World(const Policy& real, base::Time start, std::uint32_t seed = 1);

  base::Time now() const { return now_; }
  const Keys& keys() const { return keys_; }
  Policy& policy() { return policy_; }  // what steps are decided by; at first the real one

  std::size_t add_key(bool ksk, std::uint8_t algorithm, bool foreign = false);
  // Steps carried out and their consequences put on their way, whether allowed or not.
  void carry_out(const KeySteps& steps);
  void record(std::size_t key, KeyEventKind kind);
  // Waits until the steps are allowed, then carries them out; a test failure if they never are.
  void when_allowed(const KeySteps& steps);
  // Time passes; with `rolls`, what next_steps() proposes is carried out, and keys are generated.
  void run_until(base::Time end, bool rolls);
  bool handover = false;  // the next steps hand over to or from another operator

  // "" or the first mix that a validator may hold at `time` and finds bogus.
  std::string bogus(base::Time time) const;
  bool secure_only(base::Time time) const;                    // no remembered DS RRset is empty
  std::vector<base::Time> events() const { return events_; }  // when anything changed
  bool sees_ds_ttl = true;  // is the TTL recorded that the DS has at the parent?
  int zsk_rolls = 0;
  std::set<std::string> done;  // the proposals that were carried out

 private:
  static constexpr std::size_t rrsets = 8;
  void change_dnskeys();
  void change_signatures();
  void change_ds(const KeySteps& steps);
  void sign_due();
  void fact_at(base::Time time, std::size_t key, KeyEventKind kind);
  void pass_facts();
  bool propose();
  void supply_keys();
  std::optional<base::Time> next_event(bool rolls) const;

  Policy real_, policy_;
  base::Time now_;
  Keys keys_;
  std::mt19937 random_;
  std::vector<Served<Set>> ds_;
  std::vector<Served<DnskeyAnswer>> dnskeys_;
  std::vector<std::vector<Served<Set>>> signatures_;  // by RRset
  std::multimap<base::Time, std::size_t> to_sign_;    // RRset
  std::multimap<base::Time, std::pair<std::size_t, KeyEventKind>> facts_;
  std::vector<base::Time> events_;
  Set zsks_;  // that sign now
};

}  // namespace tld::keys::testing
