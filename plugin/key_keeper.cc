// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/key_keeper.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "keys/key_steps.h"

namespace tld::plugin {
namespace {

using Kind = keys::KeyEventKind;

std::optional<std::size_t> place_of(const signer::SignedZone& zone, const dns::Dnskey& key) {
  for (std::size_t i = 0; i < zone.key_count(); ++i) {
    if (zone.key(i).dnskey() == key) return i;
  }
  return std::nullopt;
}

bool has_signed_all(const signer::SignedZone& zone, std::size_t key) {
  return zone.signatures(key) >= zone.zone().signature_count();
}

// Nothing of a leaving key is served once the one that signs in its place has signed all, or none
// of its algorithm signs.
bool is_replaced(const signer::SignedZone& zone, const dns::Dnskey& old) {
  return std::ranges::all_of(zone.signers(), [&](std::size_t signer) {
    return zone.key(signer).dnskey().algorithm != old.algorithm || has_signed_all(zone, signer);
  });
}

bool is_own_zsk(const keys::ManagedKey& key) {
  return !key.foreign && !key.is_ksk();
}

// A ZSK roll: which own ZSK takes over, from which. Neither: the steps are about other things.
struct Roll {
  std::optional<std::size_t> next, old;
};

Roll roll_of(const keys::Keys& all, const keys::KeySteps& steps) {
  Roll roll;
  for (const keys::KeyStep& step : steps) {
    // What is published is the signed-key file's to say.
    if (!is_own_zsk(all[step.key])) return {};
    if (step.kind == Kind::activated) {
      roll.next = step.key;
    } else if (step.kind == Kind::retired) {
      roll.old = step.key;
    } else {
      return {};
    }
  }
  return roll;
}

// A compromised ZSK signs.
bool is_forced(const keys::Keys& all) {
  return std::ranges::any_of(all, [](const keys::ManagedKey& key) {
    return is_own_zsk(key) && key.has(Kind::compromised) && key.has(Kind::activated) &&
           !key.has(Kind::retired);
  });
}

}  // namespace

KeyKeeper::KeyKeeper(Setup setup) : setup_(std::move(setup)), policy_(setup_.policy) {}

base::Result<signer::SignedZone::Keys> KeyKeeper::look(const keys::SignedKeys& signed_keys,
                                                       const signer::SignedZone* live,
                                                       base::Time now) {
  TLD_TRY(register_, keys::KeyRegister::read_file(setup_.key_register, setup_.apex));
  if (auto status = register_->leave_out_future(now); !status) {
    return keys_without_future(status.error(), live);
  }
  const std::string read = register_->text();
  recorded_.clear();
  const auto served = live != nullptr ? live->served_dnskeys() : std::vector<dns::Dnskey>();
  const auto allowed = keys::publishable(policy_, register_->keys(), signed_keys, now);
  const keys::SignedKeys published = signed_keys.with_slots(allowed.starts);
  if (const keys::Slot* const slot = published.at(now, served)) {
    record_published(*slot, now);
    wait_for_ttl_of(signed_keys);
  }
  if (live != nullptr) record_signed(*live, now);
  const base::Status rolled = roll(signed_keys, live, now);
  waits_for_ = rolled ? "" : rolled.error().message;
  say(allowed.held_back);
  const base::Status saved = save(read);
  if (!saved && live == nullptr) return keys_of_unwritable_register(saved.error());
  TLD_TRY(saved);
  tell_recorded();
  warn_of_unknown_ds();
  return keys_in_use();
}

void KeyKeeper::warn_of_unknown_ds() {
  const bool is_unknown = keys::is_ds_unknown(register_->keys());
  if (std::exchange(warned_of_ds_, is_unknown) || !is_unknown) return;
  setup_.log->write(
      base::Level::warning,
      fmt::format("tld: zone {}: DS NOT KNOWN: the key register {} has no DS of any KSK. Nothing "
                  "checks that a KSK comes or goes too early. If the parent has the DS, record it: "
                  "tldctl keys record --event KEY=ds-submitted, then keys look-at-parent --record",
                  setup_.apex.text(), setup_.key_register.string()));
}

// Validators remember a DNSKEY RRset for the TTL that it is served with, whatever the policy says:
// so long a new ZSK does not sign. (Which slot may be published does not depend on it.)
void KeyKeeper::wait_for_ttl_of(const keys::SignedKeys& published) {
  const auto served = published.policy().signed_keys.dnskey_ttl;
  auto& waited_for = policy_.signed_keys.dnskey_ttl;
  if (served <= waited_for) return;
  setup_.log->write(
      base::Level::warning,
      fmt::format("tld: zone {}: PLAN-TTL: DNSKEY is signed with TTL {}, dnskey-ttl is {}. Rolls "
                  "wait for the longer one until the server is restarted; set dnskey-ttl in the "
                  "zone's policy to it",
                  setup_.apex.text(), base::to_text(served), base::to_text(waited_for)));
  waited_for = served;
}

// The zone is served with the keys that signed before; what has happened meanwhile is recorded
// late, which only makes what waits for it wait longer.
base::Result<signer::SignedZone::Keys> KeyKeeper::keys_of_unwritable_register(
    const base::Error& error) {
  TLD_TRY(register_, keys::KeyRegister::read_file(setup_.key_register, setup_.apex));
  warming_.reset();
  auto in_use = keys_in_use();
  if (!in_use) return error;
  return in_use;
}

// Nothing rolls while the register tells of the future: somebody, or the clock, is wrong. What is
// live stays; at a start that is signed with what signs by what has happened.
base::Result<signer::SignedZone::Keys> KeyKeeper::keys_without_future(
    const base::Error& error, const signer::SignedZone* live) {
  if (live != nullptr) return error;
  warming_.reset();
  waits_for_ = error.message;
  say("");
  return keys_in_use();
}

base::Result<keys::Publishable> KeyKeeper::publishable(const keys::SignedKeys& signed_keys,
                                                       base::Time now) {
  TLD_TRY(auto all, keys::KeyRegister::read_file(setup_.key_register, setup_.apex));
  static_cast<void>(all.leave_out_future(now));  // look() says so
  return keys::publishable(policy_, all.keys(), signed_keys, now);
}

// Once, when it changes.
void KeyKeeper::say(const std::string& held_back) {
  const bool rolls = waits_for_.empty();
  if (rolls) waits_for_ = held_back;
  if (waits_for_ != said_ && !waits_for_.empty()) {
    setup_.log->write(
        base::Level::error,
        fmt::format("tld: zone {}: {}{}. {}; it is tried again", setup_.apex.text(),
                    rolls ? "" : "a ZSK roll that is due waits: ", waits_for_,
                    rolls ? "The slot before stays" : "The zone is signed as before"));
    if (setup_.audit) {
      setup_.audit->note({.type = rolls ? "server-slot-held" : "server-roll-held",
                          .object = setup_.apex.text(),
                          .result = keys::AuditResult::refused,
                          .level = keys::AuditLevel::warning,
                          .detail = {{"reason", waits_for_}}});
    }
  }
  said_ = waits_for_;
}

// What somebody has added meanwhile is not lost: replace_file() refuses then, and the next look
// begins with it.
base::Status KeyKeeper::save(const std::string& read) {
  if (register_->text() == read) return base::ok();
  return register_->replace_file(setup_.key_register);
}

// Facts that cannot have happened are left out: the register says why it cannot be so.
void KeyKeeper::record(const keys::KeySteps& facts, base::Time now) {
  for (const keys::KeyStep& fact : facts) {
    const auto& key = register_->keys()[fact.key];
    if (!keys::check_order(key, fact.kind, now)) continue;
    if (!register_->add_event(fact, now)) continue;
    recorded_.push_back(fact);
  }
}

// Only what is in the file has happened.
void KeyKeeper::tell_recorded() {
  for (const keys::KeyStep& fact : recorded_) {
    const auto& key = register_->keys()[fact.key];
    setup_.log->write(base::Level::notice, fmt::format("tld: zone {}: {}: {}", setup_.apex.text(),
                                                       key.describe(), keys::to_string(fact.kind)));
    if (!setup_.audit) continue;
    const base::Sha256 fingerprint = key.dnskey.fingerprint();
    setup_.audit->note({.type = "server-key",
                        .object = setup_.apex.text() + " " + key.describe(),
                        .detail = {{"event", keys::to_string(fact.kind)},
                                   {"key", base::to_hex(base::as_octets(fingerprint))}}});
  }
}

void KeyKeeper::record_published(const keys::Slot& slot, base::Time now) {
  const auto facts = keys::slot_steps(register_->keys(), keys::listing_of(slot));
  if (facts) record(facts.value(), now);
}

// A key that another operator's has replaced signs on until our servers are out of use
// (signatures-gone, which somebody records).
bool KeyKeeper::signs(const keys::ManagedKey& key) const {
  return key.has(Kind::activated) &&
         (!key.has(Kind::retired) || keys::is_signed_elsewhere(register_->keys()));
}

void KeyKeeper::record_signed(const signer::SignedZone& live, base::Time now) {
  keys::KeySteps facts;
  const auto& all = register_->keys();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!is_own_zsk(all[i]) || !all[i].has(Kind::activated)) continue;
    if (all[i].has(Kind::retired) && signs(all[i])) continue;
    const auto place = place_of(live, all[i].dnskey);
    if (!all[i].has(Kind::retired)) {
      const bool all_signed =
          place && live.use(*place) == signer::KeyUse::signing && has_signed_all(live, *place);
      if (all_signed && !all[i].has(Kind::signed_all)) facts.push_back({i, Kind::signed_all});
    } else if (!all[i].has(Kind::signatures_gone) &&
               (!place || (live.use(*place) == signer::KeyUse::leaving &&
                           is_replaced(live, all[i].dnskey)))) {
      facts.push_back({i, Kind::signatures_gone});
    }
  }
  record(facts, now);
}

