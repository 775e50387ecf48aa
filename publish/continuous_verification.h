// SPDX-License-Identifier: GPL-2.0-only
//
// What is live, judged as a whole by validators of others, again and again. A version is pinned,
// judged, and remembered when it is accepted. One that is refused twice in a row is a mismatch: the
// zone has to go back to the version accepted last. A verifier that cannot judge says nothing of
// the zone: it is said, and tried again.
//
// Thread rule: one thread of its own; `on_mismatch` is called from it. The methods are safe from
// any thread. Lifetime: `live` and `verifier` outlive the ContinuousVerification.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.h"
#include "publish/live_zone.h"
#include "publish/zone_verifier.h"

namespace tld::publish {

class ContinuousVerification {
 public:
  struct Options {
    std::chrono::milliseconds interval = std::chrono::minutes{10};   // from one run to the next
    std::chrono::milliseconds look_again = std::chrono::seconds{1};  // until there is one to judge
  };
  struct Mismatch {
    std::shared_ptr<const Publication> refused;
    std::shared_ptr<const Publication> accepted;  // the last one; null: none since the start
    std::string complaint;
  };
  using OnMismatch = std::function<void(const Mismatch&)>;

  ContinuousVerification(Options options, dns::Name apex, const LiveZone& live,
                         ZoneVerifier& verifier, std::shared_ptr<base::Log> log,
                         OnMismatch on_mismatch);
  ~ContinuousVerification();

 private:
  void run();
  void look();
  void note_failure(const std::string& why);
  bool sleep(std::chrono::milliseconds time);  // false: stopping

  const Options options_;
  const dns::Name apex_;
  const LiveZone& live_;
  ZoneVerifier& verifier_;
  const std::shared_ptr<base::Log> log_;
  const OnMismatch on_mismatch_;

  // Only the thread uses these.
  std::shared_ptr<const Publication> accepted_;
  std::string failure_;  // said last

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tld::publish
