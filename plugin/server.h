// SPDX-License-Identifier: GPL-2.0-only
//
// Everything that the plugin's instances share: tokens, signing service, zones. Made once, by the
// first instance; never destroyed, because PowerDNS exits without stopping its threads.
//
// Thread rule: safe from any thread after start().
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/checked_clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "hsm/client.h"
#include "hsm/supervisor.h"
#include "plugin/config.h"
#include "plugin/served_zone.h"
#include "plugin/settings.h"
#include "plugin/tsig.h"
#include "signer/sign_budget.h"
#include "signer/signing_service.h"
#include "signer/wait_ration.h"

namespace tld::plugin {

// Totals since the start, of what questions met.
struct QuestionCounters {
  std::atomic<std::uint64_t> backend_calls{0};
  std::atomic<std::uint64_t> exclusive_locks{0};      // taken while answering; 0 when all is signed
  std::atomic<std::uint64_t> signatures_served{0};    // in answers and transfers
  std::atomic<std::uint64_t> signatures_missing{0};   // a question needed one that was not there
  std::atomic<std::uint64_t> waited{0};               // ... and waited for it
  std::atomic<std::uint64_t> wait_refused{0};         // ... and could not: all places taken
  std::atomic<std::uint64_t> servfail_unsigned{0};    // ... and did not get it: SERVFAIL
  std::atomic<std::uint64_t> servfail_not_loaded{0};  // the zone was not there yet: SERVFAIL
  std::atomic<std::uint64_t> servfail_signed_keys{0};  // no valid slot in the signed-key file
  std::atomic<std::uint64_t> transfers_broken_off{0};  // AXFR that lacked a signature
};

struct Token {
  std::string name;
  std::shared_ptr<hsm::HsmClient> client;
  std::shared_ptr<hsm::PoolMember> member;      // what all zones know of it
  std::unique_ptr<hsm::Supervisor> supervisor;  // null: systemd runs its tld-hsmd
  std::shared_ptr<signer::SignBudget> budget;
};

struct ServerOptions {
  unsigned distributor_threads = 3;
  std::chrono::seconds cache_ttl{20};  // PowerDNS's packet cache: adds to how long answers live
  // PowerDNS's packet cache forgets its answers about the name.
  std::function<void(const dns::Name&)> forget_answers;
  std::function<void()> forget_all_answers;
  SettingValue setting;  // of pdns.conf
};

class Server {
 public:
  static base::Result<Server*> start(const std::string& config_path, ServerOptions options,
                                     std::shared_ptr<base::Log> log);

  std::vector<std::unique_ptr<ServedZone>>& zones() { return zones_; }
  // The zone with the longest apex at or above `name`; null: none of ours.
  ServedZone* zone_above(dns::NameView name) const;
  ServedZone* zone_at(dns::NameView apex) const;

  // Null: no tsig of the configuration has this name.
  const TsigKey* tsig_key(dns::NameView name) const { return tsig_keys_.find(name); }

  std::uint64_t breakers_opened() const;
  std::uint64_t retried_elsewhere() const;  // signatures, over all zones

  const std::vector<Token>& tokens() const { return tokens_; }
  signer::SigningService& service() { return *service_; }
  const base::Clock& clock() const { return *clock_; }
  base::CheckedClock& checked_clock() const { return *clock_; }
  // The system's clock is right, somebody says: taken up by the keys at once, not at the next look.
  std::string accept_clock();
  // How often clock, signed keys and key registers were looked at: stands still if that hangs.
  std::uint64_t looks() const { return looks_.load(std::memory_order_acquire); }
  // Why a token's refresh-rate is too low; "" when it is not.
  std::string budget_trouble(const std::string& token) const;
  std::chrono::seconds cache_ttl() const { return options_.cache_ttl; }
  signer::WaitRation& ration() { return ration_; }
  QuestionCounters& counters() { return counters_; }

 private:
  Server(ServerOptions options, std::shared_ptr<base::Log> log);
  base::Status configure(const Config& config);
  base::Status check_transfers(const Config& config) const;
  static base::Status check_verification(const Config& config);
  void start_tokens(const Config& config);
  void keep();
  void wait_for_look();
  void look_at_clock();
  void check_budgets();

  const ServerOptions options_;
  const std::shared_ptr<base::Log> log_;
  std::shared_ptr<base::CheckedClock> clock_;
  TsigKeys tsig_keys_;
  std::vector<Token> tokens_;
  std::unique_ptr<signer::SigningService> service_;
  std::vector<std::unique_ptr<ServedZone>> zones_;  // longest apex first
  signer::WaitRation ration_;
  QuestionCounters counters_;
  base::Guarded<std::map<std::string, std::string>> budget_troubles_;  // by token
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool woken_ = false;  // by wake_mutex_
  std::atomic<std::uint64_t> looks_{0};
  std::chrono::seconds clock_difference_{0};  // of the system's clock, when keep() looked last
  std::thread keeper_;
};

// The one Server, or null before the first instance was made.
Server* running_server();

}  // namespace tld::plugin
