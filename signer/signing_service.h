// SPDX-License-Identifier: GPL-2.0-only
//
// Makes signatures: at most one at a time for each (signed zone, key, slot), whoever asks. The
// key's door signs; our own threads verify with the published DNSKEY; only then the signature is in
// the table. A signature that does not verify is counted, reported and thrown away; where the key
// is in several tokens, another one is asked then.
//
// Thread rule: safe from any thread. start() never blocks on a token.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "signer/signed_zone.h"

namespace tld::signer {

enum class Reason { on_demand, background, publication };

// Signatures since the start, by what asked for them; each is only ever added to.
struct SignaturesMade {
  std::uint64_t on_demand = 0, background = 0, publication = 0;
};

// Totals since the start; each is only ever added to.
struct SigningCounters {
  std::atomic<std::uint64_t> requests{0};             // sent to a key's door
  std::atomic<std::uint64_t> failed{0};               // the door gave an error
  std::atomic<std::uint64_t> timed_out{0};            // no answer within the deadline
  std::atomic<std::uint64_t> verify_failed{0};        // a wrong signature: look at the token now
  std::atomic<std::uint64_t> retried_after_wrong{0};  // asked of another token after that
  std::atomic<std::uint64_t> refused_overload{0};     // too many being made already
  std::atomic<std::uint64_t> refused_clock{0};        // the clock is not trusted
};

// One signature in the making. Waiting on it is optional.
class Flight {
 public:
  // The outcome, or nullopt if `deadline` came first. A success means: it is in the table.
  std::optional<base::Status> wait_until(base::Deadline deadline);
  std::optional<base::Status> outcome();  // nullopt: it has not landed

 private:
  friend class SigningService;
  std::mutex mutex_;
  std::condition_variable landed_;
  std::optional<base::Status> outcome_;
  std::vector<std::function<void(const base::Status&)>> then_;
};

class SigningService {
 public:
  struct Options {
    unsigned verifying_threads = 1;
    std::size_t maximum_in_flight = 4096;  // beyond it, start() refuses
    // For one signature, queueing included; background work has 0.1 s more, and comes later by it.
    std::chrono::milliseconds sign_deadline{2000};
  };

  SigningService(Options options, std::shared_ptr<const base::Clock> clock,
                 std::shared_ptr<base::Log> log);
  // Waits for signatures in the making (their deadlines bound it).
  ~SigningService();

  // Starts making the signature, or joins the making of it. nullptr: too many in the making, or the
  // key is leaving and signs nothing more.
  // One that the zone's log has is verified and taken at once, and the flight has landed. While the
  // clock is not trusted nothing is made: the flight has landed with `unavailable`.
  // What somebody waits for overdraws the key's budgets; for background work the caller draws.
  // `then`, if given, is called once with the outcome, from a thread of this service or before
  // start() returns, unless nullptr was returned.
  std::shared_ptr<Flight> start(std::shared_ptr<const SignedZone> zone, std::size_t key,
                                zones::Slot slot, Reason reason,
                                std::function<void(const base::Status&)> then = nullptr);

  const SigningCounters& counters() const { return counters_; }
  SignaturesMade made() const;  // for all zones
  SignaturesMade made_for(dns::NameView apex) const;
  std::size_t in_flight() const;
  // The last failure, for status displays; empty if none yet.
  std::string last_failure() const;

 private:
  struct Task;
  using FlightKey = std::tuple<const SignedZone*, std::size_t, zones::Slot>;

  static std::shared_ptr<Flight> landed(base::Status outcome,
                                        const std::function<void(const base::Status&)>& then);
  void send(const std::shared_ptr<Task>& task);
  void verify_loop();
  void ask(const std::shared_ptr<Task>& task);
  void finish(const std::shared_ptr<Task>& task, base::Result<hsm::Signature> signature);
  base::Status accept(const Task& task, const base::Result<hsm::Signature>& signature);
  void count_failure(const Task& task, const base::Error& error);
  void count_success(const Task& task);
  void land(const std::shared_ptr<Task>& task, const base::Status& outcome);

  const Options options_;
  const std::shared_ptr<const base::Clock> clock_;
  const std::shared_ptr<base::Log> log_;
  SigningCounters counters_;
  mutable std::mutex made_mutex_;
  std::map<dns::Name, SignaturesMade, dns::CanonicalLess> made_;

  mutable std::mutex flights_mutex_;
  std::condition_variable all_landed_;
  std::map<FlightKey, std::shared_ptr<Task>> flights_;

  struct Arrived {
    std::shared_ptr<Task> task;
    base::Result<hsm::Signature> signature;
  };
  std::mutex arrived_mutex_;
  std::condition_variable arrived_cv_;
  std::deque<Arrived> arrived_urgent_, arrived_;
  bool stopping_ = false;

  mutable std::mutex failure_mutex_;
  std::string last_failure_;
  base::Deadline failure_logged_{};

  std::vector<std::thread> verifiers_;
};

}  // namespace tld::signer
