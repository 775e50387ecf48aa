// SPDX-License-Identifier: GPL-2.0-only
#include "signer/signing_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "base/guarded.h"
#include "signer/log/signature_log.h"

namespace tld::signer {

namespace {

constexpr std::size_t verified_at_once = 8;  // by one thread; what is urgent waits for no more
// The token's process takes the earliest deadline first: what somebody waits for overtakes the
// background's requests that were sent so long before at most.
constexpr std::chrono::milliseconds background_gives_way{100};

}  // namespace

struct SigningService::Task {
  std::shared_ptr<const SignedZone> zone;
  std::size_t key = 0;
  zones::Slot slot = zones::no_slot;
  Reason reason = Reason::on_demand;
  Validity validity;
  std::string input;
  base::Deadline deadline;
  std::size_t wrong = 0;  // signatures that did not verify
  std::shared_ptr<Flight> flight = std::make_shared<Flight>();

  std::string describe() const {
    const dns::RRset rrset = zone->zone().signable(slot);
    const ZoneKey& k = zone->key(key);
    return fmt::format("{}/{} of zone {} by ZSK {} (CKA_ID {})", rrset.owner.text(),
                       dns::to_text(rrset.type), zone->zone().apex().text(), k.key_tag(),
                       base::to_hex(k.id()));
  }
};

std::optional<base::Status> Flight::wait_until(base::Deadline deadline) {
  std::unique_lock lock(mutex_);
  landed_.wait_until(lock, deadline, [this] { return outcome_.has_value(); });
  return outcome_;
}

std::optional<base::Status> Flight::outcome() {
  const std::lock_guard lock(mutex_);
  return outcome_;
}

SigningService::SigningService(Options options, std::shared_ptr<const base::Clock> clock,
                               std::shared_ptr<base::Log> log)
    : options_(options), clock_(std::move(clock)), log_(std::move(log)) {
  for (unsigned i = 0; i < options_.verifying_threads; ++i) {
    verifiers_.emplace_back([this] { verify_loop(); });
  }
}

SigningService::~SigningService() {
  {
    std::unique_lock lock(flights_mutex_);
    all_landed_.wait(lock, [this] { return flights_.empty(); });
  }
  {
    const std::lock_guard lock(arrived_mutex_);
    stopping_ = true;
  }
  arrived_cv_.notify_all();
  for (std::thread& thread : verifiers_) thread.join();
}

std::size_t SigningService::in_flight() const {
  const std::lock_guard lock(flights_mutex_);
  return flights_.size();
}

std::string SigningService::last_failure() const {
  const std::lock_guard lock(failure_mutex_);
  return last_failure_;
}

std::shared_ptr<Flight> SigningService::start(std::shared_ptr<const SignedZone> zone,
                                              std::size_t key, zones::Slot slot, Reason reason,
                                              std::function<void(const base::Status&)> then) {
  if (zone->use(key) == KeyUse::leaving) return nullptr;
  if (recall(*zone, key, slot, clock_->now())) return landed(base::ok(), then);
  if (!clock_->is_trusted()) {
    counters_.refused_clock.fetch_add(1, std::memory_order_relaxed);
    return landed(
        base::unavailable("the clock is not trusted (see TLD-STATUS): no signature is made"), then);
  }
  const FlightKey flight_key{zone.get(), key, slot};
  std::shared_ptr<Task> task;
  ++base::exclusive_locks_of_this_thread();
  {
    const std::lock_guard lock(flights_mutex_);
    if (const auto found = flights_.find(flight_key); found != flights_.end()) {
      // Still in the map, so not landed yet: land() takes it out before it looks at then_.
      const std::lock_guard flight_lock(found->second->flight->mutex_);
      if (then) found->second->flight->then_.push_back(std::move(then));
      return found->second->flight;
    }
    if (flights_.size() >= options_.maximum_in_flight) {
      counters_.refused_overload.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    task = std::make_shared<Task>();
    task->zone = std::move(zone);
    task->key = key;
    task->slot = slot;
    task->reason = reason;
    if (then) task->flight->then_.push_back(std::move(then));
    flights_.emplace(flight_key, task);
  }
  if (reason != Reason::background) {
    task->zone->key(key).budgets().overdraw(std::chrono::steady_clock::now());
  }
  send(task);
  return task->flight;
}

std::shared_ptr<Flight> SigningService::landed(
    base::Status outcome, const std::function<void(const base::Status&)>& then) {
  auto flight = std::make_shared<Flight>();
  if (then) then(outcome);
  flight->outcome_ = std::move(outcome);
  return flight;
}

void SigningService::send(const std::shared_ptr<Task>& task) {
  const SignedZone& zone = *task->zone;
  const dns::RRset rrset = zone.zone().signable(task->slot);
  task->validity = validity_at(zone.policy(), rrset.owner, clock_->now());
  task->input = zone.to_sign(task->key, task->slot, task->validity).input;
  task->deadline = std::chrono::steady_clock::now() + options_.sign_deadline;
  if (task->reason == Reason::background) task->deadline += background_gives_way;
  ask(task);
}

void SigningService::ask(const std::shared_ptr<Task>& task) {
  const ZoneKey& key = task->zone->key(task->key);
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  key.door().sign(key.id(), task->input, task->deadline,
                  [this, task](base::Result<hsm::Signature> signature) {
                    const bool urgent = task->reason == Reason::on_demand;
                    // Notified under the lock: once it is free, the flight can land and the service
                    // can go.
                    const std::lock_guard lock(arrived_mutex_);
                    auto& queue = urgent ? arrived_urgent_ : arrived_;
                    queue.push_back({task, std::move(signature)});
                    // Who is awake looks again before sleeping; one more for each batch.
                    if (urgent || queue.size() % verified_at_once == 1) arrived_cv_.notify_one();
                  });
}

void SigningService::verify_loop() {
  for (;;) {
    std::unique_lock lock(arrived_mutex_);
    arrived_cv_.wait(lock,
                     [this] { return stopping_ || !arrived_.empty() || !arrived_urgent_.empty(); });
    if (arrived_.empty() && arrived_urgent_.empty()) return;
    if (arrived_urgent_.empty() && arrived_.size() < verified_at_once) {
      // The rest of what came with it over the socket is on its way through the client's thread.
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
    }
    auto& queue = arrived_urgent_.empty() ? arrived_ : arrived_urgent_;
    const auto end =
        queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), verified_at_once));
    std::vector<Arrived> batch(std::make_move_iterator(queue.begin()),
                               std::make_move_iterator(end));
    queue.erase(queue.begin(), end);
    lock.unlock();
    for (Arrived& next : batch) finish(next.task, std::move(next.signature));
  }
}

