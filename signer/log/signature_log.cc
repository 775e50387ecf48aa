// SPDX-License-Identifier: GPL-2.0-only
#include "signer/log/signature_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace tld::signer {
namespace {

using base::Status;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_look{2000};     // so long find() waits for the folder at most
constexpr milliseconds batch_interval{20};   // so much kill -9 loses
constexpr milliseconds longest_wait{1000};   // of the thread, for entries
constexpr zones::Slot slots_per_turn = 256;  // of a rewrite, before what was appended is written
constexpr std::size_t many_segments = 64;    // beyond those that twice the zone's signatures fill

std::string aside_suffix(base::Time now) {
  return fmt::format(".aside-{:%Y%m%dT%H%M%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(now.time_since_epoch().count())));
}

std::uint64_t octets_of_all_signatures(const SignedZone& zone) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < zone.key_count(); ++i) {
    sum += zone.zone().signature_count() * (entry_overhead + zone.key(i).signature_octets());
  }
  return sum;
}

}  // namespace

SignatureLog::SignatureLog(Options options, std::unique_ptr<LogFolder> folder, Current current,
                           std::shared_ptr<const base::Clock> clock, std::shared_ptr<base::Log> log)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      current_(std::move(current)),
      clock_(std::move(clock)),
      log_(std::move(log)),
      writer_(*folder_, options_.zone, options_.segment_octets),
      retry_after_(options_.retry_first) {
  thread_ = std::thread([this] { run(); });
}

SignatureLog::~SignatureLog() {
  close();
}

