// SPDX-License-Identifier: GPL-2.0-only
//
// The checks that a signed-key file passes before anything of it is published. Each rule is one
// function; its name is in the message it returns.
#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"
#include "hsm/algorithm.h"
#include "keys/signed_keys.h"
#include "keys/slot_checks.h"
#include "keys/slot_signatures.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using dns::RRType;
using std::chrono::seconds;

base::Status check_types(const Slot& slot, const Policy& policy) {
  std::vector<RRType> wanted = {RRType::DNSKEY};
  if (!policy.signed_keys.cds_digest_types.empty()) {
    wanted.insert(wanted.end(), {RRType::CDS, RRType::CDNSKEY});
  }
  const bool same = std::ranges::equal(slot.rrsets, wanted, {},
                                       [](const SignedRRset& each) { return each.rrset.type; });
  if (same) return base::ok();
  return refuse("SKR-TYPES",
                policy.signed_keys.cds_digest_types.empty()
                    ? "the slot must hold DNSKEY only, as the policy says"
                    : "the slot must hold DNSKEY, CDS and CDNSKEY, as the policy says");
}

base::Status check_ttls(const Slot& slot, const Policy& policy) {
  const seconds wanted = policy.signed_keys.dnskey_ttl;
  const auto differs = [wanted](std::uint32_t ttl) { return seconds{ttl} != wanted; };
  for (const SignedRRset& each : slot.rrsets) {
    if (differs(each.rrset.ttl) ||
        std::ranges::any_of(each.rrsigs, differs, &dns::Rrsig::original_ttl)) {
      return refuse("SKR-TTL", fmt::format("the TTL of {} or of its signature is not {}, as the "
                                           "policy says",
                                           dns::to_text(each.rrset.type), wanted.count()));
    }
  }
  return base::ok();
}

base::Status check_keys(const Slot& slot, const Policy&) {
  for (const Dnskey& key : slot.dnskeys) {
    if (hsm::find_algorithm(key.algorithm) != nullptr) continue;
    return refuse("SKR-ALGORITHM", describe(key) + " is of an algorithm that we do not sign with");
  }
  return check_key_forms("SKR-KEY", slot.dnskeys);
}

base::Status check_tags(const Slot& slot, const Policy&) {
  return check_key_tags("SKR-KEY-TAG", slot.dnskeys);
}

base::Status check_has_ksk(const Slot& slot, const Policy&) {
  if (std::ranges::any_of(slot.dnskeys, &Dnskey::is_sep)) return base::ok();
  return refuse("SKR-NO-KSK", "no DNSKEY of the slot has the SEP flag (257)");
}

// RFC 4035 §2.2; RFC 6840 §5.11: what the signer must do, whatever validators let pass.
base::Status check_algorithms(const Slot& slot, const Policy&) {
  for (const Dnskey& key : slot.dnskeys) {
    const auto is_ksk = [&key](const Dnskey& other) {
      return other.is_sep() && other.algorithm == key.algorithm;
    };
    if (std::ranges::none_of(slot.dnskeys, is_ksk)) {
      return refuse("SKR-ALGORITHM", "no KSK of the slot has the algorithm of " + describe(key));
    }
    for (const SignedRRset& each : slot.rrsets) {
      if (std::ranges::count(each.rrsigs, key.algorithm, &dns::Rrsig::algorithm) != 0) continue;
      return refuse("SKR-ALGORITHM",
                    fmt::format("{} has no signature of algorithm {}, which the slot's keys have",
                                dns::to_text(each.rrset.type), key.algorithm));
    }
  }
  return base::ok();
}

const Dnskey* signer_of(const Slot& slot, const dns::Rrsig& rrsig) {
  const auto found = std::ranges::find_if(slot.dnskeys, [&rrsig](const Dnskey& key) {
    return key.is_sep() && key.algorithm == rrsig.algorithm && key.key_tag() == rrsig.key_tag;
  });
  return found == slot.dnskeys.end() ? nullptr : &*found;
}

