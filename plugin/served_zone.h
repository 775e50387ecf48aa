// SPDX-License-Identifier: GPL-2.0-only
//
// One configured zone with all that keeps it served: its signed-key file, its live publication, and
// the threads that follow the store and fill in signatures. A zone whose signed-key file is missing
// or refused is not served (SERVFAIL) until the file is right; the other zones are.
//
// Thread rule: look() is called by one thread (Server's keeper); the rest is safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/checked_clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "hsm/pool.h"
#include "keys/policy.h"
#include "keys/signed_keys.h"
#include "plugin/audit_trail.h"
#include "plugin/budget_check.h"
#include "plugin/config.h"
#include "plugin/key_keeper.h"
#include "publish/continuous_verification.h"
#include "publish/follower.h"
#include "publish/live_zone.h"
#include "publish/notifier.h"
#include "publish/zone_verifier.h"
#include "signer/filler.h"
#include "signer/log/signature_log.h"
#include "signer/sign_budget.h"
#include "signer/signing_service.h"
#include "signer/survey.h"

namespace tld::plugin {

class ServedZone {
 public:
  using Doors = std::map<std::string, std::shared_ptr<hsm::PoolMember>>;  // by token name
  using Budgets = std::map<std::string, std::shared_ptr<signer::SignBudget>>;
  struct Shared {  // what all zones of the server use
    zones::StoreAddress store;
    std::chrono::seconds publish_interval;
    std::chrono::seconds keep_publications;
    std::optional<VerificationConfig> verification;
    std::filesystem::path signature_log;
    Doors doors;
    Budgets budgets;
    signer::SigningService* service;
    std::shared_ptr<base::CheckedClock> clock;
    std::shared_ptr<base::Log> log;
    std::shared_ptr<AuditTrail> audit;  // null: none
    std::function<void(const dns::Name& apex, std::uint32_t serial)> on_published;
    std::chrono::seconds cache_ttl{20};  // of PowerDNS's packet cache
  };

  // `id`: PowerDNS's zone id, from 1.
  ServedZone(int id, ZoneConfig config, keys::Policy policy, Shared shared);
  ~ServedZone();

  int id() const { return id_; }
  const dns::Name& apex() const { return config_.name; }

  // Takes up the signed-key file when it is new or has changed; starts the zone with the first good
  // one. Called every few seconds.
  void look();
  // The time is another one: what is due by it is signed now, not when it was to be looked for.
  // Any thread.
  void clock_was_set();
  // Looks at all signatures of what is live, unless it did so a moment ago: so often that it takes
  // one per cent of a core at most. Called every few seconds.
  void survey_when_due();

  // Changes whenever publication() or signed_keys() does.
  std::uint64_t generation() const { return live_.generation() + keys_generation_.load(); }
  std::shared_ptr<const publish::Publication> publication() const { return live_.current(); }
  // Of the signed-key file in use, the slots that may be published.
  std::shared_ptr<const keys::SignedKeys> signed_keys() const { return *signed_keys_.read(); }

