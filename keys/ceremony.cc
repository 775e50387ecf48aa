// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/signing_input.h"
#include "hsm/verify.h"
#include "keys/record_line.h"
#include "keys/signed_keys.h"
#include "keys/signed_keys_text.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using dns::RRType;

base::Error refuse(const char* rule, const std::string& why) {
  return base::refused(fmt::format("{}: {}", rule, why));
}

// --- before anything is signed ---

base::Status check_algorithms(const CeremonyInput& input) {
  const char* wanted = hsm::to_string(input.policy.algorithm);
  if (input.ksk.algorithm != input.policy.algorithm) {
    return refuse("CEREMONY-ALGORITHM", fmt::format("the KSK is {}, the policy says {}",
                                                    hsm::to_string(input.ksk.algorithm), wanted));
  }
  for (const Dnskey& zsk : input.zsks) {
    if (zsk.algorithm == static_cast<std::uint8_t>(input.policy.algorithm)) continue;
    return refuse("CEREMONY-ALGORITHM",
                  fmt::format("the ZSK with key tag {} has algorithm {}, the policy says {}",
                              zsk.key_tag(), zsk.algorithm, wanted));
  }
  return base::ok();
}

base::Status check_zsks(const std::vector<Dnskey>& zsks) {
  if (zsks.empty()) return refuse("CEREMONY-ZSK", "there is no ZSK to publish");
  for (const Dnskey& zsk : zsks) {
    if (zsk.flags != Dnskey::flag_zone) {
      return refuse("CEREMONY-ZSK", fmt::format("the key with tag {} has flags {}; a ZSK has 256",
                                                zsk.key_tag(), zsk.flags));
    }
    if (std::ranges::count(zsks, zsk) > 1) {
      return refuse("CEREMONY-ZSK",
                    fmt::format("the ZSK with key tag {} is given twice", zsk.key_tag()));
    }
  }
  return base::ok();
}

base::Status check_key_tags(const std::vector<Dnskey>& keys) {
  for (const Dnskey& key : keys) {
    const auto same = [&key](const Dnskey& other) { return other.key_tag() == key.key_tag(); };
    if (std::ranges::count_if(keys, same) > 1) {
      return refuse(
          "CEREMONY-KEY-TAG",
          fmt::format("two keys have the key tag {}: generate another key", key.key_tag()));
    }
  }
  return base::ok();
}

base::Status check_times(const CeremonyInput& input) {
  const SignedKeysPolicy& policy = input.policy.signed_keys;
  const base::Time first = input.start - policy.inception_offset;
  const base::Time last = input.start + policy.span + policy.validity;
  if (first >= base::Time{} && last <= last_time) return base::ok();
  return refuse("CEREMONY-TIME",
                "signatures would lie outside 1970 to 2106: look at the start time");
}

base::Status check_input(const CeremonyInput& input, const std::vector<Dnskey>& keys) {
  TLD_TRY(input.policy.check());
  TLD_TRY(check_algorithms(input));
  TLD_TRY(check_zsks(input.zsks));
  TLD_TRY(check_key_tags(keys));
  return check_times(input);
}

// --- what is published ---

dns::RRset rrset(const CeremonyInput& input, RRType type, std::vector<std::string> rdatas) {
  dns::canonicalise(rdatas);
  const auto ttl = static_cast<std::uint32_t>(input.policy.signed_keys.dnskey_ttl.count());
  return {input.apex, type, ttl, std::move(rdatas)};
}

base::Result<dns::RRset> cds_rrset(const CeremonyInput& input, const Dnskey& ksk) {
  std::vector<std::string> rdatas;
  for (const std::uint8_t type : input.policy.signed_keys.cds_digest_types) {
    TLD_TRY(const dns::Ds ds, dns::make_ds(input.apex, ksk, type));
    rdatas.push_back(ds.wire());
  }
  return rrset(input, RRType::CDS, std::move(rdatas));
}

base::Result<std::vector<dns::RRset>> rrsets(const CeremonyInput& input, const Dnskey& ksk,
                                             const std::vector<Dnskey>& keys) {
  std::vector<std::string> dnskeys;
  dnskeys.reserve(keys.size());
  for (const Dnskey& key : keys) dnskeys.push_back(key.wire());
  std::vector<dns::RRset> all = {rrset(input, RRType::DNSKEY, std::move(dnskeys))};
  if (input.policy.signed_keys.cds_digest_types.empty()) return all;
  TLD_TRY(auto cds, cds_rrset(input, ksk));
  all.push_back(std::move(cds));
  all.push_back(rrset(input, RRType::CDNSKEY, {ksk.wire()}));
  return all;
}

// --- signing ---

class Signer {
 public:
  Signer(const CeremonyInput& input, const Dnskey& ksk, hsm::Verifier verifier, std::size_t total)
      : input_(input), ksk_(ksk), verifier_(std::move(verifier)), total_(total) {}

