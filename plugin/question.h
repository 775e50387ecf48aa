// SPDX-License-Identifier: GPL-2.0-only
//
// What one question is answered from. PowerDNS puts an answer together from several calls; a zone
// may be swapped between any two of them. So a question pins, at its first getAuth (or the getSOA
// of a transfer), one publication and one slot of the signed-key file per zone, and sees only those
// until its end.
//
// Thread rule: belongs to one backend instance, which serves one question at a time (all TCP shares
// one instance, called from many threads one after the other: no thread-local state here).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/rdata.h"
#include "keys/signed_keys.h"
#include "plugin/server.h"
#include "publish/live_zone.h"

namespace tld::plugin {

// Why an answer cannot be given; becomes SERVFAIL at the edge.
struct CannotAnswer {
  std::string reason;
};

struct PinnedZone {
  ServedZone* served = nullptr;
  std::uint64_t generation = 0;
  std::shared_ptr<const publish::Publication> publication;
  std::shared_ptr<const keys::SignedKeys> signed_keys;
  std::vector<dns::Dnskey> zsks;     // what the publication is signed with
  const keys::Slot* slot = nullptr;  // what of signed_keys is published now; null: nothing valid

  const signer::SignedZone& signed_zone() const { return *publication->signed_zone; }
  const zones::Zone& zone() const { return publication->signed_zone->zone(); }
  int id() const { return served->id(); }
};

class Question {
 public:
  explicit Question(Server& server) : server_(server) {}

  // A question begins, or goes on: PowerDNS may ask for the zones of names above (for DS, and when
  // a name is in none of our zones), and for those of a CNAME's target and of the names above that.
  // Pins the zone that `name` is in; null: none of ours. Throws CannotAnswer when the zone is not
  // loaded.
  const PinnedZone* begin(dns::NameView name);
  // The same for a transfer of the zone `apex`.
  const PinnedZone* begin_transfer(dns::NameView apex);

  // The next begin() goes on with this question if it is for `cname_target` or a name above it.
  void follow(const dns::Name& cname_target);
  // A call other than begin(): the begin() after it begins a question.
  void do_not_follow() { goes_on_at_.reset(); }

  // The pinned zone that a call is about: that with `zone_id` if `name` is in it; else, because
  // PowerDNS's zone ids are unreliable, the one pinned last that `name` is in, pinning if need be.
  const PinnedZone* zone_for(int zone_id, dns::NameView name);
  // The pinned zone with `zone_id`, else the one pinned last; null: nothing is pinned.
  const PinnedZone* zone_by_id(int zone_id) const;

  base::Time now() const { return now_; }
  // Until when this question may wait for signatures, all its waits together.
  base::Deadline wait_until();

 private:
  const PinnedZone* pin(ServedZone& served);
  void refresh(PinnedZone& seen);
  const PinnedZone* seen(const ServedZone* served) const;
  void restart();
  bool goes_on_with(dns::NameView name) const;

  Server& server_;
  // One entry per zone this instance has served, kept from question to question so that an
  // unchanged publication is pinned again without any lock.
  std::vector<PinnedZone> seen_;
  std::vector<const ServedZone*> pinned_;  // of this question, in order
  struct GoesOn {
    dns::Name name;
    bool there;  // at the name itself too, not only above it
  };
  std::optional<GoesOn> goes_on_at_;
  base::Time now_{};
  std::optional<base::Deadline> wait_until_;
};

}  // namespace tld::plugin
