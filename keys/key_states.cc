// SPDX-License-Identifier: GPL-2.0-only
#include "keys/key_states.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "keys/key_timing.h"

namespace tld::keys {
namespace {

using Kind = KeyEventKind;
using std::chrono::seconds;

constexpr base::Time ever = base::Time::min();

// From `begin` on a key is in it, from `end` on it is not.
struct Span {
  std::optional<base::Time> begin, end;
  bool covers(base::Time time) const { return begin && *begin <= time && (!end || time < *end); }
};

Span span_of(const ManagedKey& key, Kind begin, Kind end) {
  return {key.time_of(begin), key.time_of(end)};
}

using Spans = std::vector<Span>;

std::set<base::Time> changes_of(const Spans& spans) {
  std::set<base::Time> times;
  for (const Span& span : spans) {
    if (span.begin) times.insert(*span.begin);
    if (span.end && span.begin) times.insert(*span.end);
  }
  return times;
}

std::vector<std::size_t> covered(const Spans& spans, base::Time time) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].covers(time)) places.push_back(i);
  }
  return places;
}

bool contains(const std::vector<std::size_t>& places, std::size_t place) {
  return std::ranges::binary_search(places, place);
}

void add(std::vector<Version>& versions, Version version) {
  const Version& last = versions.back();
  if (last.members == version.members && last.signers == version.signers) return;
  versions.push_back(std::move(version));
}

std::optional<base::Time> earlier(std::optional<base::Time> a, std::optional<base::Time> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// Others replace the version: it is out of service once somebody has seen that a member of it is
// gone everywhere, or that a later member is everywhere; of a DS that was withdrawn, the former.
struct Evidence {
  Kind gone, everywhere;
};

std::optional<base::Time> seen_replaced(const Version& version, const Version& next,
                                        const Keys& keys, const Spans& spans,
                                        const Evidence& evidence) {
  std::optional<base::Time> until;
  bool foreign = false;
  for (const std::size_t member : version.members) {
    until = earlier(until, keys[member].time_of(evidence.gone));
    foreign = foreign || keys[member].foreign;
  }
  // Another operator's servers know nothing of our signing.
  if (foreign && evidence.everywhere == Kind::signed_all) return until;
  // A parent may have the new DS everywhere and the old one still, whatever was asked of it.
  const bool loses = !std::ranges::includes(next.members, version.members);
  if (loses && evidence.everywhere == Kind::ds_seen) return until;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool joined = spans[i].begin && *spans[i].begin > version.from;
    if (joined && !contains(version.members, i)) {
      until = earlier(until, keys[i].time_of(evidence.everywhere));
    }
  }
  return until;
}

std::vector<Version> observed_versions(const Keys& keys, const Spans& spans,
                                       const Evidence& evidence) {
  std::vector<Version> versions = {{{}, {}, ever, std::nullopt}};
  for (const base::Time time : changes_of(spans)) {
    add(versions, {covered(spans, time), {}, time, std::nullopt});
  }
  for (std::size_t i = 0; i + 1 < versions.size(); ++i) {
    Version& version = versions[i];
    version.served_until = seen_replaced(version, versions[i + 1], keys, spans, evidence);
    // What was never observed cannot have been replaced before its successor came.
    if (version.served_until) {
      version.served_until = std::max(*version.served_until, versions[i + 1].from);
    }
  }
  return versions;
}

Spans spans_of(const Keys& keys, bool ksk, Kind begin, Kind end) {
  Spans spans;
  for (const ManagedKey& key : keys) {
    spans.push_back(key.is_ksk() == ksk ? span_of(key, begin, end) : Span{});
  }
  return spans;
}

