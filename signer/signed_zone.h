// SPDX-License-Identifier: GPL-2.0-only
//
// A zone and the signatures that its ZSKs have made for it so far.
//
// Thread rule: ZoneKey and SignedZone are immutable, but for the SignatureTables, which have their
// own rule. Shared by shared_ptr: a question keeps the one it began with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/rdata.h"
#include "hsm/key.h"
#include "hsm/verify.h"
#include "signer/sign_budget.h"
#include "signer/signature_table.h"
#include "signer/validity.h"
#include "zones/zone.h"

namespace tld::signer {

// A ZSK: the DNSKEY that is published for it, the door to its private half, and the verifier that
// each signature must pass, made from the DNSKEY and not from what the token says.
class ZoneKey {
 public:
  // `signature_size` follows from the key. `budgets`: of the tokens behind `door`. invalid_input:
  // the DNSKEY is no ZSK that we can verify.
  static base::Result<std::shared_ptr<const ZoneKey>> make(const dns::Dnskey& dnskey, hsm::KeyId id,
                                                           std::shared_ptr<hsm::KeyDoor> door,
                                                           SignBudgets budgets = {});

  const dns::Dnskey& dnskey() const { return dnskey_; }
  std::uint16_t key_tag() const { return key_tag_; }
  const hsm::KeyId& id() const { return id_; }
  hsm::KeyDoor& door() const { return *door_; }
  const SignBudgets& budgets() const { return budgets_; }
  const hsm::Verifier& verifier() const { return verifier_; }
  std::size_t signature_octets() const { return signature_octets_; }

 private:
  ZoneKey(dns::Dnskey dnskey, hsm::KeyId id, std::shared_ptr<hsm::KeyDoor> door,
          hsm::Verifier verifier, SignBudgets budgets);
  dns::Dnskey dnskey_;
  std::uint16_t key_tag_;
  hsm::KeyId id_;
  std::shared_ptr<hsm::KeyDoor> door_;
  hsm::Verifier verifier_;
  SignBudgets budgets_;
  std::size_t signature_octets_;
};

// What a ZSK is for at the moment (RFC 7583 §2.1: pre-publication).
enum class KeyUse {
  signing,  // makes signatures, and they are served
  warming,  // makes signatures that are not served yet: it will be `signing` soon
  leaving,  // makes none; what it made is served where a signing key has not signed yet
};
const char* to_string(KeyUse use);

struct UsedKey {
  std::shared_ptr<const ZoneKey> key;
  KeyUse use = KeyUse::signing;
  friend bool operator==(const UsedKey&, const UsedKey&) = default;
};

class SignatureLog;  // signer/log/signature_log.h

class SignedZone {
 public:
  // Of each algorithm at most one is `signing`, and at least one is; each has signed each RRset
  // that is served (RFC 4035 §2.2).
  using Keys = std::vector<UsedKey>;

  // `log`: what is signed goes there, and is recalled from there; null: none.
  SignedZone(std::shared_ptr<const zones::Zone> zone, Keys keys, SignaturePolicy policy,
             std::shared_ptr<SignatureLog> log = nullptr);
  // Another version of `from`'s zone with the same keys. The two share their tables: nothing is
  // copied, and what one of them signs both have. What must be signed before it serves is what
  // zones::update() says. REQUIRES: `zone` is of the lineage of `from`'s (else: carry_over()).
  static std::shared_ptr<const SignedZone> next(const SignedZone& from,
                                                std::shared_ptr<const zones::Zone> zone);
  // The same version with other keys or other uses of them. A key that both have keeps its table.
  static std::shared_ptr<const SignedZone> with_keys(const SignedZone& from, const Keys& keys);

  const zones::Zone& zone() const { return *zone_; }
  std::shared_ptr<const zones::Zone> zone_pointer() const { return zone_; }
  std::size_t key_count() const { return keys_.size(); }
  const Keys& keys() const { return keys_; }
  const ZoneKey& key(std::size_t i) const { return *keys_[i].key; }
  KeyUse use(std::size_t i) const { return keys_[i].use; }
  // The keys that are `signing`, one for each algorithm; none: nothing may be served.
  const std::vector<std::size_t>& signers() const { return signers_; }
  SignatureTable& table(std::size_t i) const { return *tables_[i]; }
  // How many of the zone's RRsets have a signature by key `i`. Costs what the changes since the
  // first version of the lineage cost.
  std::size_t signatures(std::size_t i) const;
  const SignaturePolicy& policy() const { return policy_; }
  const std::shared_ptr<SignatureLog>& log() const { return log_; }

  // The DNSKEYs whose signatures may be served: a DNSKEY RRset without one of them must not be.
  std::vector<dns::Dnskey> served_dnskeys() const;
  // The signature of `slot` that is served for `signer`, one of signers(): its own, else one by a
  // leaving key of its algorithm. `accept(validity)`: may it be served? Returns whose it is.
  template <class Accept>
  std::optional<std::size_t> find_signature(std::size_t signer, zones::Slot slot, Accept accept,
                                            Signature& out) const {
    if (tables_[signer]->get(slot, out) && accept(out.validity)) return signer;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const bool stands_in = keys_[i].use == KeyUse::leaving &&
                             key(i).dnskey().algorithm == key(signer).dnskey().algorithm;
      if (stands_in && tables_[i]->get(slot, out) && accept(out.validity)) return i;
    }
    return std::nullopt;
  }
  // Every RRset has a signature that find_signature() finds, for each signer.
  bool is_signed() const;

  // The RRSIG for `slot` by key `i` with `validity` and no signature yet, and the octets to sign.
  struct ToSign {
    dns::Rrsig rrsig;
    std::string input;
  };
  ToSign to_sign(std::size_t i, zones::Slot slot, const Validity& validity) const;

 private:
  SignedZone(const SignedZone& from, std::shared_ptr<const zones::Zone> zone);
  void take(const Keys& keys, const SignedZone* from);
  std::shared_ptr<const zones::Zone> zone_;
  Keys keys_;
  std::vector<std::size_t> signers_;
  std::vector<std::shared_ptr<SignatureTable>> tables_;
  SignaturePolicy policy_;
  std::shared_ptr<SignatureLog> log_;
};

// Copies into `to` each signature of `from` whose RRset and key are the same octet for octet.
// Returns the slots of `to` whose RRset `from` does not have so: what must be signed before `to`
// may serve. For versions of one zone (same apex) that do not share a lineage; O(zone).
std::vector<zones::Slot> carry_over(const SignedZone& from, const SignedZone& to);
// The same for these slots of `to` only, at their cost.
std::vector<zones::Slot> carry_over(const SignedZone& from, const SignedZone& to,
                                    const std::vector<zones::Slot>& slots);

}  // namespace tld::signer
