// SPDX-License-Identifier: GPL-2.0-only
//
// A key signing request (KSR): what the slots of the next signed-key file are to list, on its way
// from the machine with the ZSKs to the ceremony. Each of our ZSKs has signed each bundle that
// lists it: proof that the one who asks holds it. The text is that of a signed-key file with
// another word in the headers (keys/README.md), as strict and as hostile.
//
// Names of checks follow iana-org/dnssec-keytools.
//
// Thread rule: immutable; all methods are safe from any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "keys/key_bundle.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"
#include "keys/slot.h"
#include "keys/slot_signatures.h"

namespace tld::keys {

// What the ceremony's side knows, to hold a request against.
struct RequestContext {
  Policy policy;  // its own; not what the request says
  base::Time now;
  const SignedKeys* previous = nullptr;  // the last signed-key file; null: there is none
  std::vector<dns::Dnskey> ksks;         // that will sign
  std::vector<dns::Dnskey> foreign;      // another operator's ZSKs: listed without a proof
  // How far ahead of now a signature may end. Zero: two spans and one validity.
  std::chrono::seconds horizon{0};
  // The DS of a KSK that comes is at the parent already: KSKs may be exchanged (double-DS).
  bool ds_at_parent = false;
};

inline constexpr std::size_t max_zsks_per_bundle = 8;

class KeySigningRequest {
 public:
  // REQUIRES: a reader of this room made `file`.
  explicit KeySigningRequest(SlotFile file) : file_(std::move(file)) {}

  // Errors are invalid_input, "SOURCE:LINE: RULE: ...", as for SignedKeys::parse: KSR-SIZE,
  // KSR-SYNTAX, KSR-TRUNCATED, KSR-POLICY-LINE, and
  //   KSR-DOMAIN  an owner or a signer's name is not the apex
  static base::Result<KeySigningRequest> parse(std::string_view text, dns::NameView apex,
                                               const std::string& source = "key signing request");
  // not_found: there is no such file; unavailable: it cannot be read now.
  static base::Result<KeySigningRequest> read_file(const std::filesystem::path& path,
                                                   dns::NameView apex);

  // May the KSK sign this? Errors are `refused`, "SOURCE:LINE: CHECK: ...", the first found of
  //   KSR-POLICY-ALG            the request's policy or a key has another algorithm than a KSK here
  //   KSR-POLICY-KEYS           a TTL is not the policy's, or a bundle has more than
  //                             max_zsks_per_bundle keys
  //   KSR-POLICY-SIG-VALIDITY   the request's validity or inception-offset is not the policy's
  //   KSR-POLICY-CDS            its digest types are not the policy's
  //   KSR-BUNDLE-UNIQUE         two bundles start at one time, or they are not in order
  //   KSR-BUNDLE-KEYS           a key that is no ZSK (flags 256, protocol 3), is malformed, stands
  //                             twice, or has the tag of another key of the request or of a KSK
  //   KSR-BUNDLE-POP            a bundle lacks the signature of a ZSK in it that is not foreign,
  //   has
  //                             one that does not verify, or whose times are not the bundle's
  //   KSR-POLICY-SIG-OVERLAP    a bundle's signatures would end before the next has replaced it in
  //                             caches
  //   KSR-BUNDLE-COUNT          not as many bundles as the span holds
  //   KSR-BUNDLE-CYCLE          the bundles do not cover exactly the span, or the spans differ
  //   KSR-POLICY-BUNDLE-INTERVALS  bundles are not one slot length apart, or the slots differ
  //   KSR-CHAIN-KEYS            two bundles in a row, or the previous file's slot and the bundle
  //   that
  //                             follows it, have no ZSK in common
  //   KSR-PREVIOUS              the previous file is not right in itself, or no KSK of its last
  //   slot
  //                             is here
  //   KSR-ID                    the previous file answers this very request
  //   KSR-CHAIN-OVERLAP         the first bundle starts too late for the previous file, or not
  //   after
  //                             its first slot
  //   KSR-POLICY-SIG-HORIZON    signatures would end beyond the horizon, or are over by now
  // (Read from Knot's dialect there are no proofs, nor a fixed number of bundles or distance:
  // KSR-BUNDLE-POP, -COUNT, -CYCLE and KSR-POLICY-BUNDLE-INTERVALS are left out.)
  base::Status check(const RequestContext& context) const;

  dns::NameView apex() const { return file_.apex; }
  const Policy& policy() const { return file_.policy; }  // signed_keys and algorithm, as it says
  bool irregular() const { return file_.irregular; }     // in Knot's dialect
  // The DNSKEY RRsets asked for, with the proofs as signatures. Never empty.
  const std::vector<Slot>& bundles() const { return file_.slots; }
  std::vector<dns::Dnskey> keys() const;  // all of them, each once

 private:
  SlotFile file_;
};

// A ZSK that proves that it is here.
struct ProvingKey {
  dns::Dnskey dnskey;
  Sign sign;
};

struct RequestInput {
  dns::Name apex;
  Policy policy;
  base::Time made_at;  // what the clock said, for the record in the file
  std::vector<KeyBundle> bundles;
  std::vector<ProvingKey> zsks;
  std::vector<dns::Dnskey> foreign;  // listed without a proof
};

// The text of the request; it has been read back and has passed those checks that need no KSK.
// Errors: POLICY-..., KSR-..., and what `sign` returns.
base::Result<std::string> make_request(const RequestInput& input);

}  // namespace tld::keys
