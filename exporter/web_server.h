// SPDX-License-Identifier: GPL-2.0-only
//
// The one page over HTTP/1.1 (RFC 9112): GET or HEAD of /metrics. Everything else is refused, and
// each connection serves one request: what strangers can hold is bounded in number, size and time.
//
// Thread rule: used by the thread that runs the io_context.
// Lifetime: io_context, source and log outlive it; it outlives the io_context's run().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "exporter/metrics_source.h"

namespace tld::exporter {

class WebServer {
 public:
  struct Options {
    std::chrono::milliseconds patience{5000};  // for a request, and again for taking the answer
    std::size_t largest_head = 8192;           // octets of a request; a body is refused
    std::size_t most_connections = 32;         // beyond them nobody is accepted until one ends
  };

  WebServer(boost::asio::io_context& io, MetricsSource& source, base::Log& log, Options options);

  // unavailable: the address cannot be had.
  base::Status listen(const base::SocketAddress& address);
  const std::string& listens_at() const { return listens_at_; }

 private:
  class Connection;
  void accept();
  void accepted(boost::system::error_code failed, boost::asio::ip::tcp::socket socket);
  void ended();
  void say(const base::Result<std::string>& text);

  MetricsSource& source_;
  base::Log& log_;
  const Options options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::size_t connections_ = 0;
  bool is_accepting_ = false;
  std::string listens_at_;
  // What connections that outlive the server see of it.
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::string said_;  // the trouble that is in the log already
};

}  // namespace tld::exporter
