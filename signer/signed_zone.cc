// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signed_zone.h"

#include <fmt/format.h>

#include <cassert>

#include "dns/signing_input.h"

namespace tld::signer {
namespace {

// RFC 3110 §2: one octet of exponent length, or zero and two octets.
std::size_t rsa_modulus_octets(std::string_view key) {
  if (key.size() < 3) return 0;
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(key[i]); };
  const std::size_t exponent = octet(0) != 0 ? octet(0) : octet(1) * 256u + octet(2);
  const std::size_t header = octet(0) != 0 ? 1 : 3;
  return key.size() > header + exponent ? key.size() - header - exponent : 0;
}

std::size_t signature_octets_of(const dns::Dnskey& key) {
  return key.algorithm == dns::algorithm_ecdsap256sha256 ? 64 : rsa_modulus_octets(key.public_key);
}

std::string records_of(const dns::RRset& rrset) {
  const std::vector<std::string_view> rdatas(rrset.rdatas.begin(), rrset.rdatas.end());
  return dns::signed_records({rrset.owner, rrset.type, rrset.ttl, rdatas});
}

}  // namespace

ZoneKey::ZoneKey(dns::Dnskey dnskey, hsm::KeyId id, std::shared_ptr<hsm::KeyDoor> door,
                 hsm::Verifier verifier, SignBudgets budgets)
    : dnskey_(std::move(dnskey)),
      key_tag_(dnskey_.key_tag()),
      id_(std::move(id)),
      door_(std::move(door)),
      verifier_(std::move(verifier)),
      budgets_(std::move(budgets)),
      signature_octets_(signature_octets_of(dnskey_)) {}

base::Result<std::shared_ptr<const ZoneKey>> ZoneKey::make(const dns::Dnskey& dnskey, hsm::KeyId id,
                                                           std::shared_ptr<hsm::KeyDoor> door,
                                                           SignBudgets budgets) {
  // RFC 4034 §2.1.1, §2.1.2: bit 7 set, protocol 3; a revoked key signs nothing (RFC 5011 §2.1).
  if ((dnskey.flags & dns::Dnskey::flag_zone) == 0 || dnskey.protocol != 3 || dnskey.is_revoked()) {
    return base::invalid_input("the DNSKEY is no zone key");
  }
  if (dnskey.algorithm != dns::algorithm_rsasha256 &&
      dnskey.algorithm != dns::algorithm_ecdsap256sha256) {
    return base::invalid_input(
        fmt::format("DNSSEC algorithm {} is not supported for signing", dnskey.algorithm));
  }
  TLD_TRY(auto verifier,
          hsm::Verifier::make({static_cast<hsm::Algorithm>(dnskey.algorithm), dnskey.public_key},
                              hsm::Verifier::Use::often));
  return std::shared_ptr<const ZoneKey>(
      new ZoneKey(dnskey, std::move(id), std::move(door), std::move(verifier), std::move(budgets)));
}

const char* to_string(KeyUse use) {
  switch (use) {
    case KeyUse::signing:
      return "signing";
    case KeyUse::warming:
      return "warming";
    case KeyUse::leaving:
      return "leaving";
  }
  return "?";
}

SignedZone::SignedZone(std::shared_ptr<const zones::Zone> zone, Keys keys, SignaturePolicy policy,
                       std::shared_ptr<SignatureLog> log)
    : zone_(std::move(zone)), policy_(policy), log_(std::move(log)) {
  take(keys, nullptr);
}

// Tables stay with their keys.
void SignedZone::take(const Keys& keys, const SignedZone* from) {
  keys_ = keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].use == KeyUse::signing) signers_.push_back(i);
    std::shared_ptr<SignatureTable> table;
    for (std::size_t j = 0; from != nullptr && j < from->key_count(); ++j) {
      if (from->key(j).dnskey() == key(i).dnskey()) table = from->tables_[j];
    }
    if (!table) {
      table = std::make_shared<SignatureTable>(zone_->slot_limit(), key(i).signature_octets());
    }
    tables_.push_back(std::move(table));
  }
}

std::shared_ptr<const SignedZone> SignedZone::with_keys(const SignedZone& from, const Keys& keys) {
  auto made = std::make_shared<SignedZone>(from.zone_, Keys{}, from.policy_, from.log_);
  made->take(keys, &from);
  return made;
}

std::vector<dns::Dnskey> SignedZone::served_dnskeys() const {
  std::vector<dns::Dnskey> served;
  for (const UsedKey& used : keys_) {
    if (used.use != KeyUse::warming) served.push_back(used.key->dnskey());
  }
  return served;
}