// When other operators' servers take part, our own change does not end what they serve.
std::optional<base::Time> dnskeys_replaced(const Version& old, const Version& next,
                                           const Keys& keys) {
  const auto foreign = [&keys](std::size_t place) { return keys[place].foreign; };
  if (!std::ranges::any_of(old.signers, foreign) && !std::ranges::any_of(next.signers, foreign)) {
    return next.from;
  }
  std::optional<base::Time> until;
  bool handed_over = false;
  for (const std::size_t signer : old.signers) {
    if (contains(next.signers, signer)) continue;
    handed_over = true;
    until = earlier(until, keys[signer].time_of(Kind::signatures_gone));
  }
  if (!handed_over) return next.from;
  return until ? std::optional(std::max(*until, next.from)) : std::nullopt;
}

std::vector<Version> dnskey_versions(const Keys& keys) {
  Spans members, signers = spans_of(keys, true, Kind::activated, Kind::retired);
  for (const ManagedKey& key : keys) {
    members.push_back(span_of(key, Kind::published, Kind::removed));
  }
  std::set<base::Time> times = changes_of(members);
  times.merge(changes_of(signers));
  std::vector<Version> versions = {{{}, {}, ever, std::nullopt}};
  for (const base::Time time : times) {
    Version version{covered(members, time), {}, time, std::nullopt};
    for (const std::size_t signer : covered(signers, time)) {
      if (contains(version.members, signer)) version.signers.push_back(signer);
    }
    add(versions, std::move(version));
  }
  for (std::size_t i = 0; i + 1 < versions.size(); ++i) {
    versions[i].served_until = dnskeys_replaced(versions[i], versions[i + 1], keys);
  }
  return versions;
}

std::vector<Version> kept_at(const std::vector<Version>& versions, seconds kept, base::Time now) {
  std::vector<Version> alive;
  for (const Version& version : versions) {
    const bool begun = version.from <= now;
    if (begun && (!version.served_until || now < *version.served_until + kept)) {
      alive.push_back(version);
    }
  }
  return alive;
}

RecordState state_of(const std::vector<Version>& alive, std::size_t place,
                     std::vector<std::size_t> Version::*list) {
  const auto has = [&](const Version& version) { return contains(version.*list, place); };
  if (std::ranges::none_of(alive, has)) return RecordState::hidden;
  if (std::ranges::all_of(alive, has)) return RecordState::omnipresent;
  return has(alive.back()) ? RecordState::rumoured : RecordState::unretentive;
}

// --- the rules ---

std::set<std::uint8_t> algorithms_of(const Keys& keys, const std::vector<std::size_t>& places) {
  std::set<std::uint8_t> algorithms;
  for (const std::size_t place : places) algorithms.insert(keys[place].dnskey.algorithm);
  return algorithms;
}

std::string list_of(const Keys& keys, const std::vector<std::size_t>& places) {
  std::string text;
  for (const std::size_t place : places) {
    text += (text.empty() ? "" : ", ") + keys[place].describe();
  }
  return text.empty() ? "none" : text;
}

std::string broken_dnskey_rule(const Keys& keys, const Version& ds, const Version& dnskeys) {
  for (const std::uint8_t algorithm : algorithms_of(keys, ds.members)) {
    const bool chained = std::ranges::any_of(ds.members, [&](std::size_t place) {
      return keys[place].dnskey.algorithm == algorithm && contains(dnskeys.signers, place);
    });
    if (chained) continue;
    return fmt::format(
        "KEY-RULE-DNSKEY: who remembers a DS RRset of {} finds no DNSKEY RRset signed by one of "
        "them with algorithm {}, but one with {}, signed by {}",
        list_of(keys, ds.members), algorithm, list_of(keys, dnskeys.members),
        list_of(keys, dnskeys.signers));
  }
  return "";
}

// ZSKs of one algorithm that sign together are alternatives: an RRset has the signature of one of
// them, whichever, so each must be in the DNSKEY RRset.
bool proves(const Keys& keys, std::uint8_t algorithm, const Version& dnskeys, const Version& data) {
  bool any = false;
  for (const std::size_t place : data.members) {
    if (keys[place].dnskey.algorithm != algorithm) continue;
    if (!contains(dnskeys.members, place)) return false;
    any = true;
  }
  return any;
}