base::Status check_rrsig(const Slot& slot, const dns::RRset& rrset, const dns::Rrsig& rrsig) {
  const std::string what =
      fmt::format("the signature over {} by key tag {}", dns::to_text(rrset.type), rrsig.key_tag);
  const Dnskey* key = signer_of(slot, rrsig);
  if (key == nullptr) return refuse("SKR-VERIFY", what + " is by no KSK of the slot");
  if (verifies(*key, rrset, rrsig)) return base::ok();
  return refuse("SKR-VERIFY", what + " does not verify, or has a wrong label count");
}

base::Status check_signatures(const Slot& slot, const Policy&) {
  for (const SignedRRset& each : slot.rrsets) {
    for (const dns::Rrsig& rrsig : each.rrsigs) {
      TLD_TRY(check_rrsig(slot, each.rrset, rrsig));
    }
  }
  return base::ok();
}

base::Status check_window(const Slot& slot, const Policy& policy) {
  const base::Time inception = slot.start - policy.signed_keys.inception_offset;
  const base::Time expiration = inception + policy.signed_keys.validity;
  const auto differs = [&](const dns::Rrsig& rrsig) {
    return !has_window(rrsig, slot.start, policy.signed_keys);
  };
  for (const SignedRRset& each : slot.rrsets) {
    if (!std::ranges::any_of(each.rrsigs, differs)) continue;
    return refuse(
        "SKR-WINDOW",
        fmt::format("a signature over {} is not valid from {} to {}: the slot's start {} - "
                    "inception-offset {}, and validity {} from there",
                    dns::to_text(each.rrset.type), time_text(inception), time_text(expiration),
                    time_text(slot.start), base::to_text(policy.signed_keys.inception_offset),
                    base::to_text(policy.signed_keys.validity)));
  }
  return base::ok();
}

// RFC 8078 §4: algorithm 0 asks the parent to remove the DS RRset.
base::Status check_no_delete(const Slot& slot, const Policy&) {
  for (const RRType type : {RRType::CDS, RRType::CDNSKEY}) {
    const SignedRRset* each = slot.find(type);
    if (each == nullptr) continue;
    for (const std::string& rdata : each->rrset.rdatas) {
      if (rdata.size() < 4 || rdata[type == RRType::CDS ? 2 : 3] == 0) {
        return refuse("SKR-CDS-DELETE", "a " + dns::to_text(type) +
                                            " record asks the parent to make the zone insecure");
      }
    }
  }
  return base::ok();
}

base::Result<std::vector<std::string>> wanted_cds(const dns::RRset& cdnskey,
                                                  const std::vector<std::uint8_t>& digest_types) {
  std::vector<std::string> wanted;
  for (const std::string& rdata : cdnskey.rdatas) {
    TLD_TRY(const Dnskey key, Dnskey::from_wire(rdata));
    for (const std::uint8_t type : digest_types) {
      TLD_TRY(const dns::Ds ds, dns::make_ds(cdnskey.owner, key, type));
      wanted.push_back(ds.wire());
    }
  }
  dns::canonicalise(wanted);
  return wanted;
}

bool names_ksk(const Slot& slot, const std::string& cdnskey) {
  return std::ranges::any_of(
      slot.dnskeys, [&](const Dnskey& key) { return key.is_sep() && key.wire() == cdnskey; });
}

// RFC 7344 §4: CDS and CDNSKEY say the same, and it is what the parent's DS should become. In a KSK
// roll that need not be all KSKs of the slot.
base::Status check_cds(const Slot& slot, const Policy& policy) {
  const SignedRRset* cds = slot.find(RRType::CDS);
  const SignedRRset* cdnskey = slot.find(RRType::CDNSKEY);
  if (cds == nullptr || cdnskey == nullptr) return base::ok();  // check_types wants them or not
  for (const std::string& rdata : cdnskey->rrset.rdatas) {
    if (!names_ksk(slot, rdata)) {
      return refuse("SKR-CDS-MATCH", "CDNSKEY names a key that is no KSK of the slot");
    }
  }
  TLD_TRY(const auto wanted, wanted_cds(cdnskey->rrset, policy.signed_keys.cds_digest_types));
  if (cds->rrset.rdatas == wanted) return base::ok();
  return refuse("SKR-CDS-MATCH", "CDS is not the digests of exactly the keys that CDNSKEY names");
}

