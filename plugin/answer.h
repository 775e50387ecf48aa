// SPDX-License-Identifier: GPL-2.0-only
//
// The records for one call of PowerDNS, taken from what the question has pinned. Signatures that
// are not there yet are asked for; what cannot be had throws CannotAnswer: an RRset that should be
// signed never leaves without its RRSIG.
//
// Thread rule: as Question.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "plugin/content.h"
#include "plugin/pdns.h"
#include "plugin/question.h"
#include "plugin/server.h"

namespace tld::plugin {

class Answer {
 public:
  explicit Answer(Server& server) : server_(server), question_(server) {}

  Question& question() { return question_; }

  using Records = std::vector<DNSZoneRecord>;
  // What lookup(type, name) gives; `owner` is `name` as PowerDNS wrote it, for the records.
  Records records(const PinnedZone& zone, dns::RRType type, dns::NameView name,
                  const DNSName& owner);
  // The RRSIGs at `name`: an owner of data or a hashed owner. Waits within the ration.
  Records rrsigs(const PinnedZone& zone, dns::NameView name, const DNSName& owner);
  // Everything, RRSIGs included, for a transfer. Does not wait.
  Records whole_zone(const PinnedZone& zone);
  // Starts making the signature of an NSEC3 that will be asked for in a moment.
  void prefetch(const PinnedZone& zone, const zones::Nsec3Link& link);

 private:
  struct Wanted {  // one RRSIG of the answer
    zones::Slot slot;
    std::size_t signer;  // the key that has to make it; another may have
    dns::RRType type;
    std::uint32_t ttl;
    std::size_t labels;
  };
  enum class Patience { wait, none };

  void add_rrset(Records& out, const PinnedZone& zone, const zones::RRsetRef& rrset,
                 const DNSName& owner);
  void add_node(Records& out, const PinnedZone& zone, const zones::Node& node, dns::RRType type,
                const DNSName& owner);
  void add_apex_keys(Records& out, const PinnedZone& zone, dns::RRType type, const DNSName& owner);
  void add_apex_key_rrsigs(Records& out, const PinnedZone& zone, const DNSName& owner);
  void add_rrsigs(Records& out, const PinnedZone& zone, const std::vector<Wanted>& wanted,
                  const DNSName& owner, Patience patience);
  std::vector<Wanted> wanted_at(const PinnedZone& zone, const zones::Node& node) const;
  std::vector<Wanted> wanted_for(const PinnedZone& zone, const zones::Nsec3Link& link) const;
  // Whose signature it is.
  std::optional<std::size_t> usable(const PinnedZone& zone, const Wanted& wanted,
                                    signer::Signature& out) const;
  static const std::vector<std::size_t>& signers(const PinnedZone& zone);
  void make_missing(const PinnedZone& zone, const std::vector<Wanted>& missing, Patience patience);
  const keys::Slot& keys_slot(const PinnedZone& zone);

  Server& server_;
  Question question_;
  ContentCache contents_;
};

}  // namespace tld::plugin