std::string broken_rrsig_rule(const Keys& keys, const Version& dnskeys, const Version& data) {
  for (const std::uint8_t algorithm : algorithms_of(keys, dnskeys.members)) {
    if (proves(keys, algorithm, dnskeys, data)) continue;
    return fmt::format(
        "KEY-RULE-RRSIG: who remembers a DNSKEY RRset of {} finds data signed by {}: not each "
        "signature with algorithm {} is one that these keys verify",
        list_of(keys, dnskeys.members), list_of(keys, data.members), algorithm);
  }
  return "";
}

struct Mixes {
  const Keys& keys;
  const History& known;
  std::optional<base::Time> newer_than;

  bool counts(std::initializer_list<const Version*> mix) const {
    return !newer_than || std::ranges::any_of(mix, [this](const Version* version) {
      return version->from >= *newer_than;
    });
  }
  std::string broken_below(const Version& ds) const {
    for (const Version& dnskeys : known.dnskeys) {
      if (!counts({&ds, &dnskeys})) continue;
      std::string why = broken_dnskey_rule(keys, ds, dnskeys);
      if (!why.empty()) return why;
    }
    for (const Version& dnskeys : known.dnskeys) {
      for (const Version& data : known.signatures) {
        if (!counts({&ds, &dnskeys, &data})) continue;
        std::string why = broken_rrsig_rule(keys, dnskeys, data);
        if (!why.empty()) return why;
      }
    }
    return "";
  }
};

}  // namespace

const char* to_string(RecordState state) {
  constexpr const char* names[] = {"HIDDEN", "RUMOURED", "OMNIPRESENT", "UNRETENTIVE"};
  return names[static_cast<std::size_t>(state)];
}

History history(const Keys& keys) {
  return {observed_versions(keys, spans_of(keys, true, Kind::ds_submitted, Kind::ds_withdrawn),
                            {Kind::ds_gone, Kind::ds_seen}),
          dnskey_versions(keys),
          observed_versions(keys, spans_of(keys, false, Kind::activated, Kind::retired),
                            {Kind::signatures_gone, Kind::signed_all})};
}

History remembered(const Policy& policy, const Keys& keys, base::Time now) {
  const Retention kept = retention(policy, keys);
  const History all = history(keys);
  return {kept_at(all.ds, kept.ds, now), kept_at(all.dnskeys, kept.dnskeys, now),
          kept_at(all.signatures, kept.signatures, now)};
}

std::vector<KeyState> key_states(const Policy& policy, const Keys& keys, base::Time now) {
  const History known = remembered(policy, keys, now);
  std::vector<KeyState> states(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    states[i].dnskey = state_of(known.dnskeys, i, &Version::members);
    states[i].krrsig = state_of(known.dnskeys, i, &Version::signers);
    states[i].zrrsig = state_of(known.signatures, i, &Version::members);
    states[i].ds = state_of(known.ds, i, &Version::members);
  }
  return states;
}

std::string broken_rule(const Policy& policy, const Keys& keys, base::Time now,
                        std::optional<base::Time> newer_than) {
  const History known = remembered(policy, keys, now);
  const Mixes mixes{keys, known, newer_than};
  const bool was_secure = std::ranges::any_of(keys, [now](const ManagedKey& key) {
    const auto seen = key.time_of(Kind::ds_submitted);
    return seen && *seen < now;
  });
  if (was_secure && known.ds.back().members.empty() && mixes.counts({&known.ds.back()})) {
    return "KEY-RULE-DS: no DS would be left: the zone would go insecure";
  }
  for (const Version& ds : known.ds) {
    if (ds.members.empty()) continue;
    std::string why = mixes.broken_below(ds);
    if (!why.empty()) return why;
  }
  return "";
}

}  // namespace tld::keys
