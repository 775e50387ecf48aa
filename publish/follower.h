// SPDX-License-Identifier: GPL-2.0-only
//
// Store → publication, for one zone: looks for changes, loads and checks, builds the next snapshot,
// signs what is new in it and verifies each signature, and only then lets it take the place of the
// one that serves. Whatever fails on the way leaves the old publication serving, and is tried again.
//
// The first publication of a zone after a start goes live unsigned: its signatures are made on
// demand and by the filler; until then what needs them is SERVFAIL.
//
// Thread rule: one thread of its own, with its own connection to the store. The public methods are
// safe from any thread.
// Lifetime: `live` and `service` outlive the Follower.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "publish/live_zone.h"
#include "signer/signing_service.h"
#include "zones/build.h"
#include "zones/store.h"

namespace tld::publish {

struct ZoneSetup {
  dns::Name apex;
  std::vector<std::shared_ptr<const signer::ZoneKey>> keys;
  signer::SignaturePolicy policy;
  zones::BuildOptions build;  // its serial is filled in from the store
};

class Follower {
 public:
  struct Options {
    std::filesystem::path store_path;
    std::chrono::milliseconds interval{1000};     // between looks at the store
    std::chrono::milliseconds retry_after{1000};  // after a publication that failed
    std::size_t signing_window = 64;              // signatures in the making for a publication
  };
  struct Waiting {
    base::Time since{};
    std::string why;
  };
  using OnPublished = std::function<void(std::uint32_t serial)>;

  Follower(Options options, ZoneSetup zone, LiveZone& live, signer::SigningService& service,
           std::shared_ptr<const base::Clock> clock, std::shared_ptr<base::Log> log,
           OnPublished on_published);
  ~Follower();

  // A version of the zone is in the store, or should be, and cannot go live yet.
  std::optional<Waiting> waiting() const { return *waiting_.read(); }
  std::uint64_t store_reads() const { return store_reads_.load(); }

 private:
  void run();
  base::Status look();
  base::Status prepare(zones::ChangeToken token, const Publication* current);
  void note(const base::Status& outcome);

  const Options options_;
  ZoneSetup zone_;
  LiveZone& live_;
  signer::SigningService& service_;
  const std::shared_ptr<const base::Clock> clock_;
  const std::shared_ptr<base::Log> log_;
  const OnPublished on_published_;

  // Only the follower's thread uses these.
  std::unique_ptr<zones::Store> store_;
  std::optional<zones::ChangeToken> seen_;        // what is live is the store's state as of here
  std::shared_ptr<const Publication> pending_;    // built, waits for the signatures of changed_
  std::optional<zones::ChangeToken> pending_token_;
  std::vector<zones::Slot> changed_;

  base::Guarded<std::optional<Waiting>> waiting_;
  std::atomic<std::uint64_t> store_reads_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tld::publish
