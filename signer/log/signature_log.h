// SPDX-License-Identifier: GPL-2.0-only
//
// The signatures of one zone on disk, so that a restart makes none anew (docs/signature-log.md).
// A copy of what is in memory, never more: nobody waits for it, and whatever it loses is made anew.
//
// Its thread opens the folder, writes what append() has queued, syncs, and writes the whole log
// anew from the tables (a rewrite) when most of it is outdated, when some of it was damaged, and
// after the disk has failed.
//
// Thread rule: all methods are safe from any thread; none waits for the disk but find(), which
// reads one entry. Before the folder was read, find() waits for that, in the first two seconds
// after the start at most.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "signer/log/loaded_log.h"
#include "signer/log/log_writer.h"
#include "signer/signed_zone.h"

namespace tld::signer {

class SignatureLog {
 public:
  struct Options {
    dns::Name zone;
    std::chrono::milliseconds sync_interval{
        1000};                        // so much a power cut loses, and the sync's time
    std::size_t queue_limit = 65536;  // entries; what is beyond it is not written
    std::uint64_t segment_octets = 16 << 20;
    std::uint64_t slack_octets = 16 << 20;  // so much beyond twice the zone's before a rewrite
    std::size_t remembered = 16384;  // entries a rewrite keeps though no live version has them yet
    std::chrono::milliseconds retry_first{1000};  // after the disk failed; doubled each time
    std::chrono::milliseconds retry_last{600000};
  };
  // Totals since the start.
  struct Counters {
    std::atomic<std::uint64_t> written{0};         // entries, those of rewrites not counted
    std::atomic<std::uint64_t> dropped{0};         // entries that were not written
    std::atomic<std::uint64_t> recalled{0};        // signatures verified and taken from the log
    std::atomic<std::uint64_t> rejected{0};        // that did not verify
    std::atomic<std::uint64_t> damaged_octets{0};  // found at an open, torn ends included
    std::atomic<std::uint64_t> failures{0};        // of the disk
    std::atomic<std::uint64_t> rewrites{0};
    std::atomic<std::uint64_t> octets{0};  // on the disk now
  };
  // The version that is served; null: none yet.
  using Current = std::function<std::shared_ptr<const SignedZone>()>;

  SignatureLog(Options options, std::unique_ptr<LogFolder> folder, Current current,
               std::shared_ptr<const base::Clock> clock, std::shared_ptr<base::Log> log);
  ~SignatureLog();
  // Writes and syncs what is queued, and ends the thread. `current` is not called any more.
  void close();

  // REQUIRES: the signature was verified.
  void append(const ContentKey& key, const Validity& validity, std::string_view signature);

  // What an earlier run has left; neither verified nor checked against a policy.
  std::optional<LoadedLog::Found> find(const ContentKey& key);
  bool may_have_some();  // false: find() finds nothing

  const Counters& counters() const { return counters_; }
  void count_recalled() { ++counters_.recalled; }
  void count_rejected() { ++counters_.rejected; }

 private:
  struct Queue {
    std::deque<std::string> entries;
    bool stopping = false;
  };
  struct Rewrite {
    std::shared_ptr<const SignedZone> zone;
    std::size_t key = 0;
    zones::Slot slot = 0;
  };
  using Entries = std::deque<std::string>;

  void run();
  base::Status ready();
  base::Status open_when_due();
  void say_what_was_found(const LogWriter::Opened& opened);
  bool take(Entries& entries);  // false: stopping
  base::Status write(Entries& entries);
  base::Status sync_when_due(bool now);
  bool rewrite_is_worth_it() const;
  base::Status rewrite_some();
  base::Status begin_rewrite();
  void add_signature_of(Rewrite& rewrite, std::string& out);
  base::Status finish_rewrite();
  void note(const base::Status& outcome);
  std::shared_ptr<const LoadedLog> loaded();

  const Options options_;
  const std::unique_ptr<LogFolder> folder_;
  const Current current_;
  const std::shared_ptr<const base::Clock> clock_;
  const std::shared_ptr<base::Log> log_;
  const base::Deadline started_ = std::chrono::steady_clock::now();
  Counters counters_;

  // Only the thread uses these.
  LogWriter writer_;
  bool is_open_ = false;
  bool in_trouble_ = false;
  base::Deadline retry_at_{};
  std::chrono::milliseconds retry_after_;
  std::optional<base::Deadline> unsynced_since_;
  bool rewrite_wanted_ = false;
  std::optional<Rewrite> rewrite_;
  Entries recent_;

  std::atomic<bool> was_opened_{false};  // or it was tried
  base::Guarded<std::shared_ptr<const LoadedLog>> loaded_;
  std::mutex mutex_;  // of queue_
  std::condition_variable changed_, opened_;
  Queue queue_;
  std::thread thread_;
};

// Puts what zone's log has for `slot` by key `i` into its table, once it was verified; where key
// `i` is signing and has nothing there, what leaving keys of its algorithm have too. True: the
// table has now, and did not have before, a signature by key `i` that need not be made anew.
bool recall(const SignedZone& zone, std::size_t i, zones::Slot slot, base::Time now);

}  // namespace tld::signer