using SlotRule = base::Status (*)(const Slot&, const Policy&);
constexpr SlotRule slot_rules[] = {
    check_types,      check_ttls,       check_keys,   check_tags,      check_has_ksk,
    check_algorithms, check_signatures, check_window, check_no_delete, check_cds};

base::Status check_order(const SlotFile& file, std::size_t index) {
  if (index == 0) return base::ok();
  const base::Time before = file.slots[index - 1].start, start = file.slots[index].start;
  const base::Time wanted = before + file.policy.signed_keys.slot;
  if (start == wanted || (file.irregular && before < start && start < wanted)) return base::ok();
  return refuse("SKR-SLOT-ORDER", fmt::format("the slot starts at {}; the one before asks for {}",
                                              time_text(start), time_text(wanted)));
}

base::Status check_count(const SlotFile& file) {
  const std::size_t count = file.slots.size();
  const Policy& policy = file.policy;
  const auto wanted = policy.signed_keys.span / policy.signed_keys.slot;
  if (count == static_cast<std::size_t>(wanted) || file.irregular) return base::ok();
  return refuse("SKR-COVERAGE", fmt::format("there are {} slots; span {} / slot {} makes {}", count,
                                            base::to_text(policy.signed_keys.span),
                                            base::to_text(policy.signed_keys.slot), wanted));
}

base::Status check_last_algorithm(const Slot& slot, const Policy& policy) {
  const auto wanted = static_cast<std::uint8_t>(policy.algorithm);
  if (std::ranges::count(slot.dnskeys, wanted, &Dnskey::algorithm) != 0) return base::ok();
  return refuse("SKR-ALGORITHM", fmt::format("no key of the last slot is {}, as the policy says",
                                             hsm::to_string(policy.algorithm)));
}

base::Status check_now(const SignedKeys& keys, base::Time now) {
  if (now < keys.covered_from()) {
    return refuse("SKR-NOT-YET-VALID", fmt::format("the first slot starts at {}; now it is {}",
                                                   time_text(keys.covered_from()), time_text(now)));
  }
  if (keys.at(now) != nullptr) return base::ok();
  return refuse("SKR-EXPIRED", fmt::format("the last signatures ended at {}; now it is {}; hold a "
                                           "ceremony",
                                           time_text(keys.covered_until()), time_text(now)));
}

// REQUIRES: at(now) is not null.
base::Status check_zsks(const SignedKeys& keys, std::span<const Dnskey> zsks, base::Time now) {
  if (keys.at(now, zsks) != nullptr) return base::ok();
  for (const Dnskey& zsk : zsks) {
    if (keys.at(now)->lists(zsk)) continue;
    return refuse(
        "SKR-ZSK-MISSING",
        fmt::format("the slot's DNSKEY RRset lacks the {} that the server is to sign with "
                    "(SHA-256 of its RDATA {}); hold a ceremony with that key",
                    describe(zsk), base::to_hex(base::as_octets(zsk.fingerprint()))));
  }
  return refuse("SKR-ZSK-MISSING",
                "no slot that could be published now has the algorithms, and lists all, of the "
                "ZSKs that the server is to sign with");
}

base::Status check_slot(const SlotFile& file, std::size_t index) {
  TLD_TRY(check_order(file, index));
  for (const SlotRule rule : slot_rules) {
    TLD_TRY(rule(file.slots[index], file.policy));
  }
  return base::ok();
}

}  // namespace

base::Status SignedKeys::check(std::span<const Dnskey> zsks, base::Time now) const {
  for (std::size_t i = 0; i < file_.slots.size(); ++i) {
    auto status = check_slot(file_, i);
    if (!status) return status.error().in(fmt::format("{}:{}", file_.source, file_.slots[i].line));
  }
  const std::string last = fmt::format("{}:{}", file_.source, file_.slots.back().line);
  if (auto status = check_count(file_); !status) return status.error().in(last);
  if (auto status = check_last_algorithm(file_.slots.back(), file_.policy); !status) {
    return status.error().in(last);
  }
  if (auto status = check_now(*this, now); !status) return status.error().in(last);
  if (auto status = check_zsks(*this, zsks, now); !status) {
    return status.error().in(fmt::format("{}:{}", file_.source, at(now)->line));
  }
  return base::ok();
}

}  // namespace tld::keys