  publish::LiveZone& live() { return live_; }
  // Why the signed-key file is not in use as it is now; empty when it is.
  std::string signed_keys_trouble() const { return *trouble_.read(); }
  std::optional<publish::Follower::Waiting> waiting() const;
  std::uint64_t store_reads() const;
  // Null: the zone is not verified as a whole, or has not started.
  const publish::ZoneVerifier* verifier() const {
    return started_.load(std::memory_order_acquire) ? verifier_.get() : nullptr;
  }
  // Null: signatures are kept in memory only, or the zone has not started.
  const signer::SignatureLog* signature_log() const {
    return started_.load(std::memory_order_acquire) ? signature_log_.get() : nullptr;
  }
  // Until when answers can have the DNSKEY RRset that the keys which sign now need; nullopt: there
  // is no signed-key file.
  std::optional<base::Time> signed_keys_until(base::Time now) const;
  // What the last look at all signatures found; null: there was none yet.
  std::shared_ptr<const signer::Survey> survey() const { return *survey_.read(); }
  // Null: the zone has no also-notify.
  const publish::Notifier* notifier() const { return notifier_.get(); }
  const std::vector<dns::Name>& transfer_keys() const { return config_.transfer_keys; }
  const std::vector<ZskConfig>& zsk_configs() const { return config_.zsks; }
  // Why a ZSK roll that is due has not happened, a slot of the signed-key file is held back, or the
  // key register cannot be used; "" else.
  std::string roll_waits_for() const { return *roll_waits_for_.read(); }
  // What it asks of each of tokens() in the background; nullopt: it is not served yet.
  std::optional<ZoneNeed> need() const;
  const std::vector<std::string>& tokens() const {  // names of those that sign for it
    return config_.zsks.empty() ? config_.tokens : config_.zsks[0].tokens;
  }
  // Signatures that a second token was asked for, after an error or because the first was slow.
  std::uint64_t retried_elsewhere() const;

 private:
  using ZoneKeys = signer::SignedZone::Keys;
  base::Status take_up();
  base::Result<ZoneKeys> zone_keys(const keys::SignedKeys& signed_keys);
  base::Result<ZoneKeys> bind_keys(const keys::SignedKeys& signed_keys) const;
  base::Status accept(const keys::SignedKeys& signed_keys, const ZoneKeys& zone_keys) const;
  signer::SignBudgets budgets() const;
  void heed_last_publication();
  void open_signature_log();
  void start(const ZoneKeys& zone_keys, const keys::SignedKeys& signed_keys);
  base::Result<std::vector<publish::PrecomputedRRset>> precomputed(
      const signer::SignedZone& zone) const;
  base::Status prove_everywhere(const hsm::KeyId& id, const hsm::Verifier& verifier) const;
  void keep_keys();
  base::Result<keys::SignedKeys> publishable(const keys::SignedKeys& file);
  base::Status publish_slots();
  bool covers(const keys::SignedKeys& keys, base::Time now) const;
  void report(const base::Status& outcome);
  void audit(AuditTrail::Act act) const;
  void on_published(std::uint32_t serial);
  void tell_secondaries_once_signed();
  void republish_with_new_keys();

  const int id_;
  const ZoneConfig config_;
  const keys::Policy policy_;
  const Shared shared_;
  // One per configured ZSK; with a key register one for all its keys.
  const std::vector<std::shared_ptr<hsm::KeyPool>> pools_;

  std::shared_ptr<const keys::SignedKeys> file_;  // in use, whole
  keys::Publishable publishable_;                 // of it; without a key register not used
  base::Guarded<std::shared_ptr<const keys::SignedKeys>> signed_keys_;
  std::atomic<std::uint64_t> keys_generation_{0};
  base::Guarded<std::string> trouble_{"not looked at yet"};
  std::optional<std::filesystem::file_time_type> seen_;  // of the file in use
  std::string apex_rrsigs_;                              // of the slot that serves, as last seen
  ZoneKeys keys_;                                        // that the zone is signed with
  std::unique_ptr<KeyKeeper> keeper_;                    // null: one ZSK for ever
  base::Guarded<std::string> roll_waits_for_;

  base::Guarded<std::shared_ptr<const signer::Survey>> survey_;
  base::Deadline next_survey_{};

  publish::LiveZone live_;
  std::unique_ptr<publish::Notifier> notifier_;
  base::Guarded<bool> was_signed_{false};  // all of it, since the start: it can be transferred
  std::atomic<bool> started_{false};
  std::shared_ptr<signer::SignatureLog> signature_log_;
  std::unique_ptr<signer::Filler> filler_;
  std::unique_ptr<publish::ZoneVerifier> verifier_;
  std::unique_ptr<publish::Follower> follower_;
  std::unique_ptr<publish::ContinuousVerification> verification_;
  const std::atomic<bool> never_{false};
};

}  // namespace tld::plugin
