// SPDX-License-Identifier: GPL-2.0-only
//
// HsmClient's connection: what is under way, and the thread that connects, reads and watches
// deadlines.
//
// Thread rule: submit(), wait_connected() and statistics() from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include "hsm/client.h"
#include "hsm/frame.h"
#include "hsm/unix_socket.h"

namespace tld::hsm {

class HsmClient::Connection {
 public:
  using Done = std::function<void(base::Result<std::string> body)>;

  Connection(Options options, std::shared_ptr<base::Log> log);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends the request (its id and remaining time are filled in here). `done` exactly once.
  void submit(Request request, base::Deadline deadline, Done done);
  // The same, waiting for the reply; with `connect_first` also for a connection.
  base::Result<std::string> ask(Request request, base::Deadline deadline, bool connect_first);
  Statistics statistics() const;

 private:
  struct Pending {
    Kind kind;
    base::Deadline deadline;
    Done done;
  };
  // A callback to make once the lock is gone.
  struct Call {
    Done done;
    base::Result<std::string> result;
  };
  using Calls = std::vector<Call>;
  // What the log knows: each change is written once.
  enum class Said { nothing, answering, away };

  void run();
  base::Deadline step(base::Deadline now, Calls& calls);
  void connect_again(base::Deadline now);
  void receive(Calls& calls);
  bool take_replies(Calls& calls);
  bool take_reply(std::string_view frame, Calls& calls);
  void flush();
  void expire(base::Deadline now, Calls& calls);
  void drop(const std::string& reason, Calls& calls);
  void wait(base::Deadline until);
  base::Error away() const;
  void say(Said state, const std::string& details);

  const Options options_;
  const std::shared_ptr<base::Log> log_;
  EventFlag wake_;
  Doorbell flush_soon_;

  bool flush_is_due_ = false;  // the thread's own

  mutable std::mutex mutex_;  // guards all below, but for thread_
  std::condition_variable connected_changed_;
  base::FileDescriptor socket_;
  bool broken_ = false;  // a send failed: to be dropped by the thread
  FrameReader reader_;
  std::string out_;         // what the kernel did not get or take yet
  std::size_t unsent_ = 0;  // requests that wait in it for others to go with them
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::set<std::pair<base::Deadline, std::uint64_t>> deadlines_;
  std::uint64_t last_id_ = 0;
  base::Deadline sleeping_until_ = base::Deadline::max();
  base::Deadline try_again_at_{};
  std::chrono::milliseconds back_off_;
  std::string why_not_connected_ = "not connected yet";
  Said said_ = Said::nothing;
  bool stop_ = false;
  Statistics statistics_;

  std::thread thread_;
};

}  // namespace tld::hsm
