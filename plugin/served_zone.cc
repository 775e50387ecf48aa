// SPDX-License-Identifier: GPL-2.0-only
#include "plugin/served_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tld::plugin {
namespace {

signer::SignaturePolicy signature_policy(const keys::Policy& policy) {
  // The policy counts validity from inception; the signer from the time of signing.
  return {policy.signatures.validity - policy.signatures.inception_offset,
          policy.signatures.refresh, policy.signatures.inception_offset};
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

void ServedZone::clock_was_set() {
  if (started_.load(std::memory_order_acquire)) filler_->wake();
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
    return base::unavailable("the signed-key file does not cover the present");
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
