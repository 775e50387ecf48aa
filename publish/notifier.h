// SPDX-License-Identifier: GPL-2.0-only
//
// Tells the secondaries of a zone that it has changed: NOTIFY (RFC 1996) over UDP, sent again with
// back-off until each has answered, or has been given up for this serial.
//
// A newer serial takes the place of an older one that is still being sent. Each serial has its own
// socket and id per secondary, both unpredictable; what comes from elsewhere or is no answer to
// this very request is passed over. An answer means that the secondary was told, not that it has
// transferred the zone.
//
// Thread rule: one thread of its own; the public methods are safe from any thread and do not wait
// for the network.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/socket_address.h"
#include "dns/name.h"

namespace tld::publish {

class Notifier {
 public:
  struct Options {
    std::chrono::milliseconds first_retry{1000};     // doubled with each transmission ...
    std::chrono::milliseconds longest_retry{60000};  // ... up to this
    unsigned transmissions = 20;  // per serial, then given up; with these figures, 15 minutes
  };
  struct Secondary {
    std::string address;                    // with its port
    std::optional<std::uint32_t> notified;  // the serial that it was last told of
    std::optional<std::uint32_t> answered;  // the last serial whose NOTIFY it answered
    std::optional<base::Time>
        behind_since;       // there are serials since then that it has not answered
    bool given_up = false;  // nothing is sent any more until the next serial
    std::string trouble;    // what came of the last transmission; empty: all is well
  };
  struct Counters {                          // totals since the start
    std::atomic<std::uint64_t> sent{0};      // datagrams
    std::atomic<std::uint64_t> answered{0};  // serials, per secondary
    std::atomic<std::uint64_t> given_up{0};  // serials, per secondary
  };

  // REQUIRES: `secondaries` differ.
  Notifier(dns::Name apex, const std::vector<base::SocketAddress>& secondaries, Options options,
           std::shared_ptr<const base::Clock> clock, std::shared_ptr<base::Log> log);
  ~Notifier();  // ends the thread; what is not answered stays so

  void notify(std::uint32_t serial);

  std::vector<Secondary> secondaries() const { return *state_.read(); }
  const Counters& counters() const { return counters_; }

 private:
  struct Target {  // the thread's own
    explicit Target(base::SocketAddress where) : address(std::move(where)) {}

    base::SocketAddress address;
    base::FileDescriptor socket;  // open while an answer is awaited
    std::uint16_t id = 0;
    std::uint32_t serial = 0;
    unsigned transmissions = 0;
    base::Deadline next{};
    std::string logged;  // trouble that is in the log already, for this serial
  };
  void run();
  void wait();
  void begin(std::uint32_t serial);
  void serve(std::size_t index);
  void send(std::size_t index);
  void receive(std::size_t index);
  void answered(std::size_t index);
  void give_up(std::size_t index);
  void note(std::size_t index, const std::string& trouble);
  std::string about(const Target& target) const;

  const dns::Name apex_;
  const Options options_;
  const std::shared_ptr<const base::Clock> clock_;
  const std::shared_ptr<base::Log> log_;
  std::vector<Target> targets_;
  base::Guarded<std::vector<Secondary>> state_;         // in the order of targets_
  base::Guarded<std::optional<std::uint32_t>> wanted_;  // what notify() was given last
  Counters counters_;
  base::FileDescriptor wake_;  // eventfd
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tld::publish
