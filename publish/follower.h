// SPDX-License-Identifier: GPL-2.0-only
//
// Store → what is served, for one zone.
//
// Where the store can be written, what waits in its feed is made a publication first (publisher.h).
// Then what is new is followed, at the cost of the change: the next version of the zone is made
// from the last, what is new in it is signed and each signature verified, and only then it takes
// the place of the one that serves. Whatever fails on the way leaves the old one serving, and is
// tried again.
//
// While signatures cannot be had, changes that need none (insecure delegations, their glue) go live
// without the rest, under the old SOA.
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
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "publish/live_zone.h"
#include "publish/publisher.h"
#include "signer/signing_service.h"
#include "zones/build.h"
#include "zones/store.h"

namespace tld::publish {

struct ZoneSetup {
  dns::Name apex;
  signer::SignedZone::Keys keys;
  signer::SignaturePolicy policy;
  zones::BuildOptions build;                            // its serial is filled in from the store
  std::shared_ptr<signer::SignatureLog> log = nullptr;  // null: signatures are kept in memory only
};

class Follower {
 public:
  struct Options {
    zones::StoreAddress store;
    std::chrono::milliseconds interval{1000};     // at least, between publications
    std::chrono::milliseconds retry_after{1000};  // after what failed
    std::size_t signing_window = 64;              // signatures in the making for a publication
    zones::SerialRule serial = zones::SerialRule::counter;
    PublicationRules rules;
    std::chrono::seconds keep_publications = std::chrono::hours{48};
    // A zone without changes is published again after so long, so that secondaries get the
    // signatures that were made anew.
    std::chrono::seconds republish_after = std::chrono::hours{24};
    std::size_t compact_above = 100000;  // changes on top of the base, before it is made anew
    // `publish: verified`: what verifiers say against a version before it goes live, "" when they
    // accept it (ZoneVerifier). Empty: a version goes live when all it changes is signed.
    std::function<base::Result<std::string>(const signer::SignedZone&)> verify;
    // When the last publication in the store was made, before anything of it is signed: a clock
    // that is before it is wrong.
    std::function<void(base::Time created)> on_seen;
  };
  struct Waiting {
    base::Time since{};
    std::string why;
    std::size_t names = 0;  // that were published and are not live; of a whole zone: 0
  };
  using OnPublished = std::function<void(std::uint32_t serial)>;

  Follower(Options options, ZoneSetup zone, LiveZone& live, signer::SigningService& service,
           std::shared_ptr<const base::Clock> clock, std::shared_ptr<base::Log> log,
           OnPublished on_published);
  ~Follower();

  // A verifier refuses `refused`, which is live or was: `accepted` (an earlier version of this
  // Follower's LiveZone, null if there is none) is served again, the store is rolled back to it and
  // the zone frozen. What was published meanwhile never goes live. Nothing happens when the zone
  // has gone back from that version already.
  void retreat(const Publication& refused, std::shared_ptr<const Publication> accepted,
               const std::string& complaint);

  // The zone's keys from now on. What is served keeps the signatures that it has.
  void use_keys(signer::SignedZone::Keys keys);
  // What is served beside the zone's own data (the DNSKEY RRset) has changed at `time`: a last
  // publication before it is published again, so that secondaries get it.
  void republish_if_before(base::Time time) { wanted_since_ = time.time_since_epoch().count(); }

  // A version of the zone is in the store, or should be, and cannot go live yet.
  std::optional<Waiting> waiting() const { return *waiting_.read(); }
  // Loads of the whole zone from the store.
  std::uint64_t store_reads() const { return store_reads_.load(); }
  std::uint64_t publications() const { return publications_.load(); }  // made by this server
  std::uint64_t compactions() const { return compactions_.load(); }    // bases made anew

 private:
  // A publication as this server has it, signed or not yet.
  struct Version {
    zones::Publication publication;
    std::shared_ptr<const signer::SignedZone> signed_zone;
  };

  struct Retreat {
    std::shared_ptr<const Publication> to;  // null: nothing was accepted yet
    std::string complaint;
    std::uint32_t refused_serial = 0;  // nothing up to it goes live again
    bool begun = false;
    bool served = false;  // what was accepted is; the store has yet to follow
  };

  void run();
  void wake();
  void sleep_until(base::Deadline end);
  void wait(bool failed);
  base::Status look_guarded();
  base::Status look();
  base::Status take_keys();
  base::Status publish();
  bool is_due_again(base::Time now) const;
  base::Status publish_with(const zones::PublishOptions& options);
  base::Status say_what_stands_in_the_way();
  base::Status follow();
  base::Status load();
  base::Status load_changes(const zones::PublishedChanges& changes);
  void wait_to_go_live(const std::vector<zones::NameData>& names);
  void take_other_lineage(Version next);
  void compact_when_worth_it();
  base::Status finish_compaction();
  void wait_on_other_base(std::shared_ptr<const signer::SignedZone> zone);
  base::Status go_live();
  base::Status sign(const Version& next);
  base::Status verify(const signer::SignedZone& zone);
  void ask_for_retreat(Retreat wanted);
  std::optional<Retreat> begin_retreat();
  void go_back();
  base::Status go_back_in_store();
  base::Status retreat_in_store(const Retreat& retreat);
  bool is_refused(const zones::Publication& publication) const;
  void serve_what_needs_no_signature();
  void swap(std::shared_ptr<const signer::SignedZone> zone, const zones::Publication& publication);
  void warn_of_expiry(const dns::Soa& soa);
  void warn_of_ttl(const zones::ZoneContent& content);
  bool is_overtaken() const;
  void prune();
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
  std::optional<Version> latest_;          // what the store published last, as far as seen
  std::vector<zones::Slot> to_sign_;       // of latest_, before it may go live
  std::vector<zones::NameData> not_live_;  // changed since what is live: the latest states
  struct Compaction {
    std::future<base::Result<std::shared_ptr<const signer::SignedZone>>> result;
    zones::Publication from;
    bool is_signed = false;  // else what was signed since is carried over too
  };
  std::optional<Compaction> compaction_;
  base::Deadline last_publication_{};
  std::optional<base::Time> pruned_;
  std::uint64_t expiry_warned_of_ = 0;  // seconds

  std::optional<std::uint32_t> refused_serial_;  // by a verifier, it and all before it

  base::Guarded<std::optional<Retreat>> retreat_;
  base::Guarded<std::optional<signer::SignedZone::Keys>> new_keys_;
  base::Guarded<std::optional<Waiting>> waiting_;
  std::atomic<base::Time::rep> wanted_since_{0};
  std::atomic<std::uint64_t> store_reads_{0};
  std::atomic<std::uint64_t> publications_{0};
  std::atomic<std::uint64_t> compactions_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> woken_{false};  // there is something to do that needs no publication
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tld::publish
