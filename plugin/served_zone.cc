// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/served_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hsm/prove_everywhere.h"
#include "keys/dnskey_file.h"

namespace tld::plugin {
namespace {

signer::SignaturePolicy signature_policy(const keys::Policy& policy) {
  // The policy counts validity from inception; the signer from the time of signing.
  return {policy.signatures.validity - policy.signatures.inception_offset,
          policy.signatures.refresh, policy.signatures.inception_offset};
}

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

std::vector<std::shared_ptr<hsm::KeyPool>> pools_of(const ZoneConfig& config,
                                                    const ServedZone::Doors& doors) {
  hsm::KeyPool::Options options;
  options.order = config.token_order;
  std::vector<std::shared_ptr<hsm::KeyPool>> pools;
  const auto add = [&](const std::vector<std::string>& tokens) {
    hsm::KeyPool::Members members;
    for (const std::string& token : tokens) members.push_back(doors.at(token));
    pools.push_back(std::make_shared<hsm::KeyPool>(std::move(members), options));
  };
  for (const ZskConfig& zsk : config.zsks) add(zsk.tokens);
  if (!config.key_register.empty()) add(config.tokens);
  return pools;
}

}  // namespace

ServedZone::ServedZone(int id, ZoneConfig config, keys::Policy policy, Shared shared)
    : id_(id),
      config_(std::move(config)),
      policy_(std::move(policy)),
      shared_(std::move(shared)),
      pools_(pools_of(config_, shared_.doors)) {
  if (!config_.key_register.empty()) {
    keeper_ = std::make_unique<KeyKeeper>(
        KeyKeeper::Setup{apex(), config_.key_register, policy_, pools_[0],
                         [this](const hsm::KeyId& zsk, const hsm::Verifier& verifier) {
                           return prove_everywhere(zsk, verifier);
                         },
                         shared_.log, budgets(), shared_.audit});
  }
  if (config_.also_notify.empty()) return;
  notifier_ = std::make_unique<publish::Notifier>(
      apex(), config_.also_notify, publish::Notifier::Options{}, shared_.clock, shared_.log);
}

ServedZone::~ServedZone() {
  verification_.reset();
  follower_.reset();
  filler_.reset();
  if (signature_log_) signature_log_->close();  // versions of the zone may outlive this
}

std::optional<publish::Follower::Waiting> ServedZone::waiting() const {
  return started_.load(std::memory_order_acquire) ? follower_->waiting() : std::nullopt;
}

std::uint64_t ServedZone::store_reads() const {
  return started_.load(std::memory_order_acquire) ? follower_->store_reads() : 0;
}

std::uint64_t ServedZone::retried_elsewhere() const {
  std::uint64_t sum = 0;
  for (const auto& pool : pools_) sum += pool->retried_elsewhere();
  return sum;
}

std::optional<base::Time> ServedZone::signed_keys_until(base::Time now) const {
  const auto keys = signed_keys();
  if (!keys) return std::nullopt;
  const auto live = live_.signed_zone();
  if (!live) return keys->covered_until();
  return std::min(keys->covered_until(), keys->listed_until(now, live->served_dnskeys()));
}

void ServedZone::survey_when_due() {
  constexpr int share = 100;
  const auto begin = std::chrono::steady_clock::now();
  const auto live = live_.signed_zone();
  if (!live || begin < next_survey_) return;
  auto made = std::make_shared<const signer::Survey>(
      signer::survey(*live, shared_.clock->now(), shared_.cache_ttl));
  *survey_.lock() = std::move(made);
  const auto end = std::chrono::steady_clock::now();
  next_survey_ = end + share * (end - begin);
}

signer::SignBudgets ServedZone::budgets() const {
  std::vector<std::shared_ptr<signer::SignBudget>> budgets;
  for (const std::string& token : tokens()) budgets.push_back(shared_.budgets.at(token));
  return signer::SignBudgets(std::move(budgets));
}

std::optional<ZoneNeed> ServedZone::need() const {
  const auto live = live_.signed_zone();
  if (!live) return std::nullopt;
  return ZoneNeed{apex().text(), live->zone().signature_count() * live->signers().size(),
                  live->policy().validity - live->policy().refresh, policy_.signatures.sign_delay,
                  keeper_ != nullptr};
}

// A clock that is before it is wrong. When the store cannot be read now, the follower looks again.
void ServedZone::heed_last_publication() {
  const auto store = zones::Store::open(shared_.store, zones::Store::Mode::read_only);
  if (!store) return;
  const auto last = store.value()->last_publication(apex());
  if (last && last.value()) shared_.clock->must_not_be_before(last.value()->created);
}

void ServedZone::look() {
  tell_secondaries_once_signed();
  republish_with_new_keys();
  std::error_code error;
  const auto written = std::filesystem::last_write_time(config_.signed_keys, error);
  if (error || seen_ != written) {
    const base::Status outcome = take_up();
    if (outcome && !error) seen_ = written;
    report(outcome);
  }
  keep_keys();
}

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

void ServedZone::open_signature_log() {
  if (shared_.signature_log.empty()) return;
  signer::SignatureLog::Options options;
  options.zone = apex();
  signature_log_ = std::make_shared<signer::SignatureLog>(
      options, signer::make_log_folder(signer::zone_folder(shared_.signature_log, apex())),
      [this] { return live_.signed_zone(); }, shared_.clock, shared_.log);
}

void ServedZone::start(const ZoneKeys& zone_keys, const keys::SignedKeys& signed_keys) {
  keys_ = zone_keys;
  publish::ZoneSetup setup;
  setup.apex = apex();
  setup.keys = zone_keys;
  setup.policy = signature_policy(policy_);
  open_signature_log();
  setup.log = signature_log_;
  setup.build.apex_precomputed_types = signed_keys.types();
  filler_ = std::make_unique<signer::Filler>(
      signer::Filler::Options{}, [this] { return live_.signed_zone(); }, *shared_.service,
      shared_.clock);
  publish::Follower::Options options;
  options.store = shared_.store;
  options.interval = shared_.publish_interval;
  options.keep_publications = shared_.keep_publications;
  // Three transfers before the signatures that a secondary has run out.
  options.republish_after = std::min<std::chrono::seconds>(options.republish_after,
                                                           signature_policy(policy_).refresh / 3);
  options.serial = config_.serial;
  options.rules.brake = config_.brake;
  if (!config_.key_register.empty()) options.rules.max_zone_ttl = policy_.zone.max_zone_ttl;
  options.on_seen = [clock = shared_.clock](base::Time created) {
    clock->must_not_be_before(created);
  };
  if (shared_.verification) {
    verifier_ = std::make_unique<publish::ZoneVerifier>(
        publish::ZoneVerifier::Options{shared_.verification->directory,
                                       shared_.verification->verifiers,
                                       shared_.verification->time_limit},
        [this](const signer::SignedZone& zone) { return precomputed(zone); }, shared_.clock);
    if (config_.publish == PublishRule::verified) {
      options.verify = [this](const signer::SignedZone& zone) {
        return verifier_->complaint_about(zone, never_);
      };
    }
  }
  follower_ = std::make_unique<publish::Follower>(
      options, std::move(setup), live_, *shared_.service, shared_.clock, shared_.log,
      [this](std::uint32_t serial) { on_published(serial); });
  if (shared_.verification) {
    publish::ContinuousVerification::Options again;
    again.interval = shared_.verification->interval;
    verification_ = std::make_unique<publish::ContinuousVerification>(
        again, apex(), live_, *verifier_, shared_.log,
        [this](const publish::ContinuousVerification::Mismatch& mismatch) {
          audit({.type = "server-freeze",
                 .object = apex().text(),
                 .level = keys::AuditLevel::error,
                 .detail = {{"complaint", mismatch.complaint}}});
          follower_->retreat(*mismatch.refused, mismatch.accepted, mismatch.complaint);
        });
  }
  started_.store(true, std::memory_order_release);
}

base::Result<std::vector<publish::PrecomputedRRset>> ServedZone::precomputed(
    const signer::SignedZone& zone) const {
  const auto in_use = signed_keys();
  const keys::Slot* const slot =
      in_use ? in_use->at(shared_.clock->now(), zone.served_dnskeys()) : nullptr;
  if (slot == nullptr) {
    return base::unavailable("the signed-key file covers the present no more");
  }
  std::vector<publish::PrecomputedRRset> rrsets;
  for (const keys::SignedRRset& one : slot->rrsets) rrsets.push_back({one.rrset, one.rrsigs});
  return rrsets;
}

void ServedZone::on_published(std::uint32_t serial) {
  filler_->wake();
  shared_.on_published(apex(), serial);
  const auto was_signed = was_signed_.lock();
  if (notifier_ && *was_signed) notifier_->notify(serial);
}

// A transfer breaks off at the first RRset without a signature. So after a start the secondaries
// are told when all are there; what changes later is signed before it goes live.
void ServedZone::tell_secondaries_once_signed() {
  if (!notifier_ || *was_signed_.read()) return;
  const auto publication = live_.current();
  if (!publication) return;
  const signer::SignedZone& zone = *publication->signed_zone;
  if (!zone.is_signed()) return;
  // Under the lock, so that the serial of a publication in between comes after this one.
  const auto was_signed = was_signed_.lock();
  *was_signed = true;
  notifier_->notify(live_.current()->signed_zone->zone().serial());
}

// A slot that began, also while no server ran, or a new file.
void ServedZone::republish_with_new_keys() {
  const auto in_use = signed_keys();
  const base::Time now = shared_.clock->now();
  const auto live = live_.signed_zone();
  const keys::Slot* const slot = in_use && live ? in_use->at(now, live->served_dnskeys()) : nullptr;
  if (slot == nullptr || !started_) return;
  std::string rrsigs;
  for (const keys::SignedRRset& one : slot->rrsets) {
    for (const dns::Rrsig& rrsig : one.rrsigs) rrsigs += rrsig.wire();
  }
  if (rrsigs == apex_rrsigs_) return;
  const bool known_before = !apex_rrsigs_.empty();
  apex_rrsigs_ = std::move(rrsigs);
  follower_->republish_if_before(known_before ? now : slot->start);
}

void ServedZone::audit(AuditTrail::Act act) const {
  if (shared_.audit) shared_.audit->note(std::move(act));
}

void ServedZone::report(const base::Status& outcome) {
  const std::string trouble = outcome ? std::string() : outcome.error().message;
  {
    const auto last = trouble_.lock();
    if (*last == trouble) return;
    *last = trouble;
  }
  audit({.type = "server-signed-keys",
         .object = apex().text() + " " + config_.signed_keys.string(),
         .result = outcome ? keys::AuditResult::done : keys::AuditResult::refused,
         .level = outcome ? keys::AuditLevel::notice : keys::AuditLevel::error,
         .detail = outcome ? std::map<std::string, std::string>{}
                           : std::map<std::string, std::string>{{"reason", trouble}}});
  if (outcome) {
    shared_.log->write(base::Level::notice,
                       fmt::format("tld: zone {}: signed-key file {} is in use", apex().text(),
                                   config_.signed_keys.string()));
    return;
  }
  shared_.log->write(
      base::Level::critical,
      fmt::format(
          "tld: zone {}: signed-key file {} is refused: {}. {}; it is looked at again every "
          "few seconds",
          apex().text(), config_.signed_keys.string(), trouble,
          started_ ? "The one read before stays in use" : "The zone is not served (SERVFAIL)"));
}

}  // namespace tld::plugin