  base::Result<Slot> sign_slot(base::Time start, const std::vector<dns::RRset>& rrsets) {
    Slot slot;
    slot.start = start;
    for (const dns::RRset& each : rrsets) {
      TLD_TRY(auto rrsig, sign(each, start));
      slot.rrsets.push_back({each, {std::move(rrsig)}});
    }
    return slot;
  }

 private:
  dns::Rrsig draft(const dns::RRset& rrset, base::Time start) const {
    const base::Time inception = start - input_.policy.signed_keys.inception_offset;
    const base::Time expiration = inception + input_.policy.signed_keys.validity;
    dns::Rrsig rrsig;
    rrsig.type_covered = rrset.type;
    rrsig.algorithm = ksk_.algorithm;
    rrsig.labels = static_cast<std::uint8_t>(rrset.owner.view().label_count());
    rrsig.original_ttl = rrset.ttl;
    rrsig.inception = static_cast<std::uint32_t>(inception.time_since_epoch().count());
    rrsig.expiration = static_cast<std::uint32_t>(expiration.time_since_epoch().count());
    rrsig.key_tag = ksk_.key_tag();
    rrsig.signer = input_.apex;
    return rrsig;
  }

  base::Result<dns::Rrsig> sign(const dns::RRset& rrset, base::Time start) {
    dns::Rrsig rrsig = draft(rrset, start);
    const std::vector<std::string_view> rdatas(rrset.rdatas.begin(), rrset.rdatas.end());
    const std::string message = dns::signing_input(
        rrsig, dns::signed_records({rrset.owner, rrset.type, rrset.ttl, rdatas}));
    TLD_TRY(rrsig.signature, input_.sign(message));
    if (!verifier_.verify(message, rrsig.signature)) {
      return refuse("CEREMONY-SIGNATURE",
                    "the token's signature over " + dns::to_text(rrset.type) +
                        " does not verify with the KSK's public key: do not use this token");
    }
    if (input_.progress) input_.progress(++done_, total_);
    return rrsig;
  }

  const CeremonyInput& input_;
  const Dnskey& ksk_;
  hsm::Verifier verifier_;
  std::size_t done_ = 0, total_;
};

base::Result<std::vector<Slot>> sign_slots(const CeremonyInput& input, const Dnskey& ksk,
                                           const std::vector<dns::RRset>& rrsets) {
  TLD_TRY(auto verifier, hsm::Verifier::make(input.ksk));
  const SignedKeysPolicy& policy = input.policy.signed_keys;
  const auto count = static_cast<std::size_t>(policy.span / policy.slot);
  Signer signer(input, ksk, std::move(verifier), count * rrsets.size());
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < count; ++i) {
    TLD_TRY(auto slot, signer.sign_slot(input.start + policy.slot * i, rrsets));
    slots.push_back(std::move(slot));
  }
  return slots;
}

}  // namespace

Dnskey dnskey_of(const hsm::PublicKey& key, bool ksk) {
  Dnskey dnskey;
  if (ksk) dnskey.flags |= Dnskey::flag_sep;
  dnskey.algorithm = static_cast<std::uint8_t>(key.algorithm);
  dnskey.public_key = key.octets;
  return dnskey;
}

base::Result<std::string> hold_ceremony(const CeremonyInput& input) {
  const Dnskey ksk = dnskey_of(input.ksk, true);
  std::vector<Dnskey> keys = input.zsks;
  keys.push_back(ksk);
  TLD_TRY(check_input(input, keys));
  TLD_TRY(const auto published, rrsets(input, ksk, keys));
  TLD_TRY(const auto slots, sign_slots(input, ksk, published));
  std::string text = signed_keys_text(input.policy, slots, input.made_at);
  // What the server will do with it, done here first.
  TLD_TRY(const auto read_back, SignedKeys::parse(text, input.apex, "the new signed-key file"));
  TLD_TRY(read_back.check(input.zsks, input.start));
  return text;
}

base::Result<std::string> trust_anchor_text(dns::NameView apex, const hsm::PublicKey& ksk,
                                            const Policy& policy) {
  const Dnskey key = dnskey_of(ksk, true);
  const auto ttl = static_cast<std::uint32_t>(policy.signed_keys.dnskey_ttl.count());
  std::string text = fmt::format("; KSK of {}, key tag {}\n", apex.text(), key.key_tag());
  for (const std::uint8_t type : {dns::digest_sha256, dns::digest_sha384}) {
    TLD_TRY(const dns::Ds ds, dns::make_ds(apex, key, type));
    text += fmt::format("; {} IN DS {}\n", apex.text(), dns::rdata_text(RRType::DS, ds.wire()));
  }
  return text + record_line({dns::Name(apex), ttl, RRType::DNSKEY, key.wire()}) + "\n";
}

}  // namespace tld::keys
