// SPDX-License-Identifier: GPL-2.0-only
#include "keys/slot_signer.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/rrset.h"
#include "keys/slot_checks.h"
#include "keys/time_text.h"

namespace tld::keys {
namespace {

using dns::Dnskey;
using dns::RRType;

// --- before anything is signed ---

std::vector<Dnskey> ksks_of(const SigningPlan& plan, const std::vector<std::size_t>& indices) {
  std::vector<Dnskey> keys;
  keys.reserve(indices.size());
  for (const std::size_t index : indices) keys.push_back(dnskey_of(plan.ksks.at(index).key, true));
  return keys;
}

std::vector<Dnskey> keys_of(const SigningPlan& plan, const PlannedSlot& slot) {
  std::vector<Dnskey> keys = ksks_of(plan, slot.ksks);
  keys.insert(keys.end(), slot.zsks.begin(), slot.zsks.end());
  return keys;
}

base::Status check_ksks(const SigningPlan& plan, const PlannedSlot& slot) {
  const auto unknown = [&plan](std::size_t index) { return index >= plan.ksks.size(); };
  if (slot.ksks.empty() || std::ranges::any_of(slot.ksks, unknown)) {
    return refuse("CEREMONY-KSK", "no KSK is to sign");
  }
  const auto unlisted = [&slot](std::size_t index) {
    return std::ranges::count(slot.ksks, index) == 0;
  };
  if (std::ranges::any_of(slot.announced, unlisted)) {
    return refuse("CEREMONY-KSK", "CDS is to announce a KSK that is not listed");
  }
  if (slot.announced.empty() && !plan.policy.signed_keys.cds_digest_types.empty()) {
    return refuse("CEREMONY-KSK", "the policy asks for CDS and no KSK is to be announced");
  }
  return base::ok();
}

base::Status check_algorithms(const SigningPlan& plan, const PlannedSlot& slot) {
  const std::vector<Dnskey> ksks = ksks_of(plan, slot.ksks);
  const auto has_ksk = [&ksks](std::uint8_t algorithm) {
    return std::ranges::count(ksks, algorithm, &Dnskey::algorithm) != 0;
  };
  for (const Dnskey& zsk : slot.zsks) {
    if (has_ksk(zsk.algorithm)) continue;
    return refuse("CEREMONY-ALGORITHM",
                  fmt::format("the ZSK with key tag {} has algorithm {}, and no KSK has it",
                              zsk.key_tag(), zsk.algorithm));
  }
  if (&slot != &plan.slots.back()) return base::ok();
  if (has_ksk(static_cast<std::uint8_t>(plan.policy.algorithm))) return base::ok();
  return refuse("CEREMONY-ALGORITHM", fmt::format("no KSK is {}, as the policy says",
                                                  hsm::to_string(plan.policy.algorithm)));
}

base::Status check_zsks(const SigningPlan&, const PlannedSlot& slot) {
  if (slot.zsks.empty()) return refuse("CEREMONY-ZSK", "there is no ZSK to publish");
  for (const Dnskey& zsk : slot.zsks) {
    if (zsk.flags != Dnskey::flag_zone) {
      return refuse("CEREMONY-ZSK", fmt::format("the key with tag {} has flags {}; a ZSK has 256",
                                                zsk.key_tag(), zsk.flags));
    }
    if (std::ranges::count(slot.zsks, zsk) > 1) {
      return refuse("CEREMONY-ZSK",
                    fmt::format("the ZSK with key tag {} is given twice", zsk.key_tag()));
    }
  }
  return base::ok();
}

base::Status check_tags(const SigningPlan& plan, const PlannedSlot& slot) {
  const std::vector<Dnskey> keys = keys_of(plan, slot);
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

base::Status check_times(const SigningPlan& plan, const PlannedSlot& slot) {
  if (window_can_be_said(slot.start, plan.policy.signed_keys)) return base::ok();
  return refuse("CEREMONY-TIME",
                "signatures would lie outside 1970 to 2106: look at the start time");
}

using Rule = base::Status (*)(const SigningPlan&, const PlannedSlot&);
constexpr Rule rules[] = {check_ksks, check_algorithms, check_zsks, check_tags, check_times};

base::Status check_plan(const SigningPlan& plan) {
  TLD_TRY(plan.policy.check());
  if (plan.slots.empty()) return refuse("CEREMONY-TIME", "there is no slot to sign");
  for (const PlannedSlot& slot : plan.slots) {
    for (const Rule rule : rules) {
      auto status = rule(plan, slot);
      if (!status) {
        return base::refused(status.error().message + " (slot " + time_text(slot.start) + ")");
      }
    }
  }
  return base::ok();
}

// --- what is published ---

dns::RRset rrset(const SigningPlan& plan, RRType type, std::vector<std::string> rdatas) {
  dns::canonicalise(rdatas);
  const auto ttl = static_cast<std::uint32_t>(plan.policy.signed_keys.dnskey_ttl.count());
  return {plan.apex, type, ttl, std::move(rdatas)};
}

base::Result<std::vector<std::string>> cds_rdatas(const SigningPlan& plan,
                                                  const std::vector<Dnskey>& announced) {
  std::vector<std::string> rdatas;
  for (const Dnskey& ksk : announced) {
    for (const std::uint8_t type : plan.policy.signed_keys.cds_digest_types) {
      TLD_TRY(const dns::Ds ds, dns::make_ds(plan.apex, ksk, type));
      rdatas.push_back(ds.wire());
    }
  }
  return rdatas;
}

std::vector<std::string> wires(const std::vector<Dnskey>& keys) {
  std::vector<std::string> rdatas;
  rdatas.reserve(keys.size());
  for (const Dnskey& key : keys) rdatas.push_back(key.wire());
  return rdatas;
}

base::Result<std::vector<dns::RRset>> rrsets(const SigningPlan& plan, const PlannedSlot& slot) {
  std::vector<dns::RRset> all = {rrset(plan, RRType::DNSKEY, wires(keys_of(plan, slot)))};
  if (plan.policy.signed_keys.cds_digest_types.empty()) return all;
  const std::vector<Dnskey> announced = ksks_of(plan, slot.announced);
  TLD_TRY(auto cds, cds_rdatas(plan, announced));
  all.push_back(rrset(plan, RRType::CDS, std::move(cds)));
  all.push_back(rrset(plan, RRType::CDNSKEY, wires(announced)));
  return all;
}

// --- signing ---

class Signer {
 public:
  explicit Signer(const SigningPlan& plan) : plan_(plan) {
    const std::size_t types = plan.policy.signed_keys.cds_digest_types.empty() ? 1 : 3;
    for (const PlannedSlot& slot : plan.slots) total_ += types * slot.ksks.size();
  }

  base::Result<Slot> sign_slot(const PlannedSlot& planned) {
    TLD_TRY(const auto published, rrsets(plan_, planned));
    Slot slot;
    slot.start = planned.start;
    for (const dns::RRset& each : published) {
      SignedRRset signed_rrset{each, {}};
      for (const std::size_t ksk : planned.ksks) {
        TLD_TRY(auto rrsig, sign(plan_.ksks[ksk], each, planned.start));
        signed_rrset.rrsigs.push_back(std::move(rrsig));
      }
      slot.rrsets.push_back(std::move(signed_rrset));
    }
    slot.dnskeys = keys_of(plan_, planned);
    std::ranges::sort(slot.dnskeys, {}, &Dnskey::wire);
    return slot;
  }

 private:
  base::Result<dns::Rrsig> sign(const SigningKsk& ksk, const dns::RRset& rrset, base::Time start) {
    auto rrsig = sign_rrset("CEREMONY-SIGNATURE", dnskey_of(ksk.key, true), ksk.sign, rrset, start,
                            plan_.policy.signed_keys);
    if (rrsig && plan_.progress) plan_.progress(++done_, total_);
    return rrsig;
  }

  const SigningPlan& plan_;
  std::size_t done_ = 0, total_ = 0;
};

}  // namespace

base::Result<std::vector<Slot>> sign_slots(const SigningPlan& plan) {
  TLD_TRY(check_plan(plan));
  Signer signer(plan);
  std::vector<Slot> slots;
  for (const PlannedSlot& planned : plan.slots) {
    TLD_TRY(auto slot, signer.sign_slot(planned));
    slots.push_back(std::move(slot));
  }
  return slots;
}

}  // namespace tld::keys
