// SPDX-License-Identifier: GPL-2.0-only
//
// Which signatures of a zone are to be made in the background, and in which order:
//
//   1. at the apex, missing: nothing below it validates without them
//   2. those that need to be made anew, the first to expire first
//   3. missing: DS and NSEC3, which nearly every answer of a delegating zone needs
//   4. missing: the rest
//   5. missing, by a key that is warming: it takes over when its time has come
//
// What a question asks for does not stand in this line: SigningService starts it at once.
//
// Cost: a look through the signature tables once in look_ahead() (half an hour by the default
// policy) and when the zone is another lineage or has other keys: 10 ms for a million slots that
// are all signed. In between, work is handed out from what it found: 8 octets for each signature
// that is missing, 12 for each that comes due before the next look. A change of the zone costs the
// slots that it has added. A signature that was made after a look and comes due before the next is
// made anew at most look_ahead() late, a twentieth of the policy's `refresh`.
//
// Thread rule: used by one thread. Time is passed in.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "signer/signed_zone.h"

namespace tld::signer {

class Agenda {
 public:
  struct Work {
    std::uint32_t key = 0;  // place in SignedZone::keys()
    zones::Slot slot = zones::no_slot;
  };

  // `zone` is what is served from now on. Does what is due of looking through its tables. True: it
  // has looked through all of them, and what next() gave before is void.
  bool update(std::shared_ptr<const SignedZone> zone, base::Time now);

  // The next one that needs to be made; nullopt: none does now. REQUIRES: update() was called.
  std::optional<Work> next(base::Time now);
  // Does it still, or has somebody else made it meanwhile?
  bool is_needed(const Work& work, base::Time now) const;
  // It could not be made: it comes again when nothing else is left, or in its place after the next
  // look, which is soon then.
  void set_aside(const Work& work, base::Time now);

  // How long next() has nothing if nothing else happens.
  std::chrono::seconds idle(base::Time now) const;
  // Signatures that the last look found missing, or that were set aside, and that next() has not
  // given yet.
  std::size_t missing() const;

  static std::chrono::seconds look_ahead(const SignaturePolicy& policy);

 private:
  enum Class { apex, delegations, rest, warming, aside, classes };
  struct Due {
    std::uint32_t expiration = 0;
    std::uint32_t key = 0;
    zones::Slot slot = 0;
  };
  bool look_through(base::Time now);
  void look_at(zones::Slot from, zones::Slot to, base::Time now);
  void note_missing(std::uint32_t key, zones::Slot slot);
  std::optional<Work> take_missing(Class from, base::Time now);
  std::optional<Work> take_due(base::Time now);

  std::shared_ptr<const SignedZone> zone_;
  base::Time looked_at_{}, look_again_at_{};
  std::array<std::deque<Work>, classes> missing_;
  std::deque<Due> due_;  // by expiration
};

}  // namespace tld::signer