base::Status KeyKeeper::roll(const keys::SignedKeys& signed_keys, const signer::SignedZone* live,
                             base::Time now) {
  warming_.reset();
  const auto proposals = keys::next_steps(policy_, register_->keys(), now);
  base::Status unproved = base::ok();
  for (const keys::Proposal& proposal : proposals) {
    const Roll roll = roll_of(register_->keys(), proposal.steps);
    if (!proposal.time && roll.next && proposal.due <= now) {
      const base::Status backup = keys::check_backup(policy_, register_->keys()[*roll.next]);
      if (!backup) unproved = backup;
    }
    if (!proposal.time) continue;
    const bool due = *proposal.time <= now;
    if (roll.next && *proposal.time - policy_.signatures.sign_delay <= now) {
      warming_ = roll.next;
    }
    if (!due || (!roll.next && !roll.old)) continue;
    if (roll.next) {
      TLD_TRY(may_take_over(*roll.next, roll.old, signed_keys, live, now));
    }
    TLD_TRY(take_steps(proposal, now));
  }
  return unproved;
}

base::Status KeyKeeper::may_take_over(std::size_t next, std::optional<std::size_t> old,
                                      const keys::SignedKeys& signed_keys,
                                      const signer::SignedZone* live, base::Time now) {
  const keys::ManagedKey& key = register_->keys()[next];
  TLD_TRY(const auto bound, bind(next));
  if (is_first_of_its_algorithm(next)) {
    // RFC 6781 §4.1.4: its signatures are served before its DNSKEY, with none to stand in.
    TLD_TRY(is_warm(next, live, 100));
    return prove(*bound);
  }
  const bool forced = is_forced(register_->keys());
  const base::Time until = signed_keys.listed_until(now, std::vector{key.dnskey});
  const base::Time old_until =
      old ? signed_keys.listed_until(now, std::vector{register_->keys()[*old].dnskey}) : now;
  if (until <= now || (!forced && until < old_until)) {
    return base::refused(
        fmt::format("{}: the signed-key file does not list it as long as the key "
                    "that it would replace: import the next response",
                    key.describe()));
  }
  TLD_TRY(prove(*bound));
  return old && !forced && live != nullptr ? is_warm(next, live, warm_per_cent) : base::ok();
}

