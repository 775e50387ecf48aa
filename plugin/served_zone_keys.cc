// SPDX-License-Identifier: GPL-2.0-only
//
// The keys of a served zone: its signed-key file, which of its slots are published, and the ZSKs.
#include <fmt/format.h>

#include <utility>

#include "hsm/prove_everywhere.h"
#include "keys/dnskey_file.h"
#include "plugin/served_zone.h"

namespace tld::plugin {
namespace {

base::Result<dns::Dnskey> only_zsk_of(const keys::Slot& slot) {
  const dns::Dnskey* found = nullptr;
  for (const dns::Dnskey& key : slot.dnskeys) {
    if (key.is_sep()) continue;
    if (found != nullptr) {
      return base::invalid_input(
          "the signed-key file lists several ZSKs now: name the DNSKEY file of each configured one "
          "(zones: zsk: dnskey)");
    }
    found = &key;
  }
  if (found == nullptr) return base::invalid_input("the signed-key file lists no ZSK now");
  return *found;
}

}  // namespace

base::Status ServedZone::take_up() {
  if (!started_) heed_last_publication();
  TLD_TRY(auto file, keys::SignedKeys::read_file(config_.signed_keys, apex()));
  if (keeper_) {
    TLD_TRY(file.check({}, shared_.clock->now()));  // before the register is told of it
  }
  TLD_TRY(const auto zone_keys, this->zone_keys(file));
  TLD_TRY(accept(file, zone_keys));
  TLD_TRY(auto usable, publishable(file));
  file_ = std::make_shared<const keys::SignedKeys>(std::move(file));
  *signed_keys_.lock() = std::make_shared<const keys::SignedKeys>(std::move(usable));
  keys_generation_.fetch_add(1, std::memory_order_release);
  if (!started_) start(zone_keys, *file_);
  return base::ok();
}

bool ServedZone::covers(const keys::SignedKeys& keys, base::Time now) const {
  const auto live = live_.signed_zone();
  return keys.at(now, live ? live->served_dnskeys() : std::vector<dns::Dnskey>()) != nullptr;
}

// Refused when nothing of it may be published now.
base::Result<keys::SignedKeys> ServedZone::publishable(const keys::SignedKeys& file) {
  if (!keeper_) return file;
  const base::Time now = shared_.clock->now();
  TLD_TRY(auto found, keeper_->publishable(file, now));
  auto usable = file.with_slots(found.starts);
  if (!covers(usable, now)) {
    return base::refused(found.held_back.empty() ? "none of its slots may be published now"
                                                 : found.held_back);
  }
  publishable_ = std::move(found);
  return usable;
}

// What may be published of the file in use changes with what happens to the keys. It never leaves
// the present without a slot: then what is published stays, and the keeper says what is held back.
base::Status ServedZone::publish_slots() {
  const base::Time now = shared_.clock->now();
  TLD_TRY(auto found, keeper_->publishable(*file_, now));
  if (found.starts == publishable_.starts) return base::ok();
  auto usable = file_->with_slots(found.starts);
  if (!covers(usable, now)) return base::ok();
  *signed_keys_.lock() = std::make_shared<const keys::SignedKeys>(std::move(usable));
  keys_generation_.fetch_add(1, std::memory_order_release);
  publishable_ = std::move(found);
  return base::ok();
}

base::Result<ServedZone::ZoneKeys> ServedZone::zone_keys(const keys::SignedKeys& signed_keys) {
  if (!keys_.empty()) return keys_;
  return keeper_ ? keeper_->look(signed_keys, nullptr, shared_.clock->now())
                 : bind_keys(signed_keys);
}

base::Status ServedZone::prove_everywhere(const hsm::KeyId& id,
                                          const hsm::Verifier& verifier) const {
  constexpr std::chrono::seconds patience{5};
  for (const hsm::MemberProof& proof : hsm::prove_everywhere(
           pools_[0]->all(), id, verifier, std::chrono::steady_clock::now() + patience)) {
    if (!proof.outcome) return proof.outcome.error().in("token " + proof.member);
  }
  return base::ok();
}

// Secondaries get the signatures of a key that has taken over with the next publication.
void ServedZone::keep_keys() {
  if (!keeper_ || !started_ || !file_) return;
  const auto live = live_.signed_zone();
  const base::Time now = shared_.clock->now();
  auto keys = keeper_->look(*file_, live.get(), now);
  if (const base::Status published = publish_slots(); !published) keys = published.error();
  const std::string trouble = keys ? keeper_->waits_for() : keys.error().message;
  const bool is_new = trouble != std::exchange(*roll_waits_for_.lock(), trouble);
  if (!keys) {
    if (is_new) {
      shared_.log->write(base::Level::critical,
                         fmt::format("tld: zone {}: key register {}: {}. The zone is signed with "
                                     "the keys that it had",
                                     apex().text(), config_.key_register.string(), trouble));
    }
    return;
  }
  if (keys.value() == keys_) return;
  keys_ = std::move(keys).value();
  follower_->use_keys(keys_);
  follower_->republish_if_before(now);
}

base::Result<ServedZone::ZoneKeys> ServedZone::bind_keys(
    const keys::SignedKeys& signed_keys) const {
  ZoneKeys bound;
  const keys::Slot* const now = signed_keys.at(shared_.clock->now());
  const keys::Slot& slot = now != nullptr ? *now : signed_keys.slots().front();
  for (std::size_t i = 0; i < config_.zsks.size(); ++i) {
    const ZskConfig& zsk = config_.zsks[i];
    TLD_TRY(auto dnskey,
            zsk.dnskey.empty() ? only_zsk_of(slot) : keys::read_dnskey_file(zsk.dnskey, apex()));
    TLD_TRY(auto key, signer::ZoneKey::make(dnskey, zsk.id, pools_[i], budgets()));
    bound.push_back({std::move(key)});
  }
  return bound;
}

base::Status ServedZone::accept(const keys::SignedKeys& signed_keys,
                                const ZoneKeys& zone_keys) const {
  std::vector<dns::Dnskey> zsks;
  for (const auto& used : zone_keys) {
    if (used.use != signer::KeyUse::warming) zsks.push_back(used.key->dnskey());
  }
  TLD_TRY(signed_keys.check(zsks, shared_.clock->now()));
  const auto in_use = this->signed_keys();
  if (in_use && in_use->types() != signed_keys.types()) {
    return base::refused(
        "SKR-TYPES: it publishes other RR types at the apex than the file in use, so the zone's "
        "NSEC3 "
        "RRs would not fit; restart the server to change over");
  }
  return base::ok();
}

}  // namespace tld::plugin
