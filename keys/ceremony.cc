// SPDX-License-Identifier: GPL-2.0-only
#include "keys/ceremony.h"

#include <fmt/format.h>

#include "dns/rrset.h"
#include "keys/record_line.h"
#include "keys/signed_keys.h"
#include "keys/slot_file_text.h"

namespace tld::keys {
namespace {

SigningPlan plan_of(const CeremonyInput& input) {
  SigningPlan plan{input.apex, input.policy, {{input.ksk, input.sign}}, {}, input.progress};
  const SignedKeysPolicy& policy = input.policy.signed_keys;
  for (auto past = std::chrono::seconds{0}; past < policy.span; past += policy.slot) {
    plan.slots.push_back({input.start + past, input.zsks, {0}, {0}});
  }
  return plan;
}

}  // namespace

base::Result<std::string> hold_ceremony(const CeremonyInput& input) {
  TLD_TRY(input.policy.check());  // before its durations are divided
  return signed_keys_file(plan_of(input), input.made_at);
}

base::Result<std::string> signed_keys_file(const SigningPlan& plan, base::Time made_at) {
  TLD_TRY(const auto slots, sign_slots(plan));
  std::string text = signed_keys_text(plan.policy, slots, made_at);
  // What the server will do with it, done here first.
  TLD_TRY(const auto read_back, SignedKeys::parse(text, plan.apex, "the new signed-key file"));
  TLD_TRY(read_back.check(plan.slots.front().zsks, plan.slots.front().start));
  return text;
}

base::Result<std::string> trust_anchor_text(dns::NameView apex, const hsm::PublicKey& ksk,
                                            const Policy& policy) {
  const dns::Dnskey key = dnskey_of(ksk, true);
  const auto ttl = static_cast<std::uint32_t>(policy.signed_keys.dnskey_ttl.count());
  std::string text = fmt::format("; KSK of {}, key tag {}\n", apex.text(), key.key_tag());
  for (const std::uint8_t type : {dns::digest_sha256, dns::digest_sha384}) {
    TLD_TRY(const dns::Ds ds, dns::make_ds(apex, key, type));
    text +=
        fmt::format("; {} IN DS {}\n", apex.text(), dns::rdata_text(dns::RRType::DS, ds.wire()));
  }
  return text + record_line({dns::Name(apex), ttl, dns::RRType::DNSKEY, key.wire()}) + "\n";
}

}  // namespace tld::keys