base::Status KeyKeeper::prove(const signer::ZoneKey& key) const {
  const base::Status proved = setup_.prove(key.id(), key.verifier());
  if (proved) return proved;
  return base::refused(fmt::format("ZSK {}: not every token has proved that it holds this key: {}",
                                   key.key_tag(), proved.error().message));
}

// Others sign the zone, by other algorithms only.
bool KeyKeeper::is_first_of_its_algorithm(std::size_t key) const {
  const auto& all = register_->keys();
  const auto signing = [&](bool same_algorithm) {
    return std::ranges::any_of(all, [&](const keys::ManagedKey& each) {
      return is_own_zsk(each) && signs(each) &&
             (each.dnskey.algorithm == all[key].dnskey.algorithm) == same_algorithm;
    });
  };
  return signing(false) && !signing(true);
}

base::Status KeyKeeper::is_warm(std::size_t next, const signer::SignedZone* live,
                                std::size_t per_cent) const {
  const keys::ManagedKey& key = register_->keys()[next];
  if (live == nullptr) return base::refused(key.describe() + ": the zone is not served yet");
  const auto place = place_of(*live, key.dnskey);
  const std::size_t made = place ? live->signatures(*place) : 0;
  const std::size_t wanted = live->zone().signature_count();
  if (made * 100 >= wanted * per_cent) return base::ok();
  return base::refused(
      fmt::format("{}: less than {} % of its signatures are made", key.describe(), per_cent));
}