void SignatureLog::close() {
  {
    const std::lock_guard lock(mutex_);
    queue_.stopping = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SignatureLog::append(const ContentKey& key, const Validity& validity,
                          std::string_view signature) {
  std::string entry = entry_octets({key, validity, signature});
  const std::lock_guard lock(mutex_);
  if (queue_.entries.size() >= options_.queue_limit) {
    ++counters_.dropped;
    return;
  }
  queue_.entries.push_back(std::move(entry));
  if (queue_.entries.size() == 1) changed_.notify_one();
}

std::shared_ptr<const LoadedLog> SignatureLog::loaded() {
  if (!was_opened_.load(std::memory_order_acquire)) {
    std::unique_lock lock(mutex_);
    opened_.wait_until(lock, started_ + first_look, [this] { return was_opened_.load(); });
  }
  return *loaded_.read();
}

bool SignatureLog::may_have_some() {
  const auto log = loaded();
  return log && log->entries() > 0;
}

std::optional<LoadedLog::Found> SignatureLog::find(const ContentKey& key) {
  const auto log = loaded();
  return log ? log->find(key) : std::nullopt;
}

void SignatureLog::run() {
  Entries entries;
  note(ready());
  counters_.octets = is_open_ ? writer_.octets() : 0;
  while (take(entries)) {
    Status outcome = ready();
    if (outcome && is_open_) outcome = write(entries);
    if (outcome && is_open_) outcome = sync_when_due(false);
    if (outcome && is_open_) outcome = rewrite_some();
    note(outcome);
    counters_.octets = is_open_ ? writer_.octets() : 0;
  }
  if (is_open_ && write(entries)) static_cast<void>(sync_when_due(true));
  rewrite_.reset();  // its zone holds this log
}

// --- opening

Status SignatureLog::ready() {
  const Status outcome = open_when_due();
  if (!was_opened_) {
    const std::lock_guard lock(mutex_);
    was_opened_.store(true, std::memory_order_release);
    opened_.notify_all();
  }
  return outcome;
}

Status SignatureLog::open_when_due() {
  if (is_open_ || steady_clock::now() < retry_at_) return base::ok();
  TLD_TRY(const auto opened, writer_.open(aside_suffix(clock_->now())));
  is_open_ = true;
  *loaded_.lock() = opened.loaded;
  say_what_was_found(opened);
  return base::ok();
}

void SignatureLog::say_what_was_found(const LogWriter::Opened& opened) {
  const LoadedLog& loaded = *opened.loaded;
  const std::string where =
      fmt::format("tld: zone {}: signature log {}", options_.zone.text(), folder_->path());
  if (!opened.set_aside.empty()) {
    log_->write(base::Level::error,
                fmt::format("{}: {}. A new one is begun, all signatures are made anew", where,
                            opened.set_aside));
  }
  const std::uint64_t lost = loaded.damaged_octets() + loaded.torn_octets();
  counters_.damaged_octets += lost;
  std::string faults;
  for (const auto& trouble : loaded.troubles()) faults += "; " + trouble.what;
  if (lost == 0 && faults.empty()) return;
  rewrite_wanted_ = true;
  log_->write(
      loaded.damaged_octets() == 0 && faults.empty() ? base::Level::notice : base::Level::error,
      fmt::format("{}: {} entries are whole; {} octets in between and {} at the end are no "
                  "whole entries and left out{}. What they held is made anew",
                  where, loaded.entries(), loaded.damaged_octets(), loaded.torn_octets(), faults));
}

// --- writing

bool SignatureLog::take(Entries& entries) {
  const milliseconds patience =
      rewrite_ ? milliseconds{0}
               : std::clamp(options_.sync_interval, milliseconds{1}, longest_wait);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience,
                    [this] { return queue_.stopping || (is_open_ && !queue_.entries.empty()); });
  // A write for each signature would cost more than what it writes.
  if (!rewrite_) changed_.wait_for(lock, batch_interval, [this] { return queue_.stopping; });
  // Without a disk the queue fills up, and append() drops what is beyond.
  if (is_open_) entries.swap(queue_.entries);
  return !queue_.stopping;
}

Status SignatureLog::write(Entries& entries) {
  if (entries.empty()) return base::ok();
  std::string octets;
  for (const std::string& entry : entries) octets += entry;
  const std::size_t count = entries.size();
  recent_.insert(recent_.end(), std::make_move_iterator(entries.begin()),
                 std::make_move_iterator(entries.end()));
  entries.clear();
  while (recent_.size() > options_.remembered) recent_.pop_front();
  const Status outcome = writer_.append(octets);
  (outcome ? counters_.written : counters_.dropped) += count;
  if (!unsynced_since_) unsynced_since_ = steady_clock::now();
  return outcome;
}

Status SignatureLog::sync_when_due(bool now) {
  if (!unsynced_since_) return base::ok();
  if (!now && steady_clock::now() < *unsynced_since_ + options_.sync_interval) return base::ok();
  unsynced_since_.reset();
  return writer_.sync();
}

// What failed is said once, until it works again.
void SignatureLog::note(const Status& outcome) {
  if (outcome) return;
  ++counters_.failures;
  is_open_ = false;
  writer_.abandon();
  unsynced_since_.reset();
  rewrite_.reset();
  rewrite_wanted_ = true;  // from memory: what was lost meanwhile
  retry_at_ = steady_clock::now() + retry_after_;
  retry_after_ = std::min(2 * retry_after_, options_.retry_last);
  if (std::exchange(in_trouble_, true)) return;
  log_->write(base::Level::error,
              fmt::format("tld: zone {}: signature log: {}. Signatures are kept in memory only; it "
                          "is tried again, less and less often",
                          options_.zone.text(), outcome.error().message));
}

// --- the whole log anew

bool SignatureLog::rewrite_is_worth_it() const {
  if (rewrite_wanted_) return true;
  const bool has_many = writer_.segments() > many_segments;
  if (!has_many && writer_.octets() <= options_.slack_octets) return false;
  const auto zone = current_();
  if (!zone) return false;
  const std::uint64_t wanted = 2 * octets_of_all_signatures(*zone);
  return writer_.segments() > many_segments + wanted / options_.segment_octets ||
         writer_.octets() > wanted + options_.slack_octets;
}

Status SignatureLog::rewrite_some() {
  if (!rewrite_) {
    if (!rewrite_is_worth_it() || !current_()) return base::ok();
    TLD_TRY(begin_rewrite());
  }
  std::string octets;
  for (zones::Slot i = 0; i < slots_per_turn && rewrite_->key < rewrite_->zone->key_count(); ++i) {
    add_signature_of(*rewrite_, octets);
  }
  if (!octets.empty()) {
    TLD_TRY(writer_.rewrite(octets));
  }
  if (rewrite_->key < rewrite_->zone->key_count()) return base::ok();
  return finish_rewrite();
}

// A version that is about to be served has signatures that the one that is served has not.
Status SignatureLog::begin_rewrite() {
  TLD_TRY(writer_.begin_rewrite());
  unsynced_since_.reset();
  rewrite_ = Rewrite{current_()};
  std::string octets;
  for (const std::string& entry : recent_) octets += entry;
  if (octets.empty()) return base::ok();
  return writer_.rewrite(octets);
}

// ... that the table has or the log had, and moves on.
void SignatureLog::add_signature_of(Rewrite& rewrite, std::string& out) {
  const SignedZone& zone = *rewrite.zone;
  const std::size_t key = rewrite.key;
  const zones::Slot slot = rewrite.slot++;
  if (rewrite.slot >= zone.zone().slot_limit()) {
    rewrite.slot = 0;
    ++rewrite.key;
  }
  if (!zone.zone().has_slot(slot)) return;
  const base::Time now = clock_->now();
  recall(zone, key, slot, now);
  Signature signature;
  if (!zone.table(key).get(slot, signature)) return;
  if (until(signature.validity.expiration, now) <= std::chrono::seconds{0}) return;
  const std::string input = zone.to_sign(key, slot, signature.validity).input;
  out += entry_octets({content_key(input, zone.key(key).dnskey().fingerprint()), signature.validity,
                       signature.view()});
}

// All that was loaded is in the tables now, or of no use.
Status SignatureLog::finish_rewrite() {
  TLD_TRY(writer_.finish_rewrite());
  ++counters_.rewrites;
  rewrite_.reset();
  rewrite_wanted_ = false;
  *loaded_.lock() = nullptr;
  retry_after_ = options_.retry_first;
  if (std::exchange(in_trouble_, false)) {
    log_->write(base::Level::notice,
                fmt::format("tld: zone {}: signature log {} works again and has been written anew",
                            options_.zone.text(), folder_->path()));
  }
  return base::ok();
}

}  // namespace tld::signer
