// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot_signatures.h"

#include <vector>

#include "dns/signing_input.h"
#include "hsm/verify.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

std::uint32_t seconds_of(base::Time time) {
  return static_cast<std::uint32_t>(time.time_since_epoch().count());
}

std::string message_of(const dns::RRset& rrset, const dns::Rrsig& rrsig) {
  const std::vector<std::string_view> rdatas(rrset.rdatas.begin(), rrset.rdatas.end());
  return dns::signing_input(rrsig,
                            dns::signed_records({rrset.owner, rrset.type, rrset.ttl, rdatas}));
}

}  // namespace

dns::Dnskey dnskey_of(const hsm::PublicKey& key, bool ksk) {
  dns::Dnskey dnskey;
  if (ksk) dnskey.flags |= dns::Dnskey::flag_sep;
  dnskey.algorithm = static_cast<std::uint8_t>(key.algorithm);
  dnskey.public_key = key.octets;
  return dnskey;
}

hsm::PublicKey public_key_of(const dns::Dnskey& key) {
  return {static_cast<hsm::Algorithm>(key.algorithm), key.public_key};
}

base::Result<dns::Rrsig> sign_rrset(const std::string& rule, const dns::Dnskey& key,
                                    const Sign& sign, const dns::RRset& rrset, base::Time start,
                                    const SignedKeysPolicy& policy) {
  const base::Time inception = start - policy.inception_offset;
  dns::Rrsig rrsig;
  rrsig.type_covered = rrset.type;
  rrsig.algorithm = key.algorithm;
  rrsig.labels = static_cast<std::uint8_t>(rrset.owner.view().label_count());
  rrsig.original_ttl = rrset.ttl;
  rrsig.inception = seconds_of(inception);
  rrsig.expiration = seconds_of(inception + policy.validity);
  rrsig.key_tag = key.key_tag();
  rrsig.signer = rrset.owner;
  TLD_TRY(rrsig.signature, sign(message_of(rrset, rrsig)));
  if (verifies(key, rrset, rrsig)) return rrsig;
  return base::refused(rule + ": the token's signature over " + dns::to_text(rrset.type) +
                       " does not verify with the key's public half: do not use this token");
}

bool verifies(const dns::Dnskey& key, const dns::RRset& rrset, const dns::Rrsig& rrsig) {
  if (rrsig.labels != rrset.owner.view().label_count()) return false;
  const auto verifier = hsm::Verifier::make(public_key_of(key));
  return verifier && verifier.value().verify(message_of(rrset, rrsig), rrsig.signature);
}

bool has_window(const dns::Rrsig& rrsig, base::Time start, const SignedKeysPolicy& policy) {
  const base::Time inception = start - policy.inception_offset;
  return rrsig.inception == inception.time_since_epoch().count() &&
         rrsig.expiration == (inception + policy.validity).time_since_epoch().count();
}

bool window_can_be_said(base::Time start, const SignedKeysPolicy& policy) {
  return start - policy.inception_offset >= base::Time{} &&
         start + policy.slot + policy.validity <= last_time;
}

}  // namespace tld::keys
