// SPDX-License-Identifier: GPL-2.0-only
//
// The signed-key file: DNSKEY, CDS and CDNSKEY RRsets with their signatures for the next months,
// made by a KSK that this server never sees (keys/ceremony.h makes one). A row of slots; each
// says what to publish from its start on, and its signatures live well into the slots behind it.
//
// The file is taken as hostile: sizes are bounded, every byte must be as the format says
// (keys/README.md), and nothing is used before check() has passed. Refusals name file, line and
// rule; the rules are listed at parse() and check().
//
// Thread rule: immutable; all methods are safe from any thread.
// Lifetime: pointers and references live as long as the SignedKeys.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "keys/policy.h"
#include "keys/slot.h"

namespace tld::keys {

class SignedKeys {
 public:
  // REQUIRES: a reader of this room made `file`.
  explicit SignedKeys(SlotFile file) : file_(std::move(file)) {}

  // Reads the text; refuses what is not a whole signed-key file of this zone. `source` is the
  // file's name for messages. Errors are invalid_input, "SOURCE:LINE: RULE: ...":
  //   SKR-SIZE         file at most 4 MiB, line at most 8 KiB; slots, records, signatures bounded
  //   SKR-SYNTAX       a line is not what the format asks for here; an RRset without signature
  //   SKR-TRUNCATED    the last line is not the end line
  //   SKR-APEX         an owner or a signer's name is not the apex
  //   SKR-POLICY-LINE  the policy in front of the first slot is missing, wrong or incomplete, or
  //                    does not fit together (Policy::check: slots would not overlap ...)
  static base::Result<SignedKeys> parse(std::string_view text, dns::NameView apex,
                                        const std::string& source = "signed-key file");
  // not_found: there is no such file; unavailable: it cannot be read now.
  static base::Result<SignedKeys> read_file(const std::filesystem::path& path, dns::NameView apex);

  // May the server publish from this file now, signing with `zsks`? Each RRSIG of each slot is
  // verified. Errors are `refused`, "SOURCE:LINE: CHECK: ...", the first that is found of:
  //   SKR-SLOT-ORDER     slots stand in order, one slot length apart
  //   SKR-TYPES          the same RRset types in all slots: those that the policy asks for
  //   SKR-TTL            every TTL and original TTL is the policy's
  //   SKR-ALGORITHM      each algorithm of a slot's keys is one of ours, has a KSK there, and signs
  //                      each RRset of the slot (RFC 4035 §2.2, RFC 6840 §5.11); the last slot has
  //                      the policy's
  //   SKR-KEY            flags 256 or 257, protocol 3, a well-formed key, no public key twice
  //   SKR-KEY-TAG        no two keys of a slot with the same tag and algorithm
  //   SKR-NO-KSK         a slot without a KSK (SEP flag)
  //   SKR-VERIFY         a signature does not verify with the KSK of that slot that it names
  //   SKR-WINDOW         a signature's times are not the policy's: from start - inception-offset
  //                      on, for validity
  //   SKR-CDS-DELETE     a CDS or CDNSKEY record asks the parent to go insecure (RFC 8078 §4)
  //   SKR-CDS-MATCH      CDNSKEY names a key that is no KSK of the slot, or CDS other keys
  //   SKR-COVERAGE       there are not as many slots as the span holds
  //   SKR-NOT-YET-VALID  now is before the first slot
  //   SKR-EXPIRED        now is at or past covered_until()
  //   SKR-ZSK-MISSING    no slot to publish now suits `zsks` (compared by the whole RDATA): at()
  // (Read from Knot's dialect: SKR-SLOT-ORDER takes slots that are nearer, SKR-COVERAGE any
  // number.) That each slot's signatures outlive the next slot's start by the TTL follows from
  // SKR-WINDOW, SKR-SLOT-ORDER and POLICY-OVERLAP.
  base::Status check(std::span<const dns::Dnskey> zsks, base::Time now) const;

  // What to publish: the latest slot that has started and whose signatures are valid now; nullptr
  // when there is none. REQUIRES: check() has passed.
  const Slot* at(base::Time now) const;
  // The same of those slots that suit `zsks`, the keys that sign now: each is listed, unless no key
  // of its algorithm is, and each algorithm of the slot is one of theirs (RFC 6781 §4.1.4: a new
  // algorithm's signatures come before its keys, an old one's go after them). As long as the zone
  // is signed with a key, no slot without it may be published. So a late roll holds the slot
  // before, whose signatures live well into the next ones.
  const Slot* at(base::Time now, std::span<const dns::Dnskey> zsks) const;
  // Until when at(now, zsks) is not null, from `now` on; `now` itself when it is null now. The time
  // by which the zone must be signed with other keys, or a new file be there.
  base::Time listed_until(base::Time now, std::span<const dns::Dnskey> zsks) const;
  // With these slots only. REQUIRES: at least one of them is in it.
  SignedKeys with_slots(const std::set<base::Time>& starts) const;

  dns::NameView apex() const { return file_.apex; }
  const Policy& policy() const {
    return file_.policy;
  }  // signed_keys and algorithm, as the file says
  const std::vector<Slot>& slots() const { return file_.slots; }  // never empty
  // Types at the apex that come from here: they belong into the apex's NSEC3 type bitmap.
  std::set<dns::RRType> types() const;
  base::Time covered_from() const;   // the first slot's start
  base::Time covered_until() const;  // the last slot's signatures are valid before this

 private:
  SlotFile file_;
};

}  // namespace tld::keys