bool SignedZone::is_signed() const {
  const auto any = [](const Validity&) { return true; };
  for (const std::size_t signer : signers_) {
    if (signatures(signer) >= zone_->signature_count()) continue;
    bool all = signers_.size() < keys_.size();
    Signature signature;
    if (all) {
      zone_->for_each_slot([&](zones::Slot slot) {
        all = all && find_signature(signer, slot, any, signature).has_value();
      });
    }
    if (!all) return false;
  }
  return !signers_.empty();
}

SignedZone::SignedZone(const SignedZone& from, std::shared_ptr<const zones::Zone> zone)
    : zone_(std::move(zone)),
      keys_(from.keys_),
      signers_(from.signers_),
      tables_(from.tables_),
      policy_(from.policy_),
      log_(from.log_) {
  assert(zone_->same_lineage(*from.zone_));  // else slots would number other RRsets
  for (const auto& table : tables_) table->reserve(zone_->slot_limit());
}

std::shared_ptr<const SignedZone> SignedZone::next(const SignedZone& from,
                                                   std::shared_ptr<const zones::Zone> zone) {
  return std::shared_ptr<const SignedZone>(new SignedZone(from, std::move(zone)));
}

std::size_t SignedZone::signatures(std::size_t i) const {
  const std::size_t filled = tables_[i]->filled();
  std::size_t dead = 0;
  zone_->for_each_dead_slot([&](zones::Slot slot) {
    Validity validity;
    if (tables_[i]->get_validity(slot, validity)) ++dead;
  });
  return filled > dead ? filled - dead : 0;  // others may fill the table meanwhile
}

SignedZone::ToSign SignedZone::to_sign(std::size_t i, zones::Slot slot,
                                       const Validity& validity) const {
  const dns::RRset rrset = zone_->signable(slot);
  dns::Rrsig rrsig;
  rrsig.type_covered = rrset.type;
  rrsig.algorithm = key(i).dnskey().algorithm;
  rrsig.labels = static_cast<std::uint8_t>(rrset.owner.view().label_count());
  rrsig.original_ttl = rrset.ttl;
  rrsig.expiration = validity.expiration;
  rrsig.inception = validity.inception;
  rrsig.key_tag = key(i).key_tag();
  rrsig.signer = dns::Name(zone_->apex());
  std::string input = dns::signing_input(rrsig, records_of(rrset));
  return {std::move(rrsig), std::move(input)};
}

namespace {

// The slot in `from` of what may be the same RRset as `rrset`; no_slot if there is none.
zones::Slot counterpart(const zones::Zone& from, const dns::RRset& rrset) {
  if (rrset.type == dns::RRType::NSEC3) {
    const auto hash = dns::nsec3_hash_from_base32hex(rrset.owner.view().first_label());
    if (!hash) return zones::no_slot;
    const zones::Nsec3Link link = from.ring_at(hash.value());
    return link.hash == hash.value() ? link.slot : zones::no_slot;
  }
  const auto node = from.find(rrset.owner);
  if (!node) return zones::no_slot;
  const auto found = node->rrset(rrset.type);
  return found ? found->slot : zones::no_slot;
}

// By every key that has signed the same RRset. A signature that runs out soon comes along too: it
// is still right, and the filler makes it anew.
void copy_signatures(const SignedZone& from, zones::Slot from_slot, const SignedZone& to,
                     zones::Slot slot) {
  for (std::size_t i = 0; i < to.key_count(); ++i) {
    for (std::size_t j = 0; j < from.key_count(); ++j) {
      Signature signature;
      if (from.key(j).dnskey() == to.key(i).dnskey() && from.table(j).get(from_slot, signature)) {
        to.table(i).put(slot, signature.validity, signature.view());
      }
    }
  }
}

}  // namespace

namespace {

// Whether `from` has the RRset of `slot` octet for octet: then its signatures are copied.
bool carry_over(const SignedZone& from, const SignedZone& to, zones::Slot slot) {
  const dns::RRset rrset = to.zone().signable(slot);
  const zones::Slot old = counterpart(from.zone(), rrset);
  if (old == zones::no_slot || records_of(from.zone().signable(old)) != records_of(rrset)) {
    return false;
  }
  copy_signatures(from, old, to, slot);
  return true;
}

}  // namespace

std::vector<zones::Slot> carry_over(const SignedZone& from, const SignedZone& to) {
  std::vector<zones::Slot> changed;
  to.zone().for_each_slot([&](zones::Slot slot) {
    if (!carry_over(from, to, slot)) changed.push_back(slot);
  });
  return changed;
}

std::vector<zones::Slot> carry_over(const SignedZone& from, const SignedZone& to,
                                    const std::vector<zones::Slot>& slots) {
  std::vector<zones::Slot> changed;
  for (const zones::Slot slot : slots) {
    if (!carry_over(from, to, slot)) changed.push_back(slot);
  }
  return changed;
}

}  // namespace tld::signer
