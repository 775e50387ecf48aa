// SPDX-License-Identifier: GPL-2.0-only
//
// tld-hsmd's connections: reads frames, hands sign and prove to the service, answers list and
// health itself, sends replies in the order in which they are ready.
//
// Thread rule: run() is one thread; the service's threads only leave replies for it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "hsm/daemon/listener.h"
#include "hsm/daemon/service.h"
#include "hsm/frame.h"
#include "hsm/unix_socket.h"

namespace tld::hsm {

class Server {
 public:
  Server(Listener listener, Service& service, base::Log& log);

  // Until `stop_fd` is readable.
  void run(int stop_fd);

 private:
  struct Peer {
    base::FileDescriptor socket;
    FrameReader reader;
    std::string out;
  };
  // Encoded replies that wait for the thread; shared, because the service's threads may outlive
  // a peer and its request.
  struct Outbox {
    std::mutex mutex;
    std::vector<std::pair<std::uint64_t, std::string>> replies;  // by peer; guarded by mutex
    Doorbell filled;                                             // guarded by mutex

    void add(std::uint64_t peer, std::string reply);
    void send_now();
  };

  void wait(int stop_fd);
  void accept_all();
  void collect_replies();
  bool serve(std::uint64_t number, Peer& peer, short events);
  bool receive(std::uint64_t number, Peer& peer);
  bool take_requests(std::uint64_t number, Peer& peer);
  bool take_requests(std::uint64_t number, Peer& peer, std::vector<Job>& jobs);
  void answer(Peer& peer, const Request& request);
  Job job_for(std::uint64_t number, Request request);
  bool flush(Peer& peer) const;

  Listener listener_;
  Service& service_;
  base::Log& log_;
  std::shared_ptr<Outbox> outbox_ = std::make_shared<Outbox>();
  std::map<std::uint64_t, Peer> peers_;
  std::uint64_t last_peer_ = 0;
  bool stop_ = false;
};

}  // namespace tld::hsm