base::Status KeyKeeper::take_steps(const keys::Proposal& proposal, base::Time now) {
  TLD_TRY(keys::check_steps(policy_, register_->keys(), proposal.steps, now));
  record(proposal.steps, now);
  return base::ok();
}

base::Result<std::shared_ptr<const signer::ZoneKey>> KeyKeeper::bind(std::size_t key) {
  auto& bound = bound_[key];
  if (!bound) {
    const keys::ManagedKey& managed = register_->keys()[key];
    TLD_TRY(bound, signer::ZoneKey::make(managed.dnskey, managed.id, setup_.door, setup_.budgets));
  }
  return bound;
}

base::Result<signer::SignedZone::Keys> KeyKeeper::keys_in_use() {
  signer::SignedZone::Keys in_use;
  const auto& all = register_->keys();
  std::map<std::uint8_t, std::size_t> newest;  // by algorithm: its place in in_use
  std::map<std::uint8_t, base::Time> since;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!is_own_zsk(all[i]) || all[i].has(Kind::signatures_gone)) continue;
    const auto activated = all[i].time_of(Kind::activated);
    if (!activated && warming_ != i) continue;
    TLD_TRY(auto key, bind(i));
    const std::uint8_t algorithm = all[i].dnskey.algorithm;
    auto use = activated ? signer::KeyUse::leaving : signer::KeyUse::warming;
    if (signs(all[i])) {
      // Of two that sign, the later one makes the signatures.
      const auto other = newest.find(algorithm);
      if (other == newest.end() || since[algorithm] <= *activated) {
        if (other != newest.end()) in_use[other->second].use = signer::KeyUse::leaving;
        newest[algorithm] = in_use.size();
        since[algorithm] = *activated;
        use = signer::KeyUse::signing;
      }
    }
    if (use != signer::KeyUse::leaving && !all[i].has(Kind::retired)) {
      TLD_TRY(register_->may_sign(i));
    }
    in_use.push_back({std::move(key), use});
  }
  if (newest.empty()) {
    return base::refused("no ZSK of the key register signs: " +
                         (waits_for_.empty() ? std::string("none is published") : waits_for_));
  }
  return in_use;
}

}  // namespace tld::plugin