void SigningService::finish(const std::shared_ptr<Task>& task,
                            base::Result<hsm::Signature> signature) {
  const base::Status outcome = accept(*task, signature);
  // The token that was wrong is not asked again; another one may hold the right key.
  if (!outcome && signature && ++task->wrong < task->zone->key(task->key).door().members()) {
    counters_.retried_after_wrong.fetch_add(1, std::memory_order_relaxed);
    return ask(task);
  }
  if (outcome) {
    count_success(*task);
  } else {
    count_failure(*task, outcome.error());
  }
  land(task, outcome);
}

// The only place where a signature becomes visible.
base::Status SigningService::accept(const Task& task,
                                    const base::Result<hsm::Signature>& signature) {
  if (!signature) return signature.error();
  const ZoneKey& key = task.zone->key(task.key);
  const std::string& octets = signature.value().octets;
  const bool verifies =
      octets.size() == key.signature_octets() && key.verifier().verify(task.input, octets);
  key.door().judge(key.id(), signature.value().member, verifies);
  if (!verifies) {
    counters_.verify_failed.fetch_add(1, std::memory_order_relaxed);
    return base::refused("the token's signature does not verify with the published DNSKEY");
  }
  task.zone->table(task.key).put(task.slot, task.validity, octets);
  if (const auto& to = task.zone->log()) {
    to->append(content_key(task.input, key.dnskey().fingerprint()), task.validity, octets);
  }
  return base::ok();
}

void SigningService::count_success(const Task& task) {
  const std::lock_guard lock(made_mutex_);
  SignaturesMade& made = made_[dns::Name(task.zone->zone().apex())];
  switch (task.reason) {
    case Reason::on_demand:
      ++made.on_demand;
      break;
    case Reason::background:
      ++made.background;
      break;
    case Reason::publication:
      ++made.publication;
      break;
  }
}

SignaturesMade SigningService::made() const {
  SignaturesMade sum;
  const std::lock_guard lock(made_mutex_);
  for (const auto& [apex, made] : made_) {
    sum.on_demand += made.on_demand;
    sum.background += made.background;
    sum.publication += made.publication;
  }
  return sum;
}

SignaturesMade SigningService::made_for(dns::NameView apex) const {
  const std::lock_guard lock(made_mutex_);
  const auto found = made_.find(apex);
  return found == made_.end() ? SignaturesMade() : found->second;
}

void SigningService::count_failure(const Task& task, const base::Error& error) {
  (error.kind == base::ErrorKind::timed_out ? counters_.timed_out : counters_.failed)
      .fetch_add(1, std::memory_order_relaxed);
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(failure_mutex_);
  last_failure_ = task.describe() + ": " + error.message;
  // A dead token fails thousands of times a second: one line in ten seconds says enough.
  if (now - failure_logged_ < std::chrono::seconds{10}) return;
  failure_logged_ = now;
  log_->write(base::Level::error,
              fmt::format("tld: cannot sign {}. Answers that need this signature are SERVFAIL; the "
                          "counters tld-sign-* tell how many. Look at the token and at tld-hsmd",
                          last_failure_));
}

void SigningService::land(const std::shared_ptr<Task>& task, const base::Status& outcome) {
  {
    const std::lock_guard lock(flights_mutex_);
    flights_.erase({task->zone.get(), task->key, task->slot});
  }
  std::vector<std::function<void(const base::Status&)>> then;
  {
    const std::lock_guard lock(task->flight->mutex_);
    task->flight->outcome_ = outcome;
    then.swap(task->flight->then_);
  }
  task->flight->landed_.notify_all();
  for (const auto& call : then) call(outcome);
  all_landed_.notify_all();
}

}  // namespace tld::signer
