// SPDX-License-Identifier: GPL-2.0-only
//
// One zone's signed versions judged as a whole: written to a file, read by each verifier.
//
// Thread rule: safe from any thread; one version is judged at a time, others wait. `precomputed` is
// called in the caller's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "publish/signed_zone_file.h"
#include "signer/signed_zone.h"

namespace tld::publish {

class ZoneVerifier {
 public:
  struct Options {
    std::filesystem::path directory;  // for the zone's file while it is read
    std::vector<std::string> commands;
    std::chrono::milliseconds time_limit = std::chrono::hours{1};  // for each
  };
  struct Accepted {
    std::uint32_t serial = 0;
    base::Time at{};
  };
  struct Counters {
    std::atomic<std::uint64_t> accepted{0};  // versions that every verifier accepted
    std::atomic<std::uint64_t> rejected{0};  // that one did not accept
    std::atomic<std::uint64_t> failed{0};    // that could not be judged
  };
  // What stands at the apex beside the version that is judged.
  using Precomputed =
      std::function<base::Result<std::vector<PrecomputedRRset>>(const signer::SignedZone&)>;

  ZoneVerifier(Options options, Precomputed precomputed, std::shared_ptr<const base::Clock> clock);

  // What a verifier says against `zone`; "" when all accept it. unavailable: it could not be judged
  // (an RRset has no signature that may be served, the clock is not trusted, by which verifiers
  // judge, the disk is full, a verifier cannot be run, `stop`), or what `precomputed` gave.
  base::Result<std::string> complaint_about(const signer::SignedZone& zone,
                                            const std::atomic<bool>& stop);

  const Counters& counters() const { return counters_; }
  std::optional<Accepted> last_accepted() const { return *last_accepted_.read(); }

 private:
  base::Status refuse_untrusted_clock() const;
  base::Result<std::string> judge(const signer::SignedZone& zone, const std::atomic<bool>& stop);

  const Options options_;
  const Precomputed precomputed_;
  const std::shared_ptr<const base::Clock> clock_;
  std::mutex one_at_a_time_;
  Counters counters_;
  base::Guarded<std::optional<Accepted>> last_accepted_;
};

}  // namespace tld::publish
