// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/keys/fixture.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "dns/signing_input.h"
#include "keys/policy_lines.h"
#include "tests/unit/distinct_tags.h"

namespace tld::keys::testing {
namespace {

hsm::SoftwareKeys& software_keys() {
  static hsm::SoftwareKeys keys;
  return keys;
}

std::vector<dns::RRset> data(const Draft& draft) {
  const auto ttl = static_cast<std::uint32_t>(draft.policy.signed_keys.dnskey_ttl.count());
  std::vector<std::string> dnskeys = {draft.ksk.ksk().wire()};
  for (const dns::Dnskey& zsk : draft.zsks) dnskeys.push_back(zsk.wire());
  dns::canonicalise(dnskeys);
  std::vector<dns::RRset> all = {{draft.apex, dns::RRType::DNSKEY, ttl, dnskeys}};
  const std::string cds = dns::make_ds(draft.apex, draft.ksk.ksk(), 2).value().wire();
  all.push_back({draft.apex, dns::RRType::CDS, ttl, {cds}});
  all.push_back({draft.apex, dns::RRType::CDNSKEY, ttl, {draft.ksk.ksk().wire()}});
  return all;
}

dns::Rrsig rrsig_of(const Draft& draft, const dns::RRset& rrset, std::size_t index,
                    base::Time start) {
  const base::Time inception = start - draft.policy.signed_keys.inception_offset;
  const base::Time expiration = inception + draft.policy.signed_keys.validity;
  dns::Rrsig rrsig;
  rrsig.type_covered = rrset.type;
  rrsig.algorithm = draft.ksk.ksk().algorithm;
  rrsig.labels = static_cast<std::uint8_t>(draft.apex.view().label_count());
  rrsig.original_ttl = rrset.ttl;
  rrsig.inception = static_cast<std::uint32_t>(inception.time_since_epoch().count());
  rrsig.expiration = static_cast<std::uint32_t>(expiration.time_since_epoch().count());
  rrsig.key_tag = draft.ksk.ksk().key_tag();
  rrsig.signer = draft.apex;
  if (draft.spoil_rrsig) draft.spoil_rrsig(index, rrsig);
  const std::vector<std::string_view> rdatas(rrset.rdatas.begin(), rrset.rdatas.end());
  const dns::RRsetView view{rrset.owner, rrset.type, rrset.ttl, rdatas};
  rrsig.signature = signer(draft.ksk)(dns::signing_input(rrsig, dns::signed_records(view))).value();
  if (draft.spoil_signature) draft.spoil_signature(index, rrsig);
  return rrsig;
}

Slot slot_of(const Draft& draft, std::size_t index) {
  Slot slot;
  slot.start = first_start() + draft.policy.signed_keys.slot * index;
  std::vector<dns::RRset> rrsets = data(draft);
  if (draft.spoil_data) draft.spoil_data(index, rrsets);
  for (const dns::RRset& each : rrsets) {
    slot.rrsets.push_back({each, {rrsig_of(draft, each, index, slot.start)}});
  }
  if (draft.spoil_slot) draft.spoil_slot(index, slot);
  return slot;
}

}  // namespace

Key make_key(hsm::Algorithm algorithm) {
  static tests::DistinctTags tags;
  Key key;
  do {
    key = {software_keys().generate(algorithm, 1024).value()};
  } while (!tags.take(key.zsk()));
  return key;
}

Key make_key_of_any_tag() {
  return {software_keys().generate(ecdsa).value()};
}

Sign signer(const Key& key) {
  return [id = key.info.id](std::string message) {
    return hsm::sign_now(software_keys(), id, std::move(message),
                         std::chrono::steady_clock::now() + std::chrono::seconds{10});
  };
}

base::Time time(const char* text) {
  return time_from_text(text).value();
}
dns::Name name(const char* text) {
  return dns::Name::from_text(text).value();
}

Policy small_policy() {
  Policy policy;
  policy.signed_keys.span = std::chrono::days{3};
  policy.signed_keys.slot = std::chrono::days{1};
  policy.signed_keys.validity = std::chrono::days{3};
  policy.signed_keys.inception_offset = std::chrono::hours{12};
  return policy;
}

base::Time first_start() {
  return time("20260101000000");
}

std::string Draft::text() const {
  std::vector<Slot> all;
  for (std::size_t i = 0; i < slots; ++i) all.push_back(slot_of(*this, i));
  return signed_keys_text(policy, all, first_start());
}

SigningPlan plan_of(const std::vector<const Key*>& ksks,
                    const std::vector<std::vector<dns::Dnskey>>& zsks) {
  SigningPlan plan{name("kz."), small_policy(), {}, {}, {}};
  plan.policy.signed_keys.span = plan.policy.signed_keys.slot * zsks.size();
  std::vector<std::size_t> all;
  for (const Key* ksk : ksks) {
    all.push_back(all.size());
    plan.ksks.push_back({ksk->info.public_key, signer(*ksk)});
  }
  for (std::size_t i = 0; i < zsks.size(); ++i) {
    plan.slots.push_back({first_start() + plan.policy.signed_keys.slot * i, zsks[i], all, all});
  }
  return plan;
}

std::vector<KeyBundle> RequestDraft::asked() const {
  if (!bundles.empty()) return bundles;
  std::vector<KeyBundle> three;
  for (int i = 0; i < 3; ++i) three.push_back({first_start() + i * policy.signed_keys.slot, {}});
  three[0].dnskeys = {zsk.zsk()};
  three[1].dnskeys = three[2].dnskeys = {zsk.zsk(), next_zsk.zsk()};
  return three;
}

std::string RequestDraft::text() const {
  const auto ttl = static_cast<std::uint32_t>(policy.signed_keys.dnskey_ttl.count());
  const std::vector<Key> proving = provers.empty() ? std::vector<Key>{zsk, next_zsk} : provers;
  std::vector<Slot> slots;
  for (const KeyBundle& bundle : asked()) {
    dns::RRset rrset{apex, dns::RRType::DNSKEY, ttl, {}};
    for (const dns::Dnskey& key : bundle.dnskeys) rrset.rdatas.push_back(key.wire());
    dns::canonicalise(rrset.rdatas);
    if (spoil_data) spoil_data(slots.size(), rrset);
    Slot slot{bundle.start, {{rrset, {}}}, {}, 0};
    for (const Key& key : proving) {
      if (std::ranges::count(rrset.rdatas, key.zsk().wire()) == 0) continue;
      slot.rrsets[0].rrsigs.push_back(
          sign_rrset("TEST", key.zsk(), signer(key), rrset, bundle.start, policy.signed_keys)
              .value());
    }
    if (spoil_bundle) spoil_bundle(slots.size(), slot);
    slots.push_back(std::move(slot));
  }
  return request_text(policy, slots, first_start());
}

RequestContext RequestDraft::context() const {
  RequestContext context;
  context.policy = policy;
  context.now = first_start() - std::chrono::days{1};
  context.ksks = {ksk.ksk()};
  return context;
}

std::string RequestDraft::refusal(const RequestContext& context) const {
  const auto request = KeySigningRequest::parse(text(), apex, "kz.ksr");
  if (!request) return request.error().message;
  const auto status = request.value().check(context);
  return status ? "" : status.error().message;
}

namespace {

std::string meaning_of(const dns::Name& apex, const Policy& policy,
                       const std::vector<Slot>& slots) {
  std::string out = apex.text() + "\n" + policy_lines(policy);
  for (const Slot& slot : slots) {
    out += "slot " + time_text(slot.start) + "\n";
    for (const SignedRRset& each : slot.rrsets) {
      out += dns::to_text(each.rrset.type) + " " + std::to_string(each.rrset.ttl) + "\n";
      for (const std::string& rdata : each.rrset.rdatas) out += base::to_hex(rdata) + "\n";
      for (const dns::Rrsig& rrsig : each.rrsigs) out += base::to_hex(rrsig.wire()) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string meaning(const SignedKeys& keys) {
  return meaning_of(dns::Name(keys.apex()), keys.policy(), keys.slots());
}
std::string meaning(const KeySigningRequest& request) {
  return meaning_of(dns::Name(request.apex()), request.policy(), request.bundles());
}

std::string refusal(const std::string& text, const Draft& draft, base::Time now) {
  const auto keys = SignedKeys::parse(text, draft.apex, "kz.skr");
  if (!keys) return keys.error().message;
  const auto status = keys.value().check(draft.zsks, now);
  return status ? "" : status.error().message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = ::testing::TempDir() + "keys_test.XXXXXX";
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::file(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

}  // namespace tld::keys::testing
